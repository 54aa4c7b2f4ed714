package reports_test

import (
	"testing"
)

// asOf is the instant of our own cases: the current cohort is 2023's.
const asOf = "2023-11-15T10:00:00Z"

var (
	camden = row{"id": id("Camden"), "code": "E09000007", "name": "Camden"}
	elm    = row{
		"id": id("Elm"), "urn": "100001", "name": "Elm School", "ukprn": "10012345", "school_type_code": 1,
		"school_type_name": "Community school", "school_phase_type": 2, "school_phase_name": "Primary", "school_status_code": 1,
		"school_status_name": "Open", "postcode": "AB1 2CD", "administrative_district_code": "E09000007",
		"administrative_district_name": "Camden", "section_41_approved": false, "has_contact_address": true,
	}
	emailed = row{"id": id("first email"), "school_id": id("Elm"), "created_at": "2023-09-01T10:00:00Z", "sent_at": "2023-09-01T10:00:00Z"}
	choice  = row{
		"id": id("Elm 2023"), "school_id": id("Elm"), "cohort_id": id("2023"), "induction_programme_choice": "full_induction_programme",
		"opt_out_of_updates": false, "created_at": "2023-06-20T09:00:00Z",
	}
	partnership = row{
		"id": id("first partnership"), "school_id": id("Elm"), "cohort_id": id("2023"), "lead_provider_id": id("Ambition"),
		"delivery_partner_id": id("North"), "created_at": "2023-09-12T08:30:00Z", "pending": false, "relationship": false,
	}
	tutor   = row{"id": id("tutor"), "created_at": "2021-05-01T00:00:00Z"}
	profile = row{"id": id("tutor's profile"), "user_id": id("tutor")}
	link    = row{
		"id": id("first link"), "school_id": id("Elm"), "induction_coordinator_profile_id": id("tutor's profile"),
		"created_at": "2023-09-10T11:00:00Z",
	}
	ect    = row{"id": id("ect"), "type": "ParticipantProfile::ECT", "status": "active", "school_cohort_id": id("Elm 2023"), "teacher_profile_id": id("teacher")}
	record = row{
		"id": id("first record"), "induction_programme_id": id("programme"), "participant_profile_id": id("ect"),
		"start_date": "2023-09-01T00:00:00Z", "induction_status": "active", "school_transfer": false,
	}
)

// oneSchool is the least source that has a school in the report.
func oneSchool() tables {
	return tables{
		"cohorts": {
			{"id": id("2021"), "start_year": 2021, "academic_year_start_date": "2021-09-01T00:00:00Z"},
			{"id": id("2022"), "start_year": 2022, "academic_year_start_date": "2022-09-01T00:00:00Z"},
			{"id": id("2023"), "start_year": 2023, "academic_year_start_date": "2023-09-01T00:00:00Z"},
			{"id": id("2024"), "start_year": 2024, "academic_year_start_date": "2024-09-01T00:00:00Z"},
		},
		"lead_providers":                   {{"id": id("Ambition"), "name": "Ambition Institute"}, {"id": id("Teach First"), "name": "Teach First"}},
		"delivery_partners":                {{"id": id("North"), "name": "North Hub"}, {"id": id("Old"), "name": "Old Hub", "discarded_at": "2023-08-01T09:00:00Z"}},
		"core_induction_programmes":        {{"id": id("UCL"), "name": "UCL Institute of Education"}},
		"appropriate_bodies":               {{"id": id("body"), "name": "North Teaching School Hub"}},
		"local_authorities":                {{"id": id("202"), "code": "202", "name": "Camden"}, {"id": id("908"), "code": "908", "name": "Cornwall"}},
		"local_authority_districts":        {camden},
		"schools":                          {elm},
		"school_local_authorities":         {{"id": id("Elm 202"), "school_id": id("Elm"), "local_authority_id": id("202"), "start_year": 2021, "created_at": "2021-02-01T00:00:00Z"}},
		"school_local_authority_districts": {{"id": id("Elm Camden"), "school_id": id("Elm"), "local_authority_district_id": id("Camden"), "start_year": 2021, "created_at": "2021-02-01T00:00:00Z"}},
	}
}

