package erasure_test

import (
	"context"
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/erasure"
	"cpd-jobs/reports/refresh"
)

// withPeople has the reports of people refreshed.
func withPeople(t *testing.T) reporttest.Database {
	t.Helper()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.People())
	for _, name := range slices.Sorted(maps.Keys(reporttest.Allowance)) {
		refreshPeople(t, db, &run.Local{}, name)
	}
	return db
}

func refreshPeople(t *testing.T, db reporttest.Database, r run.Run, report string) {
	t.Helper()
	o := refresh.Options{Force: true, Allow: []string{reporttest.Allowance[report]}}
	if _, err := db.RefreshWith(t, r, reporttest.Find(t, report), o); err != nil {
		t.Fatal(err)
	}
}

// traces lists the tables that hold any of the words, whatever the column.
func traces(t *testing.T, db reporttest.Database, words ...string) (list []string) {
	t.Helper()
	for _, table := range reporttest.Query[string](t, db, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
		WHERE schemaname IN ('restricted', 'cpd', 'reports', 'reports_staging', 'queue') ORDER BY 1`) {
		if n := reporttest.One[int64](t, db, "SELECT count(*) FROM "+table+" r WHERE lower(r::text) ~ $1", strings.ToLower(strings.Join(words, "|"))); n > 0 {
			list = append(list, fmt.Sprint(table, " ", n))
		}
	}
	return list
}

// bob and ann are what is known of the two.
var (
	bob = []string{reporttest.ID("bob"), "Bob Birch", "bob@example.com", "2222222", reporttest.ID("bob teaches"), reporttest.ID("teacher"), reporttest.ID("started"), "0{11}2"}
	ann = []string{reporttest.ID("ann"), "Ann Ash", "ann@example.com", "1111111", reporttest.ID("ann teaches"), reporttest.ID("mentor"), "0{11}7", "0{11}9"}
)

func TestErasedPersonLeavesNoTrace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		whom  erasure.Request
		words []string
		rows  map[string]int64 // of the reports
	}{
		"by email address": {erasure.Request{Email: " BOB@example.com\n"}, bob, map[string]int64{"restricted.participants": 1, "restricted.declarations": 2}},
		"by user":          {erasure.Request{User: reporttest.ID("bob")}, bob, map[string]int64{"restricted.participants": 1, "restricted.declarations": 2}},
		"by a mentor's number": {
			erasure.Request{ExternalID: "00000000-0000-4000-8000-000000000007"}, ann,
			// The two profiles, and the mention as somebody's mentor.
			map[string]int64{"restricted.participants": 3, "restricted.declarations": 1, "restricted.induction_tutors": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := withPeople(t)
			if len(traces(t, db, c.words...)) < 6 {
				t.Fatalf("before: traces only in %q", traces(t, db, c.words...))
			}
			var reached []string
			c.whom.Why, c.whom.By = "request 17", "a tester"
			c.whom.Files = func(_ context.Context, _ pgx.Tx, report string) (int, error) {
				reached = append(reached, report)
				return 2, nil
			}
			done, err := erasure.Erase(t.Context(), db.Pool, reports.All(), c.whom)
			if err != nil {
				t.Fatal(err)
			}
			if left := traces(t, db, c.words...); len(left) > 0 {
				t.Errorf("traces are left in %q", left)
			}
			for table, want := range c.rows {
				if done.Rows[table] != want {
					t.Errorf("%s: got %d rows, want %d", table, done.Rows[table], want)
				}
			}
			if want := []string{"declarations", "induction_tutors", "participants"}; done.Files != 6 || !slices.Equal(reached, want) {
				t.Errorf("got %d files of %q, want 6 of %q", done.Files, reached, want)
			}
			if got := reporttest.Query[string](t, db, "SELECT concat_ws(' ', erased_by, why, files) FROM restricted.erasures"); !slices.Equal(got, []string{"a tester request 17 6"}) {
				t.Errorf("recorded: got %q", got)
			}
			for report := range reporttest.Allowance {
				refreshPeople(t, db, &run.Local{}, report)
			}
			if left := traces(t, db, c.words...); len(left) > 0 {
				t.Errorf("after refreshes traces are in %q", left)
			}
		})
	}
}

// TestRefreshUnderWayDoesNotBringThePersonBack that it has computed already.
func TestRefreshUnderWayDoesNotBringThePersonBack(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.People())
	erased := false
	refreshPeople(t, db, &reporttest.Hooked{Local: &run.Local{}, BeforeFence: func() {
		erased = true
		if _, err := erasure.Erase(t.Context(), db.Pool, reports.All(), erasure.Request{User: reporttest.ID("bob"), Why: "request 17"}); err != nil {
			t.Error(err)
		}
	}}, "participants")
	if left := traces(t, db, bob...); !erased || len(left) > 0 {
		t.Errorf("erased: %v; traces are left in %q", erased, left)
	}
	if n := reporttest.One[int64](t, db, "SELECT count(*) FROM restricted.participants"); n != 3 {
		t.Errorf("got %d participants, want the 3 others", n)
	}
}

func TestErasureRefuses(t *testing.T) {
	t.Parallel()
	db := withPeople(t)
	for _, c := range []struct {
		name string
		whom erasure.Request
		want string
	}{
		{"nobody", erasure.Request{Why: "x"}, "by one of user, external id and email"},
		{"by two", erasure.Request{User: reporttest.ID("bob"), Email: "bob@example.com", Why: "x"}, "by one of"},
		{"no reason", erasure.Request{User: reporttest.ID("bob")}, "say why"},
		{"no id", erasure.Request{User: "bob", Why: "x"}, "no UUID"},
		{"unknown", erasure.Request{Email: "nobody@example.com", Why: "x"}, "names anybody by that email"},
	} {
		_, err := erasure.Erase(t.Context(), db.Pool, reports.All(), c.whom)
		if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(fmt.Sprint(err), c.want) || strings.Contains(fmt.Sprint(err), "nobody@example.com") {
			t.Errorf("%s: got %v, want %q and not whom", c.name, err, c.want)
		}
	}
	before := traces(t, db, bob...)
	done, err := erasure.Erase(t.Context(), db.Pool, reports.All(), erasure.Request{User: reporttest.ID("bob"), Why: "x", DryRun: true})
	if err != nil || done.Rows["restricted.participants"] != 1 || !slices.Equal(traces(t, db, bob...), before) {
		t.Errorf("dry run: got %+v, %v and traces in %q, want them as they were", done, err, traces(t, db, bob...))
	}
	if n := reporttest.One[int64](t, db, "SELECT count(*) FROM restricted.erasures"); n != 0 {
		t.Errorf("%d erasures are recorded, want none", n)
	}
}
