package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"testing"
)

// withParticipants has participants of the school, on a programme of its choice, and their induction records.
func withParticipants(profiles []reporttest.Row, records ...reporttest.Row) reporttest.Tables {
	return reporttest.Tables{
		"school_cohorts":       {reporttest.Choice},
		"users":                {{"id": reporttest.ID("teacher's user"), "created_at": "2023-06-01T00:00:00Z"}},
		"teacher_profiles":     {{"id": reporttest.ID("teacher"), "user_id": reporttest.ID("teacher's user")}},
		"participant_profiles": profiles,
		"induction_programmes": {{"id": reporttest.ID("programme"), "school_cohort_id": reporttest.ID("Elm 2023")}, {"id": reporttest.ID("last year's"), "school_cohort_id": reporttest.ID("Elm 2022")}},
		"induction_records":    records,
	}
}

func flags(list ...any) []any { return append([]any{}, list...) }

// moreCases are those that the truth table leaves out. Each says what replaces the one school's tables.
var moreCases = []struct {
	name   string
	tables reporttest.Tables
	want   reporttest.Row
}{
	{"the school itself", nil, reporttest.Row{
		"ukprn": "10012345", "school_type_code": 1, "section_41_approved": false, "la_code": "202", "la_name": "Camden",
		"region_code": "E12000007", "region_name": "London", "as_of": reporttest.AsOf, "contacts": 0, "active_ects": 0, "active_mentors": 0,
		"current_participants": 0, "appropriate_body": nil, "opt_out_of_updates": nil, "programme_chosen_at": nil,
		"cohort_partnership_pending": false, "register_flags": flags(),
	}},
	{"several emails", reporttest.Tables{"nomination_emails": {
		reporttest.Emailed.And(reporttest.Row{"opened_at": "2023-09-05T08:00:00.123456Z"}),
		reporttest.Emailed.And(reporttest.Row{"id": reporttest.ID("second email"), "created_at": "2023-10-01T10:00:00Z", "sent_at": "2023-10-01T10:00:01Z", "opened_at": "2023-10-02T08:00:00Z"}),
		reporttest.Emailed.And(reporttest.Row{"id": reporttest.ID("never sent"), "created_at": "2023-10-03T10:00:00Z", "sent_at": nil}),
	}}, reporttest.Row{
		"nomination_email_opened_at": nil, "first_contacted_at": "2023-09-01T10:00:00Z", "last_contacted_at": "2023-10-01T10:00:01Z",
		"contacts": 2, "first_opened_at": "2023-09-05T08:00:00.123456Z", "stage": "email_opened", "stage_rank": 2,
	}},
	{"one send of two failed", reporttest.Tables{"nomination_emails": {
		reporttest.Emailed.And(reporttest.Row{"notify_status": "permanent-failure"}),
		reporttest.Emailed.And(reporttest.Row{"id": reporttest.ID("second email"), "created_at": "2023-10-01T10:00:00Z"}),
	}}, reporttest.Row{"stage": "contacted", "flags": flags()}},
	{"all sends failed, one in each way", reporttest.Tables{"nomination_emails": {
		reporttest.Emailed.And(reporttest.Row{"notify_status": "temporary-failure"}),
		reporttest.Emailed.And(reporttest.Row{"id": reporttest.ID("second email"), "notify_status": "technical-failure"}),
		reporttest.Emailed.And(reporttest.Row{"id": reporttest.ID("never sent"), "sent_at": nil, "notify_status": nil}),
	}}, reporttest.Row{"stage": "contacted", "flags": flags("contact_failed")}},
	{"sends failed, and yet one was opened", reporttest.Tables{"nomination_emails": {
		reporttest.Emailed.And(reporttest.Row{"notify_status": "permanent-failure", "opened_at": "2023-09-05T08:00:00Z"}),
	}}, reporttest.Row{"stage": "email_opened", "flags": flags()}},
	{"no address but a tutor", reporttest.WithTutor("").With(reporttest.Tables{"schools": {reporttest.Elm.And(reporttest.Row{"has_contact_address": false})}}),
		reporttest.Row{"stage": "tutor_nominated", "flags": flags()}},
	{"tutor chosen a programme and never signed in", reporttest.WithTutor("").With(reporttest.Tables{"school_cohorts": {reporttest.Choice}}), reporttest.Row{
		"stage": "programme_chosen", "tutor_linked_at": "2023-09-10T11:00:00Z", "tutor_signed_in": false, "induction_tutor_signed_in": nil,
		"flags": flags("tutor_never_signed_in"),
	}},
	{"tutor who never signed in, below a programme", reporttest.WithTutor(""), reporttest.Row{"stage": "tutor_nominated", "flags": flags()}},
	{"link to a profile that is gone", reporttest.WithTutor("2023-09-12T08:00:00Z").With(reporttest.Tables{"induction_coordinator_profiles": nil}), reporttest.Row{
		"induction_tutor_nominated": false, "tutor_signed_in": false, "tutor_linked_at": nil, "stage": "not_contacted",
	}},
	{"newest link leads nowhere, the older one to a tutor", reporttest.WithTutor("2023-09-12T08:00:00Z").With(reporttest.Tables{
		"induction_coordinator_profiles_schools": {reporttest.Link, reporttest.Link.And(reporttest.Row{"id": reporttest.ID("second link"), "created_at": "2023-10-01T00:00:00Z", "induction_coordinator_profile_id": reporttest.ID("nobody")})},
	}), reporttest.Row{"induction_tutor_nominated": true, "tutor_linked_at": "2023-09-10T11:00:00Z", "stage": "tutor_signed_in"}},
	{"choice with everything set", reporttest.Tables{"school_cohorts": {reporttest.Choice.And(reporttest.Row{
		"opt_out_of_updates": true, "appropriate_body_id": reporttest.ID("body"), "core_induction_programme_id": reporttest.ID("UCL"),
		"induction_programme_choice": "core_induction_programme",
	})}}, reporttest.Row{
		"opt_out_of_updates": true, "appropriate_body": "North Teaching School Hub", "programme_chosen_at": "2023-06-20T09:00:00Z",
		"chosen_cip": "UCL Institute of Education", "stage": "provision_in_place", "route": "core_induction_programme",
	}},
	{"no answer is no programme", reporttest.Tables{"school_cohorts": {reporttest.Choice.And(reporttest.Row{"induction_programme_choice": "not_yet_known"})}},
		reporttest.Row{"programme_chosen_at": nil, "opt_out_of_updates": false, "route": nil, "stage": "not_contacted"}},
	{"school-funded programme", reporttest.Tables{"school_cohorts": {reporttest.Choice.And(reporttest.Row{"induction_programme_choice": "school_funded_fip"})}},
		reporttest.Row{"programme_chosen_at": "2023-06-20T09:00:00Z", "route": "school_funded_fip", "stage": "provision_in_place", "stage_rank": 6}},
	{"an unknown choice", reporttest.Tables{"school_cohorts": {reporttest.Choice.And(reporttest.Row{"induction_programme_choice": "something_new"})}},
		reporttest.Row{"induction_programme_choice": "something_new", "route": nil, "stage": "not_contacted"}},
	{"appropriate body that is gone", reporttest.Tables{"school_cohorts": {reporttest.Choice.And(reporttest.Row{"appropriate_body_id": reporttest.ID("nobody")})}},
		reporttest.Row{"appropriate_body": nil, "stage": "programme_chosen"}},
	{"partnership without a choice", reporttest.Tables{"partnerships": {reporttest.Partnership}}, reporttest.Row{
		"cohort_in_partnership": true, "cohort_partnership_time": "2023-09-12T08:30:00Z", "cohort_lead_provider": "Ambition Institute",
		"cohort_delivery_partner": "North Hub", "route": "full_induction_programme", "stage": "provision_in_place", "flags": flags("no_tutor"),
	}},
	{"partnership though no early career teachers", reporttest.Tables{
		"partnerships": {reporttest.Partnership}, "school_cohorts": {reporttest.Choice.And(reporttest.Row{"induction_programme_choice": "no_early_career_teachers"})},
	}, reporttest.Row{"stage": "no_ects", "stage_rank": nil, "route": nil, "flags": flags("partnership_conflict")}},
	{"discarded delivery partner is still named for the cohort", reporttest.Tables{"partnerships": {reporttest.Partnership.And(reporttest.Row{"delivery_partner_id": reporttest.ID("Old")})}},
		reporttest.Row{"delivery_partner": nil, "cohort_delivery_partner": "Old Hub", "flags": flags("no_tutor")}},
	{"challenged twice in the cohort, once without a time", reporttest.Tables{"partnerships": {
		reporttest.Partnership.And(reporttest.Row{"challenge_reason": "mistake"}),
		reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("second"), "lead_provider_id": reporttest.ID("Teach First"), "challenge_reason": "not_confirmed", "challenged_at": "2023-10-05T14:00:00Z"}),
	}}, reporttest.Row{"cohort_challenge_reason": "not_confirmed", "cohort_challenge_time": "2023-10-05T14:00:00Z", "cohort_lead_provider": nil, "stage": "partnership_challenged"}},
	{"challenged by time alone", reporttest.Tables{"partnerships": {reporttest.Partnership.And(reporttest.Row{"challenged_at": "2023-10-05T14:00:00Z"})}},
		reporttest.Row{"in_partnership": false, "cohort_challenge_reason": nil, "cohort_challenge_time": "2023-10-05T14:00:00Z", "stage": "partnership_challenged"}},
	{"challenged relationship is no challenge", reporttest.Tables{"partnerships": {reporttest.Partnership.And(reporttest.Row{"relationship": true, "challenge_reason": "mistake"})}},
		reporttest.Row{"cohort_challenge_reason": nil, "partnership_challenge_reason": "mistake", "stage": "not_contacted", "flags": flags()}},
	{"pending beside a challenged one", reporttest.Tables{"partnerships": {
		reporttest.Partnership.And(reporttest.Row{"pending": true}),
		reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("second"), "lead_provider_id": reporttest.ID("Teach First"), "challenge_reason": "mistake", "challenged_at": "2023-10-05T14:00:00Z"}),
	}}, reporttest.Row{
		"in_partnership": false, "cohort_in_partnership": false, "cohort_partnership_pending": true, "cohort_challenge_reason": "mistake",
		"flags": flags("no_tutor", "partnership_challenged", "partnership_pending"),
	}},
	{"pending beside an active one", reporttest.Tables{"partnerships": {
		reporttest.Partnership, reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("second"), "lead_provider_id": reporttest.ID("Teach First"), "pending": true}),
	}}, reporttest.Row{"cohort_partnership_pending": false, "flags": flags("no_tutor")}},
	{"own partnership of last year beside a relationship of this", reporttest.Tables{"partnerships": {
		reporttest.Partnership.And(reporttest.Row{"cohort_id": reporttest.ID("2022"), "created_at": "2022-09-12T08:30:00Z"}),
		reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("second"), "lead_provider_id": reporttest.ID("Teach First"), "relationship": true}),
	}}, reporttest.Row{"lead_provider": "Teach First", "cohort_in_partnership": false, "flags": flags("only_relationship")}},
	{"partnership of a provider that is gone", reporttest.Tables{"partnerships": {reporttest.Partnership.And(reporttest.Row{"delivery_partner_id": reporttest.ID("nobody")})}},
		reporttest.Row{"lead_provider": "Ambition Institute", "delivery_partner": nil, "flags": flags("no_tutor")}},
	{"ects and mentors", withParticipants([]reporttest.Row{
		reporttest.ECT, reporttest.ECT.And(reporttest.Row{"id": reporttest.ID("ect 2")}), reporttest.ECT.And(reporttest.Row{"id": reporttest.ID("mentor"), "type": "ParticipantProfile::Mentor"}),
		reporttest.ECT.And(reporttest.Row{"id": reporttest.ID("withdrawn"), "status": "withdrawn"}), reporttest.ECT.And(reporttest.Row{"id": reporttest.ID("no user"), "teacher_profile_id": reporttest.ID("nobody")}),
	}), reporttest.Row{"active_ects": 2, "active_mentors": 1, "active_participants": true, "stage": "participants_registered"}},
	{"participants in training", withParticipants([]reporttest.Row{reporttest.ECT},
		reporttest.Record,
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("same participant again")}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("ends later"), "participant_profile_id": reporttest.ID("ect 2"), "end_date": "2023-11-15T10:00:00Z"}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("leaves later"), "participant_profile_id": reporttest.ID("ect 3"), "induction_status": "leaving", "end_date": "2023-12-01T00:00:00Z"}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("starts later"), "participant_profile_id": reporttest.ID("ect 4"), "start_date": "2024-01-01T00:00:00Z"}),
	), reporttest.Row{"current_participants": 4}},
	{"participants not in training", withParticipants([]reporttest.Row{reporttest.ECT},
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("ended"), "end_date": "2023-11-15T09:59:59Z"}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("left"), "participant_profile_id": reporttest.ID("ect 2"), "induction_status": "leaving", "end_date": "2023-11-01T00:00:00Z"}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("leaving without a day"), "participant_profile_id": reporttest.ID("ect 3"), "induction_status": "leaving"}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("transfer to come"), "participant_profile_id": reporttest.ID("ect 4"), "start_date": "2024-01-01T00:00:00Z", "school_transfer": true}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("completed"), "participant_profile_id": reporttest.ID("ect 5"), "induction_status": "completed"}),
		reporttest.Record.And(reporttest.Row{"id": reporttest.ID("last year"), "participant_profile_id": reporttest.ID("ect 6"), "induction_programme_id": reporttest.ID("last year's")}),
	), reporttest.Row{"current_participants": 0, "active_ects": 1}},
	{"uplifts apart", reporttest.Tables{"pupil_premiums": {
		{"id": reporttest.ID("p"), "school_id": reporttest.ID("Elm"), "start_year": 2023, "pupil_premium_incentive": false, "sparsity_incentive": true},
		{"id": reporttest.ID("p2"), "school_id": reporttest.ID("Elm"), "start_year": 2023, "pupil_premium_incentive": true, "sparsity_incentive": false},
	}}, reporttest.Row{"pupil_premium": true, "sparsity": false, "sparsity_uplift": true}},
	{"two spells of one district", reporttest.Tables{"district_sparsities": {
		{"id": reporttest.ID("s1"), "local_authority_district_id": reporttest.ID("Camden"), "start_year": 2021},
		{"id": reporttest.ID("s2"), "local_authority_district_id": reporttest.ID("Camden"), "start_year": 2022, "end_year": 2030},
	}}, reporttest.Row{"sparsity": true}},
	{"two current authorities", reporttest.Tables{"school_local_authorities": {
		{"id": reporttest.ID("l1"), "school_id": reporttest.ID("Elm"), "local_authority_id": reporttest.ID("202"), "start_year": 2021, "created_at": "2021-02-01T00:00:00Z"},
		{"id": reporttest.ID("l2"), "school_id": reporttest.ID("Elm"), "local_authority_id": reporttest.ID("908"), "start_year": 2022, "created_at": "2022-02-01T00:00:00Z"},
		{"id": reporttest.ID("l3"), "school_id": reporttest.ID("Elm"), "local_authority_id": reporttest.ID("202"), "start_year": 2023, "end_year": 2023, "created_at": "2023-02-01T00:00:00Z"},
	}}, reporttest.Row{"la_code": "908", "region_code": "E12000009", "region_name": "South West"}},
	{"no authority", reporttest.Tables{"school_local_authorities": nil}, reporttest.Row{"la_code": nil, "la_name": nil, "region_code": nil, "region_name": "Unknown"}},
	{"authority in no region of England", reporttest.Tables{"local_authorities": {{"id": reporttest.ID("202"), "code": "660", "name": "Anglesey"}}},
		reporttest.Row{"la_code": "660", "region_code": nil, "region_name": "Unknown"}},
	{"text as it is", reporttest.Tables{"schools": {reporttest.Elm.And(reporttest.Row{"name": "St Mary's  \"C of E\"; = école ", "postcode": ""})}},
		reporttest.Row{"name": "St Mary's  \"C of E\"; = école ", "postcode": ""}},
}