// withTutor is a tutor of the school who signed in at the time, "" for never.
func withTutor(signedIn string) tables {
	user := tutor
	if signedIn != "" {
		user = tutor.and(row{"current_sign_in_at": signedIn})
	}
	return tables{"users": {user}, "induction_coordinator_profiles": {profile}, "induction_coordinator_profiles_schools": {link}}
}

// withParticipants has participants of the school, on a programme of its choice, and their induction records.
func withParticipants(profiles []row, records ...row) tables {
	return tables{
		"school_cohorts":       {choice},
		"users":                {{"id": id("teacher's user"), "created_at": "2023-06-01T00:00:00Z"}},
		"teacher_profiles":     {{"id": id("teacher"), "user_id": id("teacher's user")}},
		"participant_profiles": profiles,
		"induction_programmes": {{"id": id("programme"), "school_cohort_id": id("Elm 2023")}, {"id": id("last year's"), "school_cohort_id": id("Elm 2022")}},
		"induction_records":    records,
	}
}

func flags(list ...any) []any { return append([]any{}, list...) }

// moreCases are those that the truth table leaves out. Each says what replaces the one school's tables.
var moreCases = []struct {
	name   string
	tables tables
	want   row
}{
	{"the school itself", nil, row{
		"ukprn": "10012345", "school_type_code": 1, "section_41_approved": false, "la_code": "202", "la_name": "Camden",
		"region_code": "E12000007", "region_name": "London", "as_of": asOf, "contacts": 0, "active_ects": 0, "active_mentors": 0,
		"current_participants": 0, "appropriate_body": nil, "opt_out_of_updates": nil, "programme_chosen_at": nil,
		"cohort_partnership_pending": false, "register_flags": flags(),
	}},
	{"several emails", tables{"nomination_emails": {
		emailed.and(row{"opened_at": "2023-09-05T08:00:00.123456Z"}),
		emailed.and(row{"id": id("second email"), "created_at": "2023-10-01T10:00:00Z", "sent_at": "2023-10-01T10:00:01Z", "opened_at": "2023-10-02T08:00:00Z"}),
		emailed.and(row{"id": id("never sent"), "created_at": "2023-10-03T10:00:00Z", "sent_at": nil}),
	}}, row{
		"nomination_email_opened_at": nil, "first_contacted_at": "2023-09-01T10:00:00Z", "last_contacted_at": "2023-10-01T10:00:01Z",
		"contacts": 2, "first_opened_at": "2023-09-05T08:00:00.123456Z", "stage": "email_opened", "stage_rank": 2,
	}},
	{"one send of two failed", tables{"nomination_emails": {
		emailed.and(row{"notify_status": "permanent-failure"}),
		emailed.and(row{"id": id("second email"), "created_at": "2023-10-01T10:00:00Z"}),
	}}, row{"stage": "contacted", "flags": flags()}},
	{"all sends failed, one in each way", tables{"nomination_emails": {
		emailed.and(row{"notify_status": "temporary-failure"}),
		emailed.and(row{"id": id("second email"), "notify_status": "technical-failure"}),
		emailed.and(row{"id": id("never sent"), "sent_at": nil, "notify_status": nil}),
	}}, row{"stage": "contacted", "flags": flags("contact_failed")}},
	{"sends failed, and yet one was opened", tables{"nomination_emails": {
		emailed.and(row{"notify_status": "permanent-failure", "opened_at": "2023-09-05T08:00:00Z"}),
	}}, row{"stage": "email_opened", "flags": flags()}},
	{"no address but a tutor", withTutor("").with(tables{"schools": {elm.and(row{"has_contact_address": false})}}),
		row{"stage": "tutor_nominated", "flags": flags()}},
	{"tutor chosen a programme and never signed in", withTutor("").with(tables{"school_cohorts": {choice}}), row{
		"stage": "programme_chosen", "tutor_linked_at": "2023-09-10T11:00:00Z", "tutor_signed_in": false, "induction_tutor_signed_in": nil,
		"flags": flags("tutor_never_signed_in"),
	}},
	{"tutor who never signed in, below a programme", withTutor(""), row{"stage": "tutor_nominated", "flags": flags()}},
	{"link to a profile that is gone", withTutor("2023-09-12T08:00:00Z").with(tables{"induction_coordinator_profiles": nil}), row{
		"induction_tutor_nominated": false, "tutor_signed_in": false, "tutor_linked_at": nil, "stage": "not_contacted",
	}},
	{"newest link leads nowhere, the older one to a tutor", withTutor("2023-09-12T08:00:00Z").with(tables{
		"induction_coordinator_profiles_schools": {link, link.and(row{"id": id("second link"), "created_at": "2023-10-01T00:00:00Z", "induction_coordinator_profile_id": id("nobody")})},
	}), row{"induction_tutor_nominated": true, "tutor_linked_at": "2023-09-10T11:00:00Z", "stage": "tutor_signed_in"}},
	{"choice with everything set", tables{"school_cohorts": {choice.and(row{
		"opt_out_of_updates": true, "appropriate_body_id": id("body"), "core_induction_programme_id": id("UCL"),
		"induction_programme_choice": "core_induction_programme",
	})}}, row{
		"opt_out_of_updates": true, "appropriate_body": "North Teaching School Hub", "programme_chosen_at": "2023-06-20T09:00:00Z",
		"chosen_cip": "UCL Institute of Education", "stage": "provision_in_place", "route": "core_induction_programme",
	}},
	{"no answer is no programme", tables{"school_cohorts": {choice.and(row{"induction_programme_choice": "not_yet_known"})}},
		row{"programme_chosen_at": nil, "opt_out_of_updates": false, "route": nil, "stage": "not_contacted"}},
	{"school-funded programme", tables{"school_cohorts": {choice.and(row{"induction_programme_choice": "school_funded_fip"})}},
		row{"programme_chosen_at": "2023-06-20T09:00:00Z", "route": "school_funded_fip", "stage": "provision_in_place", "stage_rank": 6}},
	{"a choice that nobody knows", tables{"school_cohorts": {choice.and(row{"induction_programme_choice": "something_new"})}},
		row{"induction_programme_choice": "something_new", "route": nil, "stage": "not_contacted"}},
	{"appropriate body that is gone", tables{"school_cohorts": {choice.and(row{"appropriate_body_id": id("nobody")})}},
		row{"appropriate_body": nil, "stage": "programme_chosen"}},
	{"partnership without a choice", tables{"partnerships": {partnership}}, row{
		"cohort_in_partnership": true, "cohort_partnership_time": "2023-09-12T08:30:00Z", "cohort_lead_provider": "Ambition Institute",
		"cohort_delivery_partner": "North Hub", "route": "full_induction_programme", "stage": "provision_in_place", "flags": flags("no_tutor"),
	}},
	{"partnership though no early career teachers", tables{
		"partnerships": {partnership}, "school_cohorts": {choice.and(row{"induction_programme_choice": "no_early_career_teachers"})},
	}, row{"stage": "no_ects", "stage_rank": nil, "route": nil, "flags": flags("partnership_conflict")}},
	{"discarded delivery partner is still named for the cohort", tables{"partnerships": {partnership.and(row{"delivery_partner_id": id("Old")})}},
		row{"delivery_partner": nil, "cohort_delivery_partner": "Old Hub", "flags": flags("no_tutor")}},
	{"challenged twice in the cohort, once without a time", tables{"partnerships": {
		partnership.and(row{"challenge_reason": "mistake"}),
		partnership.and(row{"id": id("second"), "lead_provider_id": id("Teach First"), "challenge_reason": "not_confirmed", "challenged_at": "2023-10-05T14:00:00Z"}),
	}}, row{"cohort_challenge_reason": "not_confirmed", "cohort_challenge_time": "2023-10-05T14:00:00Z", "cohort_lead_provider": nil, "stage": "partnership_challenged"}},
	{"challenged by time alone", tables{"partnerships": {partnership.and(row{"challenged_at": "2023-10-05T14:00:00Z"})}},
		row{"in_partnership": false, "cohort_challenge_reason": nil, "cohort_challenge_time": "2023-10-05T14:00:00Z", "stage": "partnership_challenged"}},
	{"challenged relationship is no challenge", tables{"partnerships": {partnership.and(row{"relationship": true, "challenge_reason": "mistake"})}},
		row{"cohort_challenge_reason": nil, "partnership_challenge_reason": "mistake", "stage": "not_contacted", "flags": flags()}},
	{"pending beside a challenged one", tables{"partnerships": {
		partnership.and(row{"pending": true}),
		partnership.and(row{"id": id("second"), "lead_provider_id": id("Teach First"), "challenge_reason": "mistake", "challenged_at": "2023-10-05T14:00:00Z"}),
	}}, row{
		"in_partnership": false, "cohort_in_partnership": false, "cohort_partnership_pending": true, "cohort_challenge_reason": "mistake",
		"flags": flags("no_tutor", "partnership_challenged", "partnership_pending"),
	}},
	{"pending beside an active one", tables{"partnerships": {
		partnership, partnership.and(row{"id": id("second"), "lead_provider_id": id("Teach First"), "pending": true}),
	}}, row{"cohort_partnership_pending": false, "flags": flags("no_tutor")}},
	{"own partnership of last year beside a relationship of this", tables{"partnerships": {
		partnership.and(row{"cohort_id": id("2022"), "created_at": "2022-09-12T08:30:00Z"}),
		partnership.and(row{"id": id("second"), "lead_provider_id": id("Teach First"), "relationship": true}),
	}}, row{"lead_provider": "Teach First", "cohort_in_partnership": false, "flags": flags("only_relationship")}},
	{"partnership of a provider that is gone", tables{"partnerships": {partnership.and(row{"delivery_partner_id": id("nobody")})}},
		row{"lead_provider": "Ambition Institute", "delivery_partner": nil, "flags": flags("no_tutor")}},
	{"ects and mentors", withParticipants([]row{
		ect, ect.and(row{"id": id("ect 2")}), ect.and(row{"id": id("mentor"), "type": "ParticipantProfile::Mentor"}),
		ect.and(row{"id": id("withdrawn"), "status": "withdrawn"}), ect.and(row{"id": id("no user"), "teacher_profile_id": id("nobody")}),
	}), row{"active_ects": 2, "active_mentors": 1, "active_participants": true, "stage": "participants_registered"}},
	{"participants in training", withParticipants([]row{ect},
		record,
		record.and(row{"id": id("same participant again")}),
		record.and(row{"id": id("ends later"), "participant_profile_id": id("ect 2"), "end_date": "2023-11-15T10:00:00Z"}),
		record.and(row{"id": id("leaves later"), "participant_profile_id": id("ect 3"), "induction_status": "leaving", "end_date": "2023-12-01T00:00:00Z"}),
		record.and(row{"id": id("starts later"), "participant_profile_id": id("ect 4"), "start_date": "2024-01-01T00:00:00Z"}),
	), row{"current_participants": 4}},
	{"participants not in training", withParticipants([]row{ect},
		record.and(row{"id": id("ended"), "end_date": "2023-11-15T09:59:59Z"}),
		record.and(row{"id": id("left"), "participant_profile_id": id("ect 2"), "induction_status": "leaving", "end_date": "2023-11-01T00:00:00Z"}),
		record.and(row{"id": id("leaving without a day"), "participant_profile_id": id("ect 3"), "induction_status": "leaving"}),
		record.and(row{"id": id("transfer to come"), "participant_profile_id": id("ect 4"), "start_date": "2024-01-01T00:00:00Z", "school_transfer": true}),
		record.and(row{"id": id("completed"), "participant_profile_id": id("ect 5"), "induction_status": "completed"}),
		record.and(row{"id": id("last year"), "participant_profile_id": id("ect 6"), "induction_programme_id": id("last year's")}),
	), row{"current_participants": 0, "active_ects": 1}},
	{"uplifts apart", tables{"pupil_premiums": {
		{"id": id("p"), "school_id": id("Elm"), "start_year": 2023, "pupil_premium_incentive": false, "sparsity_incentive": true},
		{"id": id("p2"), "school_id": id("Elm"), "start_year": 2023, "pupil_premium_incentive": true, "sparsity_incentive": false},
	}}, row{"pupil_premium": true, "sparsity": false, "sparsity_uplift": true}},
	{"two spells of one district", tables{"district_sparsities": {
		{"id": id("s1"), "local_authority_district_id": id("Camden"), "start_year": 2021},
		{"id": id("s2"), "local_authority_district_id": id("Camden"), "start_year": 2022, "end_year": 2030},
	}}, row{"sparsity": true}},
	{"two current authorities", tables{"school_local_authorities": {
		{"id": id("l1"), "school_id": id("Elm"), "local_authority_id": id("202"), "start_year": 2021, "created_at": "2021-02-01T00:00:00Z"},
		{"id": id("l2"), "school_id": id("Elm"), "local_authority_id": id("908"), "start_year": 2022, "created_at": "2022-02-01T00:00:00Z"},
		{"id": id("l3"), "school_id": id("Elm"), "local_authority_id": id("202"), "start_year": 2023, "end_year": 2023, "created_at": "2023-02-01T00:00:00Z"},
	}}, row{"la_code": "908", "region_code": "E12000009", "region_name": "South West"}},
	{"no authority", tables{"school_local_authorities": nil}, row{"la_code": nil, "la_name": nil, "region_code": nil, "region_name": "Unknown"}},
	{"authority in no region of England", tables{"local_authorities": {{"id": id("202"), "code": "660", "name": "Anglesey"}}},
		row{"la_code": "660", "region_code": nil, "region_name": "Unknown"}},
	{"text as it is", tables{"schools": {elm.and(row{"name": "St Mary's  \"C of E\"; = école ", "postcode": ""})}},
		row{"name": "St Mary's  \"C of E\"; = école ", "postcode": ""}},
}

