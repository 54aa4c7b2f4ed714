package schema_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/schema"
)

func TestEveryColumnHasAComment(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	bare := reporttest.Query[string](t, db, `
		SELECT c.relname || '.' || a.attname
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace = 'reports'::regnamespace AND c.relkind IN ('r', 'v')
		  AND c.relname ~ ('^(' || (SELECT string_agg(report, '|') FROM reports.definitions) || ')')
		  AND c.relname !~ '_changes$'
		  AND col_description(c.oid, a.attnum) IS NULL`)
	if len(bare) > 0 {
		t.Errorf("without a comment: %v", bare)
	}
	got := reporttest.One[string](t, db, "SELECT obj_description('reports.school_onboarding'::regclass)")
	if !strings.HasPrefix(got, "School onboarding. How far each school") {
		t.Errorf("comment of the table: got %q", got)
	}
}

func TestEnsureTwiceAndTogether(t *testing.T) {
	t.Parallel()
	db := reporttest.Database{Pool: pgtest.New(t)}
	var group errgroup.Group
	for range 4 {
		group.Go(func() error { return reports.EnsureTables(t.Context(), db.Pool) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	before := reporttest.One[string](t, db, "SELECT string_agg(xmin::text, ' ' ORDER BY report) FROM reports.definitions")
	if err := reports.EnsureTables(t.Context(), db.Pool); err != nil {
		t.Fatal(err)
	}
	if after := reporttest.One[string](t, db, "SELECT string_agg(xmin::text, ' ' ORDER BY report) FROM reports.definitions"); after != before {
		t.Error("it wrote again with nothing new")
	}
	db.MustExec(t, "DROP TABLE reports.school_onboarding CASCADE")
	if err := reports.EnsureTables(t.Context(), db.Pool); err != nil {
		t.Fatal(err)
	}
	reporttest.Query[string](t, db, "SELECT urn FROM reports.school_onboarding")
}

func TestAddedColumnIsFilled(t *testing.T) {
	t.Parallel()
	old := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, old)
	db.MustExec(t, "GRANT SELECT ON reports.names TO PUBLIC")
	db.MustExec(t, "CREATE VIEW public.of_names AS SELECT urn FROM reports.names")
	wider := reporttest.Replaced(t, reporttest.Replaced(t, reporttest.SchoolNames, `"1.0"`, `"1.1"`), "  - name: as_of",
		"  - name: postcode\n    title: Postcode\n    about: Where it is.\n    type: text\n    unit: none\n  - name: as_of")
	next := reporttest.Loaded(t, "names", wider, "query.sql", reporttest.Replaced(t, reporttest.SchoolNamesQuery, "name::text AS name", "name::text AS name, postcode::text AS postcode"))
	if err := schema.EnsureTables(t.Context(), db.Pool, next); err != nil {
		t.Fatal(err)
	}
	summary, err := db.RefreshWith(t, &run.Local{}, next, refresh.Options{})
	if err != nil || summary.Changed != 3 {
		t.Fatalf("refresh: got %+v, %v, want 3 rows changed", summary, err)
	}
	if got := reporttest.One[string](t, db, "SELECT DISTINCT postcode FROM reports.names"); got != "AB1 2CD" {
		t.Errorf("postcode: got %q", got)
	}
	if !reporttest.One[bool](t, db, "SELECT has_table_privilege('cpd_jobs_reader', 'reports.names', 'SELECT')") {
		t.Error("the grant is gone")
	}

	// The program from before now finds tables that it does not know, and leaves them alone.
	if err := schema.EnsureTables(t.Context(), db.Pool, old); err != nil {
		t.Errorf("the older program's start: %v", err)
	}
	_, err = db.RefreshWith(t, &run.Local{}, old, refresh.Options{})
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "version 1.1") {
		t.Errorf("the older program's refresh: got %v, want it refused", err)
	}
}

func TestDroppedOrRetypedColumnIsRefused(t *testing.T) {
	t.Parallel()
	db := reporttest.Ensured(t, reporttest.Loaded(t, "names", reporttest.SchoolNames))
	column := "  - name: name\n    title: Name\n    about: Name of the school.\n    type: text\n"
	for name, c := range map[string]struct{ new, want string }{
		"dropped": {"", "column name is in the table and no longer in the definition"},
		"retyped": {strings.Replace(column, "type: text", "type: integer", 1), "column name is text in the table and integer in the definition"},
	} {
		d := reporttest.Loaded(t, "names", reporttest.Replaced(t, reporttest.SchoolNames, column, c.new))
		err := schema.EnsureTables(t.Context(), db.Pool, d)
		if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), c.want) || !strings.Contains(fmt.Sprint(err), "reports migrate names") {
			t.Errorf("%s: got %v, want %q and the command", name, err, c.want)
		}
		if _, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{}); run.ClassOf(err) != run.ClassBlocked {
			t.Errorf("%s: refresh: got %v, want it refused", name, err)
		}
	}
}