func TestMoreCases(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	for _, c := range moreCases {
		t.Run(c.name, func(t *testing.T) {
			db.Sync(t, reporttest.Instant(t, reporttest.AsOf), reporttest.OneSchool().With(c.tables))
			// The row's as_of is that of its last change, so each case begins with a new row.
			db.MustExec(t, "DELETE FROM reports.school_onboarding")
			db.MustRefresh(t)
			got := db.Published(t)
			if len(got) != 1 {
				t.Fatalf("got %d rows, want 1", len(got))
			}
			for _, d := range reporttest.Differences(got[0], c.want) {
				t.Error(d)
			}
		})
	}
}

// TestPopulation goes through every type of establishment, by the reference table and not by the query's word.
func TestPopulation(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	classes := map[string][]int{
		"eligible": {1, 2, 3, 5, 6, 7, 8, 12, 14, 15, 18, 28, 31, 32, 33, 34, 35, 36, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 57},
		"cip_only": {10, 11, 30, 37},
		"":         {24, 25, 26, 27, 29, 49, 56, 4, 99},
	}
	var schools []reporttest.Row
	want := map[string]string{}
	for class, codes := range classes {
		for _, code := range codes {
			urn := "10" + string(rune('0'+code/10)) + string(rune('0'+code%10)) + "0"
			schools = append(schools, reporttest.Elm.And(reporttest.Row{"id": reporttest.ID(urn), "urn": urn, "school_type_code": code}))
			if class != "" {
				want[urn] = class
			}
		}
	}
	db.Sync(t, reporttest.Instant(t, reporttest.AsOf), reporttest.OneSchool().With(reporttest.Tables{"schools": schools}))
	db.MustRefresh(t)
	for _, r := range db.Published(t) {
		urn := r["urn"].(string)
		if r["eligibility"] != want[urn] {
			t.Errorf("school %s: got %v, want %q", urn, r["eligibility"], want[urn])
		}
		delete(want, urn)
	}
	if len(want) > 0 {
		t.Errorf("not in the report: %v", want)
	}
}

// TestOrder shows that URNs are ordered as numbers.
func TestOrder(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	var schools []reporttest.Row
	for _, urn := range []string{"20000", "100001", "9", "130000"} {
		schools = append(schools, reporttest.Elm.And(reporttest.Row{"id": reporttest.ID(urn), "urn": urn}))
	}
	db.Sync(t, reporttest.Instant(t, reporttest.AsOf), reporttest.OneSchool().With(reporttest.Tables{"schools": schools}))
	db.MustRefresh(t)
	got := reporttest.Query[string](t, db, "SELECT urn FROM reports.school_onboarding ORDER BY "+reporttest.Onboarding(t).OrderBy(""))
	if want := "[9 20000 100001 130000]"; reporttest.Formatted(got) != want {
		t.Errorf("order: got %s, want %s", reporttest.Formatted(got), want)
	}
}
