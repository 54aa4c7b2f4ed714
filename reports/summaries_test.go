package reports_test

import (
	"fmt"
	"slices"
	"testing"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/refresh"
)

func find(t *testing.T, name string) *definition.Definition {
	t.Helper()
	d, err := reports.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// variety is six schools: chosen and waiting, challenged, partnered with and without participants, none of it, CIP-only.
func variety() tables {
	list := schools(6)
	list[5] = list[5].and(row{"school_type_code": 11, "school_type_name": "Other independent school"})
	of := func(n int, r row, name string) row {
		return r.and(row{"id": id(fmt.Sprint(name, n)), "school_id": list[n]["id"]})
	}
	full := choice.and(row{"induction_programme_choice": "full_induction_programme"})
	return oneSchool().with(tables{
		"schools": list,
		"school_cohorts": {
			of(0, full, "sc"), of(1, full, "sc"), of(2, full, "sc"), of(3, full, "sc"),
			of(0, full.and(row{"cohort_id": id("2022")}), "last"), of(4, full.and(row{"cohort_id": id("2022")}), "last"),
		},
		"partnerships": {
			of(1, partnership.and(row{"challenge_reason": "mistake", "challenged_at": "2023-10-05T14:00:00Z"}), "p"),
			of(2, partnership, "p"), of(3, partnership.and(row{"delivery_partner_id": nil}), "p"),
			of(0, partnership.and(row{"cohort_id": id("2022")}), "last"),
			of(4, partnership.and(row{"cohort_id": id("2022"), "challenge_reason": "no_ects"}), "last"),
			of(5, partnership.and(row{"relationship": true}), "p"),
		},
		// Of no school: reports of people are not empty, and the schools' know nothing of them.
		"users":                    {{"id": id("somebody"), "full_name": "Some Body", "email": "somebody@example.com", "created_at": "2023-06-01T00:00:00Z"}},
		"teacher_profiles":         {{"id": id("teacher"), "user_id": id("somebody")}},
		"participant_profiles":     {ect.and(row{"school_cohort_id": nil, "created_at": "2023-07-01T00:00:00Z"})},
		"cpd_lead_providers":       {{"id": id("holder"), "name": "Ambition Contracts"}},
		"participant_declarations": {declaration("started", "somebody", "paid")},
	})
}

// refreshedAll syncs the source and refreshes every report.
func refreshedAll(t *testing.T, source tables) database {
	t.Helper()
	db := newDatabase(t)
	db.sync(t, day(t, 0), source)
	for _, d := range reports.All() {
		db.refreshed(t, d)
	}
	return db
}

func TestSchoolsInLongAndWideForm(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, variety())
	got := query[string](t, db, `SELECT concat_ws('|', school_cohort, coalesce(induction_programme_choice, '-'), coalesce(in_partnership::text, '-'),
		coalesce(lead_provider_name, '-'), coalesce(delivery_partner_name, '-')) FROM reports.schools r ORDER BY `+find(t, "schools").OrderBy("r"))
	const fip = "full_induction_programme"
	want := []string{
		"100001 2022|" + fip + "|true|Ambition Institute|North Hub", "100001 2023|" + fip + "|false|-|-", "100002 2023|" + fip + "|false|-|-",
		"100003 2023|" + fip + "|true|Ambition Institute|North Hub", "100004 2023|" + fip + "|true|Ambition Institute|-",
		"100005 2022|" + fip + "|false|-|-", "100006|-|-|-|-",
	}
	if !slices.Equal(got, want) {
		t.Errorf("long: got %q\nwant %q", got, want)
	}
	wide := query[string](t, db, `SELECT concat_ws('|', urn, "2022_in_partnership", coalesce("2022_lead_provider_name", '-'), "2023_in_partnership",
		coalesce("2021_induction_programme_choice", '-')) FROM reports.schools_wide WHERE urn IN ('100001', '100006') ORDER BY urn`)
	if want := []string{"100001|t|Ambition Institute|f|-", "100006|f|-|f|-"}; !slices.Equal(wide, want) {
		t.Errorf("wide: got %q, want %q", wide, want)
	}
}

func TestPartnerships(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, variety())
	got := query[string](t, db, `SELECT concat_ws('|', school_urn, cohort, status, relationship, coalesce(delivery_partner_name, '-'))
		FROM reports.partnerships r ORDER BY `+find(t, "partnerships").OrderBy("r"))
	want := []string{"100001|2022|active|f|North Hub", "100002|2023|challenged|f|North Hub", "100003|2023|active|f|North Hub", "100004|2023|active|f|-", "100005|2022|challenged|f|North Hub"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	challenges := query[string](t, db, "SELECT concat_ws('|', cohort, reason, lead_provider_name, month, challenged, unresolved) FROM reports.partnerships_challenges ORDER BY cohort")
	if want := []string{"2022|no_ects|Ambition Institute|1|1", "2023|mistake|Ambition Institute|2023-10|1|1"}; !slices.Equal(challenges, want) {
		t.Errorf("challenges: got %q, want %q", challenges, want)
	}
}