func TestMoreCases(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, c := range moreCases {
		t.Run(c.name, func(t *testing.T) {
			db.sync(t, instant(t, asOf), oneSchool().with(c.tables))
			// The row's as_of is that of its last change, so each case begins with a new row.
			db.exec(t, "DELETE FROM reports.school_onboarding")
			db.mustRefresh(t)
			got := db.published(t)
			if len(got) != 1 {
				t.Fatalf("got %d rows, want 1", len(got))
			}
			for _, d := range differences(got[0], c.want) {
				t.Error(d)
			}
		})
	}
}

// TestPopulation goes through every type of establishment, by the reference table and not by the query's word.
func TestPopulation(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	classes := map[string][]int{
		"eligible": {1, 2, 3, 5, 6, 7, 8, 12, 14, 15, 18, 28, 31, 32, 33, 34, 35, 36, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 57},
		"cip_only": {10, 11, 30, 37},
		"":         {24, 25, 26, 27, 29, 49, 56, 4, 99},
	}
	var schools []row
	want := map[string]string{}
	for class, codes := range classes {
		for _, code := range codes {
			urn := "10" + string(rune('0'+code/10)) + string(rune('0'+code%10)) + "0"
			schools = append(schools, elm.and(row{"id": id(urn), "urn": urn, "school_type_code": code}))
			if class != "" {
				want[urn] = class
			}
		}
	}
	db.sync(t, instant(t, asOf), oneSchool().with(tables{"schools": schools}))
	db.mustRefresh(t)
	for _, r := range db.published(t) {
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
	db := newDatabase(t)
	var schools []row
	for _, urn := range []string{"20000", "100001", "9", "130000"} {
		schools = append(schools, elm.and(row{"id": id(urn), "urn": urn}))
	}
	db.sync(t, instant(t, asOf), oneSchool().with(tables{"schools": schools}))
	db.mustRefresh(t)
	got := query[string](t, db, "SELECT urn FROM reports.school_onboarding ORDER BY "+onboarding(t).OrderBy(""))
	if want := "[9 20000 100001 130000]"; formatted(got) != want {
		t.Errorf("order: got %s, want %s", formatted(got), want)
	}
}
