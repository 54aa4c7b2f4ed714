package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"slices"
	"testing"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/refresh"
)

// refreshedAll syncs the source and refreshes every report.
func refreshedAll(t *testing.T, source reporttest.Tables) reporttest.Database {
	t.Helper()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), source)
	for _, d := range reports.All() {
		db.Refreshed(t, d)
	}
	return db
}

func TestSchoolsInLongAndWideForm(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, reporttest.Variety())
	got := reporttest.Query[string](t, db, `SELECT concat_ws('|', school_cohort, coalesce(induction_programme_choice, '-'), coalesce(in_partnership::text, '-'),
		coalesce(lead_provider_name, '-'), coalesce(delivery_partner_name, '-')) FROM reports.schools r ORDER BY `+reporttest.Find(t, "schools").OrderBy("r"))
	const fip = "full_induction_programme"
	want := []string{
		"100001 2022|" + fip + "|true|Ambition Institute|North Hub", "100001 2023|" + fip + "|false|-|-", "100002 2023|" + fip + "|false|-|-",
		"100003 2023|" + fip + "|true|Ambition Institute|North Hub", "100004 2023|" + fip + "|true|Ambition Institute|-",
		"100005 2022|" + fip + "|false|-|-", "100006|-|-|-|-",
	}
	if !slices.Equal(got, want) {
		t.Errorf("long: got %q\nwant %q", got, want)
	}
	wide := reporttest.Query[string](t, db, `SELECT concat_ws('|', urn, "2022_in_partnership", coalesce("2022_lead_provider_name", '-'), "2023_in_partnership",
		coalesce("2021_induction_programme_choice", '-')) FROM reports.schools_wide WHERE urn IN ('100001', '100006') ORDER BY urn`)
	if want := []string{"100001|t|Ambition Institute|f|-", "100006|f|-|f|-"}; !slices.Equal(wide, want) {
		t.Errorf("wide: got %q, want %q", wide, want)
	}
}

func TestPartnerships(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, reporttest.Variety())
	got := reporttest.Query[string](t, db, `SELECT concat_ws('|', school_urn, cohort, status, relationship, coalesce(delivery_partner_name, '-'))
		FROM reports.partnerships r ORDER BY `+reporttest.Find(t, "partnerships").OrderBy("r"))
	want := []string{"100001|2022|active|f|North Hub", "100002|2023|challenged|f|North Hub", "100003|2023|active|f|North Hub", "100004|2023|active|f|-", "100005|2022|challenged|f|North Hub"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	challenges := reporttest.Query[string](t, db, "SELECT concat_ws('|', cohort, reason, lead_provider_name, month, challenged, unresolved) FROM reports.partnerships_challenges ORDER BY cohort")
	if want := []string{"2022|no_ects|Ambition Institute|1|1", "2023|mistake|Ambition Institute|2023-10|1|1"}; !slices.Equal(challenges, want) {
		t.Errorf("challenges: got %q, want %q", challenges, want)
	}
}

func TestEngagementLists(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, reporttest.Variety())
	got := reporttest.Query[string](t, db, "SELECT list || ' ' || urn || ' ' || coalesce(last_lead_provider, '-') FROM reports.school_onboarding_engagement_list ORDER BY 1")
	want := []string{"partnership without participants 100003 -", "partnership without participants 100004 -", "provider-led last year, nothing this year 100005 -"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	waiting := reporttest.Query[string](t, db, "SELECT urn || ' ' || days_since_chosen || ' ' || coalesce(last_lead_provider, '-') FROM reports.school_onboarding_unpartnered ORDER BY urn")
	if len(waiting) != 2 || waiting[0][:6] != "100001" || waiting[1][:6] != "100002" {
		t.Errorf("unpartnered: got %q, want the first two schools", waiting)
	}
}

