package reports_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/schema"
)

func TestEveryColumnHasAComment(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	bare := query[string](t, db, `
		SELECT c.relname || '.' || a.attname
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace = 'reports'::regnamespace AND c.relkind IN ('r', 'v')
		  AND c.relname ~ ('^(' || (SELECT string_agg(report, '|') FROM reports.definitions) || ')')
		  AND c.relname !~ '_changes$'
		  AND col_description(c.oid, a.attnum) IS NULL`)
	if len(bare) > 0 {
		t.Errorf("without a comment: %v", bare)
	}
	got := one[string](t, db, "SELECT obj_description('reports.school_onboarding'::regclass)")
	if !strings.HasPrefix(got, "School onboarding. How far each school") {
		t.Errorf("comment of the table: got %q", got)
	}
}

func TestEnsureTwiceAndTogether(t *testing.T) {
	t.Parallel()
	db := database{pgtest.New(t)}
	var group errgroup.Group
	for range 4 {
		group.Go(func() error { return reports.EnsureTables(t.Context(), db.Pool) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	before := one[string](t, db, "SELECT string_agg(xmin::text, ' ' ORDER BY report) FROM reports.definitions")
	if err := reports.EnsureTables(t.Context(), db.Pool); err != nil {
		t.Fatal(err)
	}
	if after := one[string](t, db, "SELECT string_agg(xmin::text, ' ' ORDER BY report) FROM reports.definitions"); after != before {
		t.Error("it wrote again with nothing new")
	}
	db.exec(t, "DROP TABLE reports.school_onboarding CASCADE")
	if err := reports.EnsureTables(t.Context(), db.Pool); err != nil {
		t.Fatal(err)
	}
	query[string](t, db, "SELECT urn FROM reports.school_onboarding")
}

// ensured makes the small report's tables and refreshes it once.
func ensured(t *testing.T, d *definition.Definition) database {
	t.Helper()
	db := newDatabase(t)
	if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
		t.Fatal(err)
	}
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": schools(3)}))
	if _, err := db.refreshWith(t, &run.Local{}, d, refresh.Options{}); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestAddedColumnIsFilled(t *testing.T) {
	t.Parallel()
	old := loaded(t, "names", schoolNames)
	db := ensured(t, old)
	db.exec(t, "GRANT SELECT ON reports.names TO PUBLIC")
	db.exec(t, "CREATE VIEW public.of_names AS SELECT urn FROM reports.names")
	wider := replaced(t, replaced(t, schoolNames, `"1.0"`, `"1.1"`), "  - name: as_of",
		"  - name: postcode\n    title: Postcode\n    about: Where it is.\n    type: text\n    unit: none\n  - name: as_of")
	next := loaded(t, "names", wider, "query.sql", replaced(t, schoolNamesQuery, "name::text AS name", "name::text AS name, postcode::text AS postcode"))
	if err := schema.EnsureTables(t.Context(), db.Pool, next); err != nil {
		t.Fatal(err)
	}
	summary, err := db.refreshWith(t, &run.Local{}, next, refresh.Options{})
	if err != nil || summary.Changed != 3 {
		t.Fatalf("refresh: got %+v, %v, want 3 rows changed", summary, err)
	}
	if got := one[string](t, db, "SELECT DISTINCT postcode FROM reports.names"); got != "AB1 2CD" {
		t.Errorf("postcode: got %q", got)
	}
	if !one[bool](t, db, "SELECT has_table_privilege('cpd_jobs_reader', 'reports.names', 'SELECT')") {
		t.Error("the grant is gone")
	}

	// The program from before now finds tables that it does not know, and leaves them alone.
	if err := schema.EnsureTables(t.Context(), db.Pool, old); err != nil {
		t.Errorf("the older program's start: %v", err)
	}
	_, err = db.refreshWith(t, &run.Local{}, old, refresh.Options{})
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "version 1.1") {
		t.Errorf("the older program's refresh: got %v, want it refused", err)
	}
}

func TestDroppedOrRetypedColumnIsRefused(t *testing.T) {
	t.Parallel()
	db := ensured(t, loaded(t, "names", schoolNames))
	column := "  - name: name\n    title: Name\n    about: Name of the school.\n    type: text\n"
	for name, c := range map[string]struct{ new, want string }{
		"dropped": {"", "column name is in the table and no longer in the definition"},
		"retyped": {strings.Replace(column, "type: text", "type: integer", 1), "column name is text in the table and integer in the definition"},
	} {
		d := loaded(t, "names", replaced(t, schoolNames, column, c.new))
		err := schema.EnsureTables(t.Context(), db.Pool, d)
		if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), c.want) || !strings.Contains(fmt.Sprint(err), "reports migrate names") {
			t.Errorf("%s: got %v, want %q and the command", name, err, c.want)
		}
		if _, err := db.refreshWith(t, &run.Local{}, d, refresh.Options{}); run.ClassOf(err) != run.ClassBlocked {
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
			db := newDatabase(t)
			d := loaded(t, "names", schoolNames, "query.sql", c.query)
			if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
				t.Fatal(err)
			}
			db.sync(t, day(t, 0), oneSchool())
			_, err := db.refreshWith(t, &run.Local{}, d, refresh.Options{})
			if !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRowsOfOneKeyAreRefused(t *testing.T) {
	t.Parallel()
	d := loaded(t, "names", schoolNames, "query.sql", schoolNamesQuery+" UNION ALL "+schoolNamesQuery+" WHERE urn = '100002'")
	db := newDatabase(t)
	if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
		t.Fatal(err)
	}
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": schools(3)}))
	_, err := db.refreshWith(t, &run.Local{}, d, refresh.Options{})
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "key_unique failed for 1 of 4") {
		t.Errorf("got %v, want the key refused", err)
	}
}

// TestRestrictedReportLeavesNoTrace of its rows outside the restricted schema.
func TestRestrictedReportLeavesNoTrace(t *testing.T) {
	t.Parallel()
	text := replaced(t, aboutPeople(t), "row: school", "row: school\nchecks:\n  - {name: known, level: warn, about: All are., bad: name <> 'nobody'}")
	d := loaded(t, "names", text)
	db := ensured(t, d)
	if n := one[int64](t, db, "SELECT count(*) FROM restricted.names"); n != 3 {
		t.Errorf("got %d rows, want 3", n)
	}
	if one[bool](t, db, "SELECT to_regclass('reports.names_changes') IS NOT NULL OR to_regclass('restricted.names_changes') IS NOT NULL") {
		t.Error("there is a change log")
	}
	if sample := one[string](t, db, "SELECT sample::text FROM reports.check_results WHERE report = 'names'"); sample != "[]" {
		t.Errorf("sample: got %s, want none", sample)
	}
	if one[bool](t, db, "SELECT has_table_privilege('cpd_jobs_reader', 'restricted.names', 'SELECT')") {
		t.Error("cpd_jobs_reader may read it")
	}
	db.sync(t, day(t, 1), oneSchool().with(tables{"schools": schools(2)}))
	dry, err := db.refreshWith(t, &run.Local{Dry: true}, d, refresh.Options{})
	if err != nil || dry.Removed != 1 || dry.Sample != nil {
		t.Errorf("dry run: got %+v, %v, want one removed and no sample", dry, err)
	}
}
