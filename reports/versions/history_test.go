package versions_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/schema"
	"cpd-jobs/reports/versions"
)

// town is a number of schools that open, close and change at random.
type town struct {
	random  *rand.Rand
	schools []reporttest.Row
	gone    []reporttest.Row
}

// pass lets some time go by: some schools change, some leave, some come back.
func (w *town) pass() {
	for i := range w.schools {
		if w.random.IntN(4) == 0 {
			columns := reporttest.Row{"name": fmt.Sprint("Name ", w.random.IntN(3))}
			if w.random.IntN(2) == 0 {
				columns["postcode"] = []any{nil, "AB1 2CD", "", "é'\"\\ \t"}[w.random.IntN(4)]
				columns["school_phase_type"] = []any{nil, 2, 4}[w.random.IntN(3)]
			}
			w.schools[i] = w.schools[i].And(columns)
		}
	}
	if n := w.random.IntN(len(w.schools)); w.random.IntN(2) == 0 && len(w.schools) > 3 {
		w.gone = append(w.gone, w.schools[n])
		w.schools = slices.Delete(w.schools, n, n+1)
	}
	if len(w.gone) > 0 && w.random.IntN(2) == 0 {
		w.schools, w.gone = append(w.schools, w.gone[0]), w.gone[1:]
	}
}

// saved is a copy of what was published, to compare with.
type saved struct {
	at   time.Time
	rows []string
}

func TestEveryVersionCanBeRebuilt(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			d := reporttest.Loaded(t, "places", reporttest.SchoolPlaces, "query.sql", reporttest.SchoolPlacesQuery)
			db := reporttest.New(t)
			if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
				t.Fatal(err)
			}
			w := &town{random: rand.New(rand.NewPCG(seed, 5)), schools: reporttest.Schools(12)}
			copies := map[int64]saved{}
			for n := range 30 {
				db.Sync(t, reporttest.Day(t, n), reporttest.OneSchool().With(reporttest.Tables{"schools": w.schools}))
				version := db.Refreshed(t, d).Version
				at := reporttest.One[time.Time](t, db, "SELECT max(published_at) FROM reports.refreshes WHERE report = 'places'")
				copies[version] = saved{at, db.RowsOf(t, "reports.places")}
				if n == 14 { // a column comes: what was before has none
					wider := reporttest.Replaced(t, reporttest.Replaced(t, reporttest.SchoolPlaces, `"1.0"`, `"1.1"`), "  - name: as_of", phaseColumn+"  - name: as_of")
					d = reporttest.Loaded(t, "places", wider, "query.sql", reporttest.Replaced(t, reporttest.SchoolPlacesQuery, "AS name,", "AS name, school_phase_type,"))
					if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
						t.Fatal(err)
					}
				}
				w.pass()
			}
			compareWith(t, db, copies)
		})
	}
}

const phaseColumn = "  - name: school_phase_type\n    title: Phase\n    about: Of education.\n    type: integer\n"

func compareWith(t *testing.T, db reporttest.Database, copies map[int64]saved) {
	t.Helper()
	for version, want := range copies {
		if got := db.RowsOf(t, "reports.places_at($1)", want.at); !slices.Equal(got, want.rows) {
			t.Errorf("version %d: got\n%s\nwant\n%s", version, strings.Join(got, "\n"), strings.Join(want.rows, "\n"))
		}
	}
}

func TestBeforeTheFirstRefreshThereWasNothing(t *testing.T) {
	t.Parallel()
	db := reporttest.Ensured(t, reporttest.Loaded(t, "names", reporttest.SchoolNames))
	if got := db.RowsOf(t, "reports.names_at('2020-01-01')"); len(got) > 0 {
		t.Errorf("got %v, want nothing", got)
	}
	if got := db.RowsOf(t, "reports.names_at_version(7)"); len(got) > 0 {
		t.Errorf("version that never was: got %v, want nothing", got)
	}
}

func TestDiffAndHistory(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d)
	list := reporttest.Schools(4)
	for n, schools := range [][]reporttest.Row{
		{list[0].And(reporttest.Row{"name": "First"}), list[1], list[3]},
		{list[0].And(reporttest.Row{"name": "Second"}), list[1].And(reporttest.Row{"name": "Passing"}), list[2].And(reporttest.Row{"name": "Back"})},
		{list[0].And(reporttest.Row{"name": "Third"}), list[1]},
	} {
		db.Sync(t, reporttest.Day(t, 1+n), reporttest.OneSchool().With(reporttest.Tables{"schools": schools}))
		db.Refreshed(t, d)
	}
	for _, c := range []struct {
		name string
		o    versions.DiffOptions
		want []string
	}{
		{"the last refresh", versions.DiffOptions{}, []string{`100001 changed name "Second" "Third"`, `100002 changed name "Passing" "School 100002"`, "100003 removed gone"}},
		{"from first to last", versions.DiffOptions{From: 1}, []string{`100001 changed name "School 100001" "Third"`, "100003 removed gone"}},
		{"what came and went", versions.DiffOptions{From: 1, To: 2}, []string{`100001 changed name "School 100001" "First"`, "100003 removed gone", "100004 added"}},
		{"what left and came back", versions.DiffOptions{From: 1, To: 3}, []string{`100001 changed name "School 100001" "Second"`, `100002 changed name "School 100002" "Passing"`, `100003 changed name "School 100003" "Back"`}},
		{"one school", versions.DiffOptions{From: 1, Key: "100003"}, []string{"100003 removed gone"}},
		{"with itself", versions.DiffOptions{From: 4, To: 4}, nil},
	} {
		diff, err := versions.Diff(t.Context(), db, d, c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := described(diff); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if diff.Added+diff.Removed+diff.Changed != len(c.want) {
			t.Errorf("%s: counts: got %+v", c.name, diff)
		}
	}
	if _, err := versions.Diff(t.Context(), db, d, versions.DiffOptions{To: 9}); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("unknown version: got %v, want it refused", err)
	}

	events, err := versions.History(t.Context(), db, d, "100003")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprint(e.Version, " ", e.Action, " ", e.Reason))
	}
	if want := []string{"1 added ", "2 removed gone", "3 added ", "4 removed gone"}; !slices.Equal(got, want) {
		t.Errorf("history: got %q, want %q", got, want)
	}
}