func TestQueryMustReturnWhatIsDescribed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ query, want string }{
		"missing": {"SELECT urn::text AS urn, :'as_of'::timestamptz AS as_of FROM cpd.schools", "returns no column name"},
		"extra":   {"SELECT urn::text AS urn, name::text AS name, 1 AS extra, :'as_of'::timestamptz AS as_of FROM cpd.schools", "returns a column extra"},
		"retyped": {"SELECT urn::text AS urn, name, :'as_of'::timestamptz AS as_of FROM cpd.schools", "returns name as character varying, the definition says text"},
		"unknown": {"SELECT urn::text AS urn, :'term'::text AS name, :'as_of'::timestamptz AS as_of FROM cpd.schools", "nothing to put in for :'term'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := reporttest.New(t)
			d := reporttest.Loaded(t, "names", reporttest.SchoolNames, "query.sql", c.query)
			if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
				t.Fatal(err)
			}
			db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
			_, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{})
			if !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRowsOfOneKeyAreRefused(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames, "query.sql", reporttest.SchoolNamesQuery+" UNION ALL "+reporttest.SchoolNamesQuery+" WHERE urn = '100002'")
	db := reporttest.New(t)
	if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
		t.Fatal(err)
	}
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(3)}))
	_, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{})
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "key_unique failed for 1 of 4") {
		t.Errorf("got %v, want the key refused", err)
	}
}

// TestRestrictedReportLeavesNoTrace of its rows outside the restricted schema.
func TestRestrictedReportLeavesNoTrace(t *testing.T) {
	t.Parallel()
	text := reporttest.Replaced(t, reporttest.AboutPeople(t), "row: school", "row: school\nchecks:\n  - {name: known, level: warn, about: All are., bad: name <> 'nobody'}")
	d := reporttest.Loaded(t, "names", text)
	db := reporttest.Ensured(t, d)
	if n := reporttest.One[int64](t, db, "SELECT count(*) FROM restricted.names"); n != 3 {
		t.Errorf("got %d rows, want 3", n)
	}
	if reporttest.One[bool](t, db, "SELECT to_regclass('reports.names_changes') IS NOT NULL OR to_regclass('restricted.names_changes') IS NOT NULL") {
		t.Error("there is a change log")
	}
	if sample := reporttest.One[string](t, db, "SELECT sample::text FROM reports.check_results WHERE report = 'names'"); sample != "[]" {
		t.Errorf("sample: got %s, want none", sample)
	}
	if reporttest.One[bool](t, db, "SELECT has_table_privilege('cpd_jobs_reader', 'restricted.names', 'SELECT')") {
		t.Error("cpd_jobs_reader may read it")
	}
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(2)}))
	dry, err := db.RefreshWith(t, &run.Local{Dry: true}, d, refresh.Options{})
	if err != nil || dry.Removed != 1 || dry.Sample != nil {
		t.Errorf("dry run: got %+v, %v, want one removed and no sample", dry, err)
	}
}
