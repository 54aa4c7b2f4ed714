package reports_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
)

// block is a fenced block of a guide, with the path that the text before it names.
type block struct{ language, text, path string }

func blocksOf(t *testing.T, path string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []block
	for i, part := range strings.Split(string(text), "```") {
		if i%2 == 1 {
			language, body, _ := strings.Cut(part, "\n")
			list[len(list)-1].language, list[len(list)-1].text = language, body
			continue
		}
		named := strings.Split(part, "`")
		b := block{}
		for n := 1; n < len(named); n += 2 {
			if strings.Contains(named[n], "/") && strings.HasPrefix(strings.TrimSpace(named[n]), "reports/schools") || strings.HasPrefix(named[n], "jobs/") {
				b.path = named[n]
			}
		}
		list = append(list, b)
	}
	return slices.DeleteFunc(list, func(b block) bool { return b.language == "" })
}

// newcomer does what the guide says, in a checkout of their own.
type newcomer struct {
	dir   string
	db    database
	built *reports.Definition
	done  []string
}

// TestGuideAddsAReport does what docs/guides/add-a-report.md says, block by block. A command that it does not know fails it:
// the guide must not say what nobody has tried.
func TestGuideAddsAReport(t *testing.T) {
	t.Parallel()
	n := &newcomer{dir: t.TempDir(), db: newDatabase(t)}
	if err := os.Mkdir(filepath.Join(n.dir, "reports"), 0o755); err != nil {
		t.Fatal(err)
	}
	n.db.sync(t, day(t, 0), oneSchool().with(tables{"schools": schools(3), "nomination_emails": {emailed.and(row{"school_id": id("100001")})}}))
	for _, b := range blocksOf(t, filepath.Join("..", "docs", "guides", "add-a-report.md")) {
		switch {
		case b.language == "sh":
			for line := range strings.Lines(b.text) {
				n.command(t, strings.TrimSpace(line))
			}
		case strings.HasPrefix(b.path, "reports/"):
			if err := os.WriteFile(filepath.Join(n.dir, b.path), []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
		case b.path == "jobs/schedules.yml":
			n.schedule(t, b.text)
		default:
			t.Errorf("the guide does not say where this goes:\n%s", b.text)
		}
	}
	for _, want := range []string{"new", "check", "migrate up", "refresh", "export", "schedule", "docs"} {
		if !slices.Contains(n.done, want) {
			t.Errorf("the guide does not do %q: only %q", want, n.done)
		}
	}
	if got := query[string](t, n.db, "SELECT concat_ws(' ', contacts, schools) FROM reports.schools_without_tutor_by_contacts ORDER BY contacts"); !slices.Equal(got, []string{"0 2", "1 1"}) {
		t.Errorf("the report's summary: got %q", got)
	}
}

func (n *newcomer) command(t *testing.T, line string) {
	t.Helper()
	const name = "schools_without_tutor"
	switch line {
	case "bin/cpd-jobs reports new " + name:
		if _, err := reports.New(filepath.Join(n.dir, "reports"), name); err != nil {
			t.Fatal(err)
		}
		n.build(t, name)
		n.check(t) // it works as it is
		n.did("new")
	case "make build":
		n.build(t, name)
	case "bin/cpd-jobs reports check " + name:
		n.check(t)
		n.did("check")
	case "bin/cpd-jobs migrate up":
		if err := reports.EnsureOne(t.Context(), n.db.Pool, n.built); err != nil {
			t.Fatal(err)
		}
		n.did("migrate up")
	case "bin/cpd-jobs reports refresh " + name:
		if got := n.db.refreshed(t, n.built); got.Rows != 3 {
			t.Errorf("refresh: got %+v, want 3 rows", got)
		}
		n.did("refresh")
	case "bin/cpd-jobs reports export " + name:
		if !slices.Equal(n.built.Formats, []string{"xlsx", "csv"}) {
			t.Errorf("formats: got %v", n.built.Formats)
		}
		n.did("export") // of any report alike: tested with the exports
	case "bin/cpd-jobs schedules check": // of any file alike: tested with the schedules
	case "bin/cpd-jobs reports docs":
		if _, err := reports.WriteDictionary(filepath.Join(n.dir, "dictionary"), []*reports.Definition{n.built}); err != nil {
			t.Fatal(err)
		}
		n.did("docs")
	default:
		t.Errorf("the guide gives a command that this test does not know: %s", line)
	}
}

func (n *newcomer) did(what string) { n.done = append(n.done, what) }

func (n *newcomer) build(t *testing.T, name string) {
	t.Helper()
	d, err := reports.Load(os.DirFS(filepath.Join(n.dir, "reports")), name)
	if err != nil {
		t.Fatal(err)
	}
	n.built = d
}

func (n *newcomer) check(t *testing.T) {
	t.Helper()
	tried, err := reports.Try(t.Context(), n.db.Pool, n.built, reports.TryOptions{})
	if err != nil || len(tried.Problems) > 0 || tried.Rows != 3 {
		t.Fatalf("check: got %+v, %v, want 3 rows and no problem", tried, err)
	}
}

func (n *newcomer) schedule(t *testing.T, entries string) {
	t.Helper()
	var list []struct {
		Kind string
		Args map[string]string
	}
	if err := yaml.Unmarshal([]byte(entries), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Kind != "report_refresh" || list[0].Args["report"] != n.built.Name {
		t.Errorf("schedule: got %+v, want the refresh of the report", list)
	}
	n.did("schedule")
}

func TestTryFindsEveryProblem(t *testing.T) {
	t.Parallel()
	const good = schoolNamesQuery
	for name, c := range map[string]struct{ old, new, want string }{
		"sound":             {"", "", ""},
		"column missing":    {"name::text AS name, ", "", "describes column name, which query.sql does not return"},
		"column more":       {"name::text AS name,", "name::text AS name, 1 AS extra,", "returns column extra (integer), which definition.yml does not describe"},
		"type":              {"name::text AS name", "name", "returns name as character varying, definition.yml says text"},
		"key twice":         {"FROM cpd.schools", "FROM cpd.schools CROSS JOIN (VALUES (1), (2)) AS twice (n)", "2 repeated, 0 without"},
		"key empty":         {"urn::text AS urn", "nullif(urn, '100001')::text AS urn", "0 repeated, 1 without"},
		"syntax":            {"FROM", "FORM", "syntax error"},
		"clock":             {":'as_of'::timestamptz", "now()", "query.sql uses now"},
		"other tables":      {"FROM cpd.schools", "FROM cpd.schools WHERE EXISTS (SELECT FROM queue.runs) OR true", "reads queue.runs"},
		"another report":    {"FROM cpd.schools", "FROM cpd.schools WHERE EXISTS (SELECT FROM reports.refreshes) OR true", "reads reports.refreshes"},
		"writes":            {"name::text AS name", "nextval('cpd.copies')::text AS name", "cannot execute nextval() in a read-only transaction"},
		"unknown variable":  {":'as_of'", ":'term'", "nothing to put in for :'term'"},
		"fails on the data": {"name::text AS name", "(1 / (urn::int - 100001))::text AS name", "division by zero"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			db.sync(t, day(t, 0), oneSchool().with(tables{"schools": schools(2)}))
			if name == "key empty" || name == "fails on the data" {
				db.sync(t, day(t, 0), oneSchool())
			}
			d := loaded(t, "names", schoolNames, "query.sql", strings.Replace(good, c.old, c.new, 1))
			tried, err := reports.Try(t.Context(), db.Pool, d, reports.TryOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && len(tried.Problems) > 0 || c.want != "" && !strings.Contains(strings.Join(tried.Problems, "\n"), c.want) {
				t.Errorf("got %q, want %q", tried.Problems, c.want)
			}
			if one[bool](t, db, "SELECT to_regclass('reports.names') IS NOT NULL") {
				t.Error("it left a table")
			}
			db.noStagingLeft(t)
		})
	}
}

func TestTryEveryReport(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), variety())
	for _, d := range reports.All() {
		tried, err := reports.Try(t.Context(), db.Pool, d, reports.TryOptions{})
		if err != nil || len(tried.Problems) > 0 || tried.Rows == 0 {
			t.Errorf("%s: got %+v, %v, want rows and no problem", d.Name, tried, err)
		}
	}
}

