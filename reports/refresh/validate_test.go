package refresh_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/refresh"
)

func TestTryFindsEveryProblem(t *testing.T) {
	t.Parallel()
	const good = reporttest.SchoolNamesQuery
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
			db := reporttest.New(t)
			db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(2)}))
			if name == "key empty" || name == "fails on the data" {
				db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
			}
			d := reporttest.Loaded(t, "names", reporttest.SchoolNames, "query.sql", strings.Replace(good, c.old, c.new, 1))
			tried, err := refresh.Validate(t.Context(), db.Pool, d, refresh.ValidateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && len(tried.Problems) > 0 || c.want != "" && !strings.Contains(strings.Join(tried.Problems, "\n"), c.want) {
				t.Errorf("got %q, want %q", tried.Problems, c.want)
			}
			if reporttest.One[bool](t, db, "SELECT to_regclass('reports.names') IS NOT NULL") {
				t.Error("it left a table")
			}
			noStagingLeft(t, db)
		})
	}
}

func TestTryEveryReport(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.Variety())
	for _, d := range reports.All() {
		tried, err := refresh.Validate(t.Context(), db.Pool, d, refresh.ValidateOptions{})
		if err != nil || len(tried.Problems) > 0 || tried.Rows == 0 {
			t.Errorf("%s: got %+v, %v, want rows and no problem", d.Name, tried, err)
		}
	}
}

func TestTryBeforeTheFirstSync(t *testing.T) {
	t.Parallel()
	tried, err := refresh.Validate(t.Context(), reporttest.New(t).Pool, reporttest.Onboarding(t), refresh.ValidateOptions{})
	if err != nil || !strings.Contains(strings.Join(tried.Problems, ""), "cpd was never synced") {
		t.Errorf("got %+v, %v, want it said that there are no data", tried, err)
	}
}

func TestNewRefusesNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"", "Late Tutors", "../x", strings.Repeat("a", 40)} {
		if _, err := definition.New(dir, name); run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("%q: got %v, want it refused", name, err)
		}
	}
	if _, err := definition.New(dir, "late_tutors"); err != nil {
		t.Fatal(err)
	}
	if _, err := definition.New(dir, "late_tutors"); run.ClassOf(err) != run.ClassInvalid || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("twice: got %v, want it refused", err)
	}
	if _, err := definition.New(filepath.Join(dir, "nowhere"), "x"); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("no folder: got %v, want it refused", err)
	}
}

func TestDictionary(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dictionary")
	files, err := definition.WriteDictionary(dir, reports.All())
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
	if _, err := definition.WriteDictionary(again, reports.All()); err != nil {
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

func TestTryLooksAtEveryFileAndSource(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	text := reporttest.Replaced(t, reporttest.SchoolNames, "columns:\n", "leavers: leavers.sql\nchecks:\n  - {name: odd, level: warn, about: None is odd., sql: odd.sql}\ncolumns:\n")
	text = reporttest.Replaced(t, text, "    about: Name of the school.\n", "    about: Name of the school.\n    sources: [cpd.schools.nme, cpd.schools.name]\n")
	d := reporttest.Loaded(t, "names", text, "odd.sql", `SELECT urn FROM :"staged" WHERE EXISTS (SELECT FROM queue.runs)`,
		"leavers.sql", `SELECT urn, version::text AS reason FROM :"leavers" CROSS JOIN reports.refreshes`)
	tried, err := refresh.Validate(t.Context(), db.Pool, d, refresh.ValidateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := strings.Join(tried.Problems, "\n")
	for _, want := range []string{"there is no synced column cpd.schools.nme", "odd.sql reads queue.runs", "leavers.sql reads reports.refreshes"} {
		if !strings.Contains(found, want) {
			t.Errorf("got %q, want %q in it", found, want)
		}
	}
	if len(tried.Problems) != 3 {
		t.Errorf("got %d problems, want 3: %q", len(tried.Problems), found)
	}
}
