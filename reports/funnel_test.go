package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"slices"
	"testing"
)

func TestFunnel(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	list := reporttest.Schools(6)
	list[5] = list[5].And(reporttest.Row{"school_type_code": 11})
	of := func(n int, kind string) reporttest.Row {
		return reporttest.Choice.And(reporttest.Row{"id": reporttest.ID(list[n]["urn"].(string) + " choice"), "school_id": list[n]["id"], "induction_programme_choice": kind})
	}
	db.Sync(t, reporttest.Instant(t, reporttest.AsOf), reporttest.OneSchool().With(reporttest.Tables{
		"schools":           list,
		"school_cohorts":    {of(0, "no_early_career_teachers"), of(1, "design_our_own"), of(2, "full_induction_programme"), of(5, "core_induction_programme")},
		"partnerships":      {reporttest.Partnership.And(reporttest.Row{"school_id": list[3]["id"], "challenge_reason": "mistake"})},
		"nomination_emails": {reporttest.Emailed.And(reporttest.Row{"school_id": list[4]["id"]})},
	}))
	db.MustRefresh(t)
	got := reporttest.Query[string](t, db, `
		SELECT concat_ws(' ', eligibility, stage, stage_rank, schools, coalesce(cumulative::text, '-'), coalesce(share::text, '-'))
		FROM reports.school_onboarding_funnel WHERE eligibility <> 'eligible' ORDER BY eligibility, stage_order`)
	want := []string{
		"all participants_registered 7 0 0 0.000000",
		"all no_ects 1 - -",
		"all provision_in_place 6 2 2 0.400000",
		"all partnership_challenged 5 1 4 0.800000",
		"all programme_chosen 5 1 4 0.800000",
		"all tutor_signed_in 4 0 4 0.800000",
		"all tutor_nominated 3 0 4 0.800000",
		"all email_opened 2 0 4 0.800000",
		"all contacted 1 1 5 1.000000",
		"all not_contacted 0 0 5 1.000000",
		"cip_only participants_registered 7 0 0 0.000000",
		"cip_only no_ects 0 - -",
		"cip_only provision_in_place 6 1 1 1.000000",
		"cip_only partnership_challenged 5 0 1 1.000000",
		"cip_only programme_chosen 5 0 1 1.000000",
		"cip_only tutor_signed_in 4 0 1 1.000000",
		"cip_only tutor_nominated 3 0 1 1.000000",
		"cip_only email_opened 2 0 1 1.000000",
		"cip_only contacted 1 0 1 1.000000",
		"cip_only not_contacted 0 0 1 1.000000",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	eligible := reporttest.One[string](t, db, "SELECT schools || ' ' || cumulative FROM reports.school_onboarding_funnel WHERE eligibility = 'eligible' AND stage = 'not_contacted'")
	if eligible != "0 4" {
		t.Errorf("eligible: got %q, want %q", eligible, "0 4")
	}
}

func TestFunnelOfNothing(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	got := reporttest.Query[string](t, db, "SELECT DISTINCT schools || ' ' || coalesce(share::text, 'no share') FROM reports.school_onboarding_funnel")
	if !slices.Equal(got, []string{"0 no share"}) {
		t.Errorf("got %v, want no schools and no shares", got)
	}
}