func described(diff versions.Difference) []string {
	var list []string
	for _, r := range diff.Rows {
		line := strings.TrimSpace(r.Key + " " + r.Action + " " + r.Reason)
		for _, c := range r.Cells {
			line += fmt.Sprintf(" %s %s %s", c.Column, c.Old, c.New)
		}
		list = append(list, line)
	}
	return list
}

func TestPruneKeepsWhatIsYoungEnough(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "places", reporttest.SchoolPlaces, "query.sql", reporttest.SchoolPlacesQuery)
	db := reporttest.New(t)
	if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
		t.Fatal(err)
	}
	w := &town{random: rand.New(rand.NewPCG(1, 1)), schools: reporttest.Schools(8)}
	copies := map[int64]saved{}
	for n := range 10 {
		db.Sync(t, reporttest.Day(t, n), reporttest.OneSchool().With(reporttest.Tables{"schools": w.schools}))
		version := db.Refreshed(t, d).Version
		at := reporttest.Day(t, 100*n)
		db.MustExec(t, "UPDATE reports.refreshes SET published_at = $1 WHERE report = 'places' AND version = $2", at, version)
		copies[version] = saved{at, db.RowsOf(t, "reports.places")}
		w.pass()
	}
	// As of day 900, what was live on day 500 is kept: version 6, published on that day.
	tried, err := versions.Prune(t.Context(), &run.Local{Dry: true}, db.Pool, reporttest.Day(t, 900).Add(-retention.Versions),
		[]*definition.Definition{d})
	if kept := reporttest.One[int64](t, db, "SELECT count(*) FROM reports.refreshes"); err != nil || tried.Refreshes != 5 || kept != 10 {
		t.Errorf("dry run: got %+v, %v and %d refreshes left, want 5 and all 10", tried, err, kept)
	}
	pruned, err := versions.Prune(t.Context(), &run.Local{}, db.Pool, reporttest.Day(t, 900).Add(-retention.Versions),
		[]*definition.Definition{d})
	if err != nil {
		t.Fatal(err)
	}
	if pruned.Refreshes != 5 || pruned.Changes < 8 {
		t.Errorf("pruned: got %+v, want 5 refreshes and their changes", pruned)
	}
	for version := range int64(5) {
		_, err := db.Exec(t.Context(), "SELECT FROM reports.places_at($1)", copies[version+1].at)
		if err == nil || !strings.Contains(err.Error(), "is not kept any more") {
			t.Errorf("version %d: got %v, want an error that it is not kept", version+1, err)
		}
		delete(copies, version+1)
	}
	compareWith(t, db, copies)
	again, err := versions.Prune(t.Context(), &run.Local{}, db.Pool, reporttest.Day(t, 900).Add(-retention.Versions),
		[]*definition.Definition{d})
	if err != nil || again != (versions.Pruned{}) {
		t.Errorf("again: got %+v, %v, want nothing more", again, err)
	}
}

// TestHistoryGrowsWithWhatChanges refreshes every hour, mostly without a change. CPD_JOBS_LONG=1 does it a thousand
// times.
func TestHistoryGrowsWithWhatChanges(t *testing.T) {
	t.Parallel()
	refreshes := 50
	if os.Getenv("CPD_JOBS_LONG") != "" {
		refreshes = 1000
	}
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d)
	list := reporttest.Schools(200)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	db.Refreshed(t, d)
	before := reporttest.One[int64](t, db, "SELECT count(*) FROM reports.names_changes")
	live := reporttest.One[int64](t, db, "SELECT pg_total_relation_size('reports.names')")
	cells := 0
	for n := range refreshes {
		if n%10 == 0 {
			list[n%200] = list[n%200].And(reporttest.Row{"name": fmt.Sprint("Renamed ", n)})
			cells++
		}
		db.Sync(t, reporttest.Day(t, 0).Add(time.Duration(n)*time.Hour), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
		db.Refreshed(t, d)
	}
	logged := reporttest.One[int64](t, db, "SELECT count(*) FROM reports.names_changes") - before
	t.Attr("lines-of-the-change-log-for-each-changed-cell", fmt.Sprintf("%.3g lines at most 1", float64(logged)/float64(cells)))
	if logged != int64(cells) {
		t.Errorf("%d refreshes logged %d cells, want the %d that changed", refreshes, logged, cells)
	}
	if grown := reporttest.One[int64](t, db, "SELECT pg_total_relation_size('reports.names')"); 2*grown > 3*live {
		t.Errorf("the report has %d bytes after %d refreshes, and began with %d", grown, refreshes, live)
	}
	sizes := reporttest.One[string](t, db, `SELECT format('report %s, changes %s, refreshes %s', pg_total_relation_size('reports.names'),
		pg_total_relation_size('reports.names_changes'), pg_total_relation_size('reports.refreshes'))`)
	t.Logf("after %d refreshes and %d changed cells, in bytes: %s; the report began with %d", refreshes, cells, sizes, live)
}
