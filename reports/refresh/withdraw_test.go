package refresh_test

import (
	"context"
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/schema"
	"cpd-jobs/reports/versions"
)

func TestWithdrawnVersionGivesWayToTheOneBefore(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d) // version 1
	good := db.RowsOf(t, "reports.names")
	list := reporttest.Schools(4)
	list[0] = list[0].And(reporttest.Row{"name": "Wrong"})
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": list[:2:2]}))
	db.Refreshed(t, d) // version 2 is wrong
	wrong := db.RowsOf(t, "reports.names")
	db.Sync(t, reporttest.Day(t, 2), reporttest.OneSchool().With(reporttest.Tables{"schools": list[:2:2]}))
	db.Refreshed(t, d) // version 3 has the same rows

	var files []int64
	got, err := refresh.Withdraw(t.Context(), &run.Local{}, db.Pool, d, refresh.Withdrawal{
		Version: 2, Why: "schools were missing",
		Within: func(_ context.Context, _ pgx.Tx, versions []int64) error { files = versions; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Restored != 1 || got.Published != 4 || !slices.Equal(got.Withdrawn, []int64{2, 3}) || !slices.Equal(files, got.Withdrawn) {
		t.Errorf("got %+v and files of %v, want 2 and 3 withdrawn and version 1 published as 4", got, files)
	}
	if rows := db.RowsOf(t, "reports.names"); !slices.Equal(rows, good) {
		t.Errorf("live: got %v, want %v", rows, good)
	}
	if rows := db.RowsOf(t, "reports.names_at_version(3)"); !slices.Equal(rows, wrong) {
		t.Errorf("version 3: got %v, want it as it was, %v", rows, wrong)
	}
	latest, err := versions.List(t.Context(), db, "names", 3)
	if err != nil {
		t.Fatal(err)
	}
	if l := latest[0]; l.Restores == nil || *l.Restores != 1 || !l.AsOf.Equal(reporttest.Day(t, 0)) || l.ContentVersion != 1 || l.Rows != 3 {
		t.Errorf("latest: got %+v, want that of version 1 again", l)
	}
	if w := latest[1]; w.Withdrawn == nil || w.WithdrawnWhy == nil || *w.WithdrawnWhy != "schools were missing" {
		t.Errorf("withdrawn: got %+v, want when and why", w)
	}

	_, err = db.RefreshWith(t, &run.Local{}, d, refresh.Options{})
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "schools were missing") {
		t.Errorf("refresh from the same data: got %v, want it refused with the reason", err)
	}
	db.Sync(t, reporttest.Day(t, 3), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	if next := db.Refreshed(t, d); next.Version != 5 || next.Rows != 4 {
		t.Errorf("refresh from other data: got %+v, want version 5", next)
	}
}

func TestWithdrawRefuses(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d)
	for _, c := range []struct {
		name string
		w    refresh.Withdrawal
		want string
	}{
		{"no reason", refresh.Withdrawal{Version: 1, Why: " "}, "without a reason"},
		{"unknown version", refresh.Withdrawal{Version: 7, Why: "x"}, "has no version 7"},
		{"nothing before it", refresh.Withdrawal{Version: 1, Why: "x"}, "no earlier version to go back to"},
	} {
		_, err := refresh.Withdraw(t.Context(), &run.Local{}, db.Pool, d, c.w)
		if !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if n := reporttest.One[int64](t, db, "SELECT count(*) FROM reports.refreshes WHERE withdrawn_at IS NOT NULL"); n != 0 {
		t.Errorf("%d versions are withdrawn, want none", n)
	}
}

func TestOlderVersionIsWithdrawnWithoutARestore(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d)
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool())
	db.Refreshed(t, d)
	got, err := refresh.Withdraw(t.Context(), &run.Local{}, db.Pool, d, refresh.Withdrawal{Version: 1, Why: "wrong"})
	if err != nil || got.Published != 0 || !slices.Equal(got.Withdrawn, []int64{1}) {
		t.Errorf("got %+v, %v, want version 1 alone withdrawn", got, err)
	}
}