// TestSummariesAddUp: every summary counts every school once.
func TestSummariesAddUp(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, reporttest.Variety())
	for _, c := range []struct{ sql, want string }{
		{"SELECT eligibility || ' ' || sum(schools) FROM reports.school_onboarding_by_region GROUP BY eligibility", "[all 6 cip_only 1 eligible 5]"},
		{"SELECT eligibility || ' ' || sum(schools) FROM reports.school_onboarding_by_local_authority GROUP BY eligibility", "[all 6 cip_only 1 eligible 5]"},
		{"SELECT kind || ' ' || sum(schools) FROM reports.school_onboarding_by_kind WHERE eligibility = 'all' GROUP BY kind", "[Funded training 6 Phase 6 Section 41 6 Type 6 Type group 6]"},
		{"SELECT eligibility || ' ' || sum(schools) FROM reports.school_onboarding_by_route GROUP BY eligibility", "[all 6 cip_only 1 eligible 5]"},
		{"SELECT eligibility || ' ' || sum(schools) FROM reports.school_onboarding_uplifts GROUP BY eligibility", "[all 6 cip_only 1 eligible 5]"},
		{"SELECT concat_ws(' ', delivery_partner, schools, without_delivery_partner) FROM reports.school_onboarding_by_provider WHERE eligibility = 'all'", "[North Hub 1 0 none 1 1]"},
		{"SELECT concat_ws(' ', reason, month, schools, waiting) FROM reports.school_onboarding_challenges WHERE eligibility = 'all'", "[mistake 2023-10 1 1]"},
		{"SELECT concat_ws(' ', eligibility, lead_provider, delivery_partner, reason, month, challenged, unresolved) FROM reports.school_onboarding_rejections",
			"[all Ambition Institute North Hub mistake 2023-10 1 1 eligible Ambition Institute North Hub mistake 2023-10 1 1]"},
		{"SELECT concat_ws(' ', cohort_eligibility, schools, answered, provider_led, partnered, challenged) FROM reports.cohorts WHERE cohort > 2021 AND eligibility <> 'cip_only'",
			"[2022 all 6 2 2 1 1 2022 eligible 5 2 2 1 1 2023 all 6 4 4 2 1 2023 eligible 5 4 4 2 1 2024 all 6 0 0 0 0 2024 eligible 5 0 0 0 0]"},
		{"SELECT concat_ws(' ', eligibility, schools, programme_chosen, provision_in_place, challenged) FROM reports.school_onboarding_trend", "[all 6 4 2 1 cip_only 1 0 0 0 eligible 5 4 2 1]"},
	} {
		if got := fmt.Sprint(reporttest.Query[string](t, db, c.sql+" ORDER BY 1")); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.sql, got, c.want)
		}
	}
	stages := reporttest.One[bool](t, db, `SELECT bool_and(schools = not_contacted + contacted + email_opened + tutor_nominated + tutor_signed_in
		+ programme_chosen + partnership_challenged + provision_in_place + participants_registered + no_ects) FROM reports.school_onboarding_by_region`)
	if !stages {
		t.Error("by region: the stages do not add up to the schools")
	}
}

func TestMovesAndTrendOverTime(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, reporttest.Variety())
	next := reporttest.Variety()
	next["partnerships"] = append(next["partnerships"], reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("new"), "school_id": next["schools"][0]["id"]}))
	next["schools"] = next["schools"][:5]
	db.Sync(t, reporttest.Day(t, 1), next)
	db.Refreshed(t, reporttest.Onboarding(t))
	moves := reporttest.Query[string](t, db, "SELECT concat_ws(' > ', coalesce(from_stage, '-'), coalesce(to_stage, '-'), schools) FROM reports.school_onboarding_moves ORDER BY 1")
	if want := []string{"not_contacted > - > 1", "programme_chosen > provision_in_place > 1"}; !slices.Equal(moves, want) {
		t.Errorf("moves: got %q, want %q", moves, want)
	}
	trend := reporttest.Query[string](t, db, "SELECT concat_ws(' ', day, version, schools) FROM reports.school_onboarding_trend WHERE eligibility = 'all' ORDER BY day")
	if want := []string{"2023-11-15 1 6", "2023-11-16 2 5"}; !slices.Equal(trend, want) {
		t.Errorf("trend: got %q, want %q", trend, want)
	}
	if _, err := db.RefreshWith(t, &run.Local{}, reporttest.Onboarding(t), refresh.Options{Force: true}); err != nil {
		t.Fatal(err)
	}
	again := reporttest.Query[string](t, db, "SELECT concat_ws(' ', day, version, schools) FROM reports.school_onboarding_trend WHERE eligibility = 'all' ORDER BY day")
	if want := []string{"2023-11-15 1 6", "2023-11-16 3 5"}; !slices.Equal(again, want) {
		t.Errorf("trend, after a second refresh of the day: got %q, want %q", again, want)
	}
}

// TestCohortsAgreeWithTheFunnel: what is said of the current cohort beside others is what the report says of it.
func TestCohortsAgreeWithTheFunnel(t *testing.T) {
	t.Parallel()
	at := reporttest.Instant(t, "2026-11-22T06:10:00Z")
	db := reporttest.New(t)
	db.Sync(t, at, reporttest.Generated(t, demo.Options{Schools: 120, Seed: 3, AsOf: at}))
	db.MustRefresh(t)
	db.Refreshed(t, reporttest.Find(t, "cohorts"))
	const counts = "eligibility, schools, programme_chosen, provision_in_place, partnered, challenged, with_participants, no_ects, early_career_teachers, mentors"
	got := reporttest.Query[string](t, db, "SELECT concat_ws(' ', "+counts+") FROM reports.cohorts WHERE cohort = (SELECT max(cohort) FROM reports.school_onboarding) ORDER BY 1")
	want := reporttest.Query[string](t, db, "SELECT concat_ws(' ', "+counts+") FROM reports.school_onboarding_trend ORDER BY 1")
	if !slices.Equal(got, want) || len(got) != 3 || reporttest.One[int64](t, db, "SELECT min(partnered) FROM reports.cohorts WHERE eligibility = 'all' AND cohort BETWEEN 2022 AND 2026") == 0 {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