func TestEngagementLists(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, variety())
	got := query[string](t, db, "SELECT list || ' ' || urn || ' ' || coalesce(last_lead_provider, '-') FROM reports.school_onboarding_engagement_list ORDER BY 1")
	want := []string{"partnership without participants 100003 -", "partnership without participants 100004 -", "provider-led last year, nothing this year 100005 -"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	waiting := query[string](t, db, "SELECT urn || ' ' || days_since_chosen || ' ' || coalesce(last_lead_provider, '-') FROM reports.school_onboarding_unpartnered ORDER BY urn")
	if len(waiting) != 2 || waiting[0][:6] != "100001" || waiting[1][:6] != "100002" {
		t.Errorf("unpartnered: got %q, want the first two schools", waiting)
	}
}

// TestSummariesAddUp: every summary counts every school once.
func TestSummariesAddUp(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, variety())
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
		if got := fmt.Sprint(query[string](t, db, c.sql+" ORDER BY 1")); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.sql, got, c.want)
		}
	}
	stages := one[bool](t, db, `SELECT bool_and(schools = not_contacted + contacted + email_opened + tutor_nominated + tutor_signed_in
		+ programme_chosen + partnership_challenged + provision_in_place + participants_registered + no_ects) FROM reports.school_onboarding_by_region`)
	if !stages {
		t.Error("by region: the stages do not add up to the schools")
	}
}

func TestMovesAndTrendOverTime(t *testing.T) {
	t.Parallel()
	db := refreshedAll(t, variety())
	next := variety()
	next["partnerships"] = append(next["partnerships"], partnership.and(row{"id": id("new"), "school_id": next["schools"][0]["id"]}))
	next["schools"] = next["schools"][:5]
	db.sync(t, day(t, 1), next)
	db.refreshed(t, onboarding(t))
	moves := query[string](t, db, "SELECT concat_ws(' > ', coalesce(from_stage, '-'), coalesce(to_stage, '-'), schools) FROM reports.school_onboarding_moves ORDER BY 1")
	if want := []string{"not_contacted > - > 1", "programme_chosen > provision_in_place > 1"}; !slices.Equal(moves, want) {
		t.Errorf("moves: got %q, want %q", moves, want)
	}
	trend := query[string](t, db, "SELECT concat_ws(' ', day, version, schools) FROM reports.school_onboarding_trend WHERE eligibility = 'all' ORDER BY day")
	if want := []string{"2023-11-15 1 6", "2023-11-16 2 5"}; !slices.Equal(trend, want) {
		t.Errorf("trend: got %q, want %q", trend, want)
	}
	if _, err := db.refreshWith(t, &run.Local{}, onboarding(t), refresh.Options{Force: true}); err != nil {
		t.Fatal(err)
	}
	again := query[string](t, db, "SELECT concat_ws(' ', day, version, schools) FROM reports.school_onboarding_trend WHERE eligibility = 'all' ORDER BY day")
	if want := []string{"2023-11-15 1 6", "2023-11-16 3 5"}; !slices.Equal(again, want) {
		t.Errorf("trend, after a second refresh of the day: got %q, want %q", again, want)
	}
}

// TestCohortsAgreeWithTheFunnel: what is said of the current cohort beside others is what the report says of it.
func TestCohortsAgreeWithTheFunnel(t *testing.T) {
	t.Parallel()
	at := instant(t, "2026-11-22T06:10:00Z")
	db := newDatabase(t)
	db.sync(t, at, generated(t, demo.Options{Schools: 120, Seed: 3, AsOf: at}))
	db.mustRefresh(t)
	db.refreshed(t, find(t, "cohorts"))
	const counts = "eligibility, schools, programme_chosen, provision_in_place, partnered, challenged, with_participants, no_ects, early_career_teachers, mentors"
	got := query[string](t, db, "SELECT concat_ws(' ', "+counts+") FROM reports.cohorts WHERE cohort = (SELECT max(cohort) FROM reports.school_onboarding) ORDER BY 1")
	want := query[string](t, db, "SELECT concat_ws(' ', "+counts+") FROM reports.school_onboarding_trend ORDER BY 1")
	if !slices.Equal(got, want) || len(got) != 3 || one[int64](t, db, "SELECT min(partnered) FROM reports.cohorts WHERE eligibility = 'all' AND cohort BETWEEN 2022 AND 2026") == 0 {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
