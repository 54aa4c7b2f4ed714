package reports_test

import (
	"slices"
	"testing"

	"cpd-jobs/reports/versions"
)

// TestRegisterFlags shows what the register sync leaves in the report, one school each way.
func TestRegisterFlags(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": schools(2)}))
	db.mustRefresh(t)
	db.exec(t, "CREATE OR REPLACE VIEW gias.lag AS SELECT '100002'::text AS urn, ARRAY['closed_in_register', 'renamed'] AS flags")
	db.sync(t, day(t, 1), oneSchool().with(tables{"schools": schools(2)}))
	summary := db.mustRefresh(t)
	got := query[string](t, db, "SELECT urn || ' ' || register_flags::text FROM reports.school_onboarding ORDER BY urn")
	if want := "[100001 {} 100002 {closed_in_register,renamed}]"; formatted(got) != want {
		t.Errorf("got %s, want %s", formatted(got), want)
	}
	lags := func(c versions.CheckResult) bool {
		return c.Name == "register_lag" && c.Level == "warn" && c.Offending == 1
	}
	if !slices.ContainsFunc(summary.Checks, lags) {
		t.Errorf("checks: got %+v, want register_lag among them", summary.Checks)
	}
}

// TestDistrictChecks shows what makes `sparsity` doubtful: a district link that the school has left behind, and sparse
// districts that nobody lies in any more.
func TestDistrictChecks(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	moved := elm.and(row{"administrative_district_code": "e06000052"})
	linked := row{"id": id("to Camden"), "school_id": id("Elm"), "local_authority_district_id": id("Camden"), "start_year": 2021}
	cornwall := row{"id": id("Cornwall"), "code": "E06000052", "name": "Cornwall"}
	for i, c := range []struct {
		name  string
		links []row
		want  []string
	}{
		{"link left behind", []row{linked}, []string{"districts_differ", "sparse_districts_exist"}},
		{"link moved", []row{linked.and(row{"local_authority_district_id": id("Cornwall")})}, []string{"sparse_districts_exist"}},
		{"newer link right", []row{linked, linked.and(row{"id": id("newer"), "local_authority_district_id": id("Cornwall"), "start_year": 2023})}, []string{"sparse_districts_exist"}},
		{"newer link wrong", []row{linked, linked.and(row{"id": id("older"), "local_authority_district_id": id("Cornwall"), "start_year": 2020})}, []string{"districts_differ", "sparse_districts_exist"}},
		{"no link", nil, []string{"sparse_districts_exist"}},
	} {
		db.sync(t, day(t, i), oneSchool().with(tables{
			"schools": {moved}, "local_authority_districts": {camden, cornwall}, "school_local_authority_districts": c.links,
			"district_sparsities": {{"id": id("spell"), "local_authority_district_id": id("Camden"), "start_year": 2021}},
		}))
		var got []string
		for _, found := range db.mustRefresh(t).Checks {
			got = append(got, found.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