// TestWithdrawnRepetitionIsNotRepeated: what was published again and is found wrong too does not come back a third
// time.
func TestWithdrawnRepetitionIsNotRepeated(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d) // version 1
	for n := 1; n <= 2; n++ {
		db.Sync(t, reporttest.Day(t, n), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(3 + n)}))
		db.Refreshed(t, d)
	}
	withdraw := func(version int64) refresh.Withdrawn {
		got, err := refresh.Withdraw(t.Context(), &run.Local{}, db.Pool, d, refresh.Withdrawal{Version: version, Why: "wrong"})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := withdraw(3); got.Restored != 2 || got.Published != 4 {
		t.Errorf("got %+v, want version 2 again", got)
	}
	if got := withdraw(4); got.Restored != 1 || !slices.Equal(slices.Sorted(slices.Values(got.Withdrawn)), []int64{2, 4}) {
		t.Errorf("got %+v, want versions 2 and 4 withdrawn and version 1 again", got)
	}
	list, err := versions.WithdrawnOf(t.Context(), db, "names", d.Hash)
	if err != nil || len(list) != 3 || list[0].Version != 4 || *list[0].WithdrawnWhy != "wrong" {
		t.Errorf("withdrawals: got %+v, %v, want versions 4, 3 and 2", list, err)
	}
}

// TestMigrateDropsAndRetypes: readers of earlier versions keep what there was.
func TestMigrateDropsAndRetypes(t *testing.T) {
	t.Parallel()
	d := reporttest.Loaded(t, "places", reporttest.SchoolPlaces, "query.sql", reporttest.SchoolPlacesQuery)
	db := reporttest.Ensured(t, d)
	list := reporttest.Schools(3)
	list[1] = list[1].And(reporttest.Row{"postcode": nil, "name": "7"})
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": list[:2]}))
	db.Refreshed(t, d)
	before := db.RowsOf(t, "reports.places_at_version(2)")
	first := db.RowsOf(t, "reports.places_at_version(1)")

	// postcode goes, words becomes an integer.
	text := reporttest.Replaced(t, reporttest.SchoolPlaces, `  - {name: postcode, title: Postcode, about: Where it is., type: text}`+"\n", "")
	text = reporttest.Replaced(t, text, `{name: words, title: Words, about: The name's words., type: "text[]"}`, `{name: words, title: Words, about: How many., type: integer}`)
	sql := reporttest.Replaced(t, reporttest.Replaced(t, reporttest.SchoolPlacesQuery, "postcode::text AS postcode, ", ""), "string_to_array(name, ' ')", "cardinality(string_to_array(name, ' '))")
	same := reporttest.Loaded(t, "places", text, "query.sql", sql)
	next := reporttest.Loaded(t, "places", reporttest.Replaced(t, text, `"1.0"`, `"2.0"`), "query.sql", sql)

	if _, err := schema.Migrate(t.Context(), db.Pool, same); run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "still of version 1.0") {
		t.Errorf("without a higher major version: got %v, want it refused", err)
	}
	db.MustExec(t, "CREATE VIEW public.postcodes AS SELECT postcode FROM reports.places")
	if _, err := schema.Migrate(t.Context(), db.Pool, next); run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "public.postcodes") {
		t.Errorf("with a view in the way: got %v, want it named", err)
	}
	db.MustExec(t, "DROP VIEW public.postcodes")
	db.MustExec(t, "CREATE VIEW public.names AS SELECT name FROM reports.places")
	done, err := schema.Migrate(t.Context(), db.Pool, next)
	if err != nil || !slices.Equal(done.Dropped, []string{"postcode"}) || !slices.Equal(done.Retyped, []string{"words to integer"}) {
		t.Fatalf("got %+v, %v", done, err)
	}
	db.Refreshed(t, next)
	if got := reporttest.One[int64](t, db, "SELECT sum(words) FROM reports.places"); got != 3 {
		t.Errorf("words: got %d, want 3", got)
	}
	renamed := func(rows []string) []string {
		var list []string
		for _, r := range rows {
			list = append(list, strings.ReplaceAll(r, `"words"`, `"words_v1"`))
		}
		return list
	}
	for version, want := range map[int64][]string{1: first, 2: before} {
		got := reporttest.Query[string](t, db, `SELECT jsonb_strip_nulls(to_jsonb(r))::text FROM reports.places_at_version($1) r ORDER BY urn`, version)
		if len(got) == 0 || !slices.Equal(reporttest.SortedJSON(t, got), reporttest.SortedJSON(t, renamed(want))) {
			t.Errorf("version %d: got %v\nwant %v", version, got, renamed(want))
		}
	}
	if again, err := schema.Migrate(t.Context(), db.Pool, next); err != nil || len(again.Dropped)+len(again.Retyped) != 0 {
		t.Errorf("again: got %+v, %v, want nothing to do", again, err)
	}
}
