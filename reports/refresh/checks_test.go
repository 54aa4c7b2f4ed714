package refresh_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"slices"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/schema"
)

// TestEveryKindOfCheckFindsItsRows, and only where it has any to find.
func TestEveryKindOfCheckFindsItsRows(t *testing.T) {
	t.Parallel()
	list := reporttest.Schools(4)
	list[1], list[2], list[3] = list[1].And(reporttest.Row{"name": "Twin"}), list[2].And(reporttest.Row{"name": "Twin"}), list[3].And(reporttest.Row{"name": nil})
	for kind, want := range map[string][]string{
		"bad: urn = '100002'":                               {`{"urn": "100002"}`},
		"column: name\n    accepted: [Twin, School 100001]": nil,
		"column: name\n    accepted: [Twin]":                {`{"urn": "100001", "name": "School 100001"}`},
		"not_null: [name]":                                  {`{"urn": "100004", "name": null}`},
		"unique: [name]":                                    {`{"name": "Twin", "rows": 2}`},
		"unique: [urn, name]":                               nil,
		"relation: {column: name, in: cpd.schools.name}":    nil,
		"relation: {column: name, in: cpd.cohorts.start_year}": {
			`{"urn": "100001", "value": "School 100001"}`, `{"urn": "100002", "value": "Twin"}`, `{"urn": "100003", "value": "Twin"}`,
		},
		"sql: odd.sql": {`{"urn": "100001"}`, `{"urn": "100003"}`},
		"least: 4":     nil,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			text := reporttest.Replaced(t, reporttest.SchoolNames, "columns:\n", "checks:\n  - name: looked_at\n    level: warn\n    about: It holds.\n    "+kind+"\ncolumns:\n")
			files := []string{}
			if kind == "sql: odd.sql" {
				files = []string{"odd.sql", `SELECT urn FROM :"staged" WHERE urn::int % 2 = 1 ORDER BY 1`}
			}
			d := reporttest.Loaded(t, "names", text, files...)
			db := reporttest.New(t)
			if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
				t.Fatal(err)
			}
			db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
			summary, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := reporttest.Query[string](t, db, "SELECT jsonb_array_elements(sample)::text FROM reports.check_results WHERE report = 'names'")
			slices.Sort(got)
			if !slices.Equal(got, want) || len(summary.Checks) != min(len(want), 1) {
				t.Errorf("got %q and %s, want %q", got, fmt.Sprint(summary.Checks), want)
			}
		})
	}
}