func TestTryBeforeTheFirstSync(t *testing.T) {
	t.Parallel()
	tried, err := reports.Try(t.Context(), newDatabase(t).Pool, onboarding(t), reports.TryOptions{})
	if err != nil || !strings.Contains(strings.Join(tried.Problems, ""), "cpd was never synced") {
		t.Errorf("got %+v, %v, want it said that there are no data", tried, err)
	}
}

func TestNewRefusesNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"", "Late Tutors", "../x", strings.Repeat("a", 40)} {
		if _, err := reports.New(dir, name); run.ClassOf(err) != run.BadInput {
			t.Errorf("%q: got %v, want it refused", name, err)
		}
	}
	if _, err := reports.New(dir, "late_tutors"); err != nil {
		t.Fatal(err)
	}
	if _, err := reports.New(dir, "late_tutors"); run.ClassOf(err) != run.BadInput || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("twice: got %v, want it refused", err)
	}
	if _, err := reports.New(filepath.Join(dir, "nowhere"), "x"); run.ClassOf(err) != run.BadInput {
		t.Errorf("no folder: got %v, want it refused", err)
	}
}

func TestDictionary(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dictionary")
	files, err := reports.WriteDictionary(dir, reports.All())
	if err != nil {
		t.Fatal(err)
	}
	if want := 3*len(reports.All()) + 2; len(files) != want {
		t.Errorf("got %d files, want %d", len(files), want)
	}
	for _, name := range []string{"school_onboarding.md", "school_onboarding.html", "school_onboarding.svg"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"tutor_linked_at", "cpd.induction_coordinator_profiles_schools.created_at", "Tutor linked"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not mention %s", name, want)
			}
		}
	}
	again := t.TempDir()
	if _, err := reports.WriteDictionary(again, reports.All()); err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		a, _ := os.ReadFile(path)
		b, _ := os.ReadFile(filepath.Join(again, filepath.Base(path)))
		if string(a) != string(b) {
			t.Errorf("%s is not the same twice", filepath.Base(path))
		}
	}
}
