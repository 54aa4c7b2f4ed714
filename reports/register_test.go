package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"slices"
	"testing"

	"cpd-jobs/reports/versions"
)

// TestRegisterFlags shows what the register sync leaves in the report, one school each way.
func TestRegisterFlags(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(2)}))
	db.MustRefresh(t)
	db.MustExec(t, "CREATE OR REPLACE VIEW gias.lag AS SELECT '100002'::text AS urn, ARRAY['closed_in_register', 'renamed'] AS flags")
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(2)}))
	summary := db.MustRefresh(t)
	got := reporttest.Query[string](t, db, "SELECT urn || ' ' || register_flags::text FROM reports.school_onboarding ORDER BY urn")
	if want := "[100001 {} 100002 {closed_in_register,renamed}]"; reporttest.Formatted(got) != want {
		t.Errorf("got %s, want %s", reporttest.Formatted(got), want)
	}
	lags := func(c versions.CheckResult) bool {
		return c.Name == "register_lag" && c.Level == "warn" && c.Offending == 1
	}
	if !slices.ContainsFunc(summary.Checks, lags) {
		t.Errorf("checks: got %+v, want register_lag among them", summary.Checks)
	}
}

// TestDistrictChecks shows what makes `sparsity` doubtful: a district link that the school has left behind, and sparse
// districts in which no school lies any more.
func TestDistrictChecks(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	moved := reporttest.Elm.And(reporttest.Row{"administrative_district_code": "e06000052"})
	linked := reporttest.Row{"id": reporttest.ID("to Camden"), "school_id": reporttest.ID("Elm"), "local_authority_district_id": reporttest.ID("Camden"), "start_year": 2021}
	cornwall := reporttest.Row{"id": reporttest.ID("Cornwall"), "code": "E06000052", "name": "Cornwall"}
	for i, c := range []struct {
		name  string
		links []reporttest.Row
		want  []string
	}{
		{"link left behind", []reporttest.Row{linked}, []string{"districts_differ", "sparse_districts_exist"}},
		{"link moved", []reporttest.Row{linked.And(reporttest.Row{"local_authority_district_id": reporttest.ID("Cornwall")})}, []string{"sparse_districts_exist"}},
		{"newer link right", []reporttest.Row{linked, linked.And(reporttest.Row{"id": reporttest.ID("newer"), "local_authority_district_id": reporttest.ID("Cornwall"), "start_year": 2023})}, []string{"sparse_districts_exist"}},
		{"newer link wrong", []reporttest.Row{linked, linked.And(reporttest.Row{"id": reporttest.ID("older"), "local_authority_district_id": reporttest.ID("Cornwall"), "start_year": 2020})}, []string{"districts_differ", "sparse_districts_exist"}},
		{"no link", nil, []string{"sparse_districts_exist"}},
	} {
		db.Sync(t, reporttest.Day(t, i), reporttest.OneSchool().With(reporttest.Tables{
			"schools": {moved}, "local_authority_districts": {reporttest.Camden, cornwall}, "school_local_authority_districts": c.links,
			"district_sparsities": {{"id": reporttest.ID("spell"), "local_authority_district_id": reporttest.ID("Camden"), "start_year": 2021}},
		}))
		var got []string
		for _, found := range db.MustRefresh(t).Checks {
			got = append(got, found.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
