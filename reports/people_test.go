package reports_test

import (
	"slices"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/refresh"
)

// ann is a tutor who is an active mentor twice and mentors bob, who teaches; carl is a tutor who never signed in.
func people() tables {
	list := schools(3)
	cohort2020 := row{"id": id("2020"), "start_year": 2020, "academic_year_start_date": "2020-09-01T00:00:00Z"}
	base := oneSchool()
	chosen := func(name, school, cohort string) row {
		return choice.and(row{"id": id(name), "school_id": id(school), "cohort_id": id(cohort)})
	}
	linked := func(name, school, profile, at string) row {
		return row{"id": id(name), "school_id": id(school), "induction_coordinator_profile_id": id(profile), "created_at": at}
	}
	profile := func(name, kind, teacher, cohort string) row {
		return row{
			"id": id(name), "type": "ParticipantProfile::" + kind, "status": "active", "teacher_profile_id": id(teacher), "school_cohort_id": id(cohort),
			"schedule_id": id("schedule"), "participant_identity_id": id(name + "'s identity"), "created_at": "2023-07-01T09:00:00Z",
		}
	}
	return base.with(tables{
		"cohorts":        append(slices.Clone(base["cohorts"]), cohort2020),
		"schools":        list,
		"school_cohorts": {chosen("now", "100001", "2023"), chosen("long ago", "100001", "2020")},
		"users": {
			{"id": id("ann"), "full_name": "Ann Ash", "email": "Ann@example.com", "created_at": "2021-05-01T00:00:00Z", "current_sign_in_at": "2023-10-01T00:00:00Z"},
			{"id": id("bob"), "full_name": "Bob Birch", "email": "bob@example.com", "created_at": "2023-06-01T00:00:00Z"},
			{"id": id("carl"), "full_name": "Carl Cedar", "email": "", "created_at": "2023-06-02T00:00:00Z"},
		},
		"induction_coordinator_profiles": {
			{"id": id("ann's"), "user_id": id("ann"), "created_at": "2021-05-02T00:00:00Z"},
			{"id": id("carl's"), "user_id": id("carl"), "created_at": "2023-06-03T00:00:00Z"},
		},
		"induction_coordinator_profiles_schools": {
			linked("1", "100001", "ann's", "2021-06-01T00:00:00Z"), linked("2", "100001", "carl's", "2023-06-04T00:00:00Z"),
			linked("3", "100002", "nobody's", "2022-01-01T00:00:00Z"),
		},
		"teacher_profiles": {{"id": id("ann teaches"), "user_id": id("ann"), "trn": "1111111"}, {"id": id("bob teaches"), "user_id": id("bob"), "trn": "2222222"}},
		"participant_identities": {
			{"id": id("mentor's identity"), "user_id": id("ann"), "external_identifier": "00000000-0000-4000-8000-000000000009"},
			{"id": id("again's identity"), "user_id": id("ann"), "external_identifier": "00000000-0000-4000-8000-000000000007"},
			{"id": id("teacher's identity"), "user_id": id("bob"), "external_identifier": "00000000-0000-4000-8000-000000000002"},
			{"id": id("bare's identity"), "user_id": id("carl"), "external_identifier": "00000000-0000-4000-8000-000000000003"},
		},
		"participant_profiles": {
			profile("mentor", "Mentor", "ann teaches", "now"), profile("again", "Mentor", "ann teaches", "now"),
			profile("teacher", "ECT", "bob teaches", "now").and(row{"mentor_profile_id": id("mentor")}),
			profile("early", "ECT", "bob teaches", "long ago"), profile("head", "NPQ", "bob teaches", "now"),
			profile("bare", "ECT", "nobody", "nowhere").and(row{"schedule_id": nil, "created_at": "2023-07-02T09:00:00Z"}),
		},
		"schedules": {{"id": id("schedule"), "name": "ECF Standard September", "schedule_identifier": "ecf-standard-september"}},
		"induction_records": {
			record.and(row{"id": id("a"), "participant_profile_id": id("teacher"), "training_status": "active", "created_at": "2023-09-01T00:00:00Z"}),
			record.and(row{"id": id("b"), "participant_profile_id": id("teacher"), "training_status": "deferred", "created_at": "2023-10-01T00:00:00Z", "start_date": "2023-01-01T00:00:00Z"}),
		},
		"participant_profile_states": {
			{"id": id("s1"), "participant_profile_id": id("teacher"), "state": "deferred", "reason": "bereavement", "created_at": "2023-09-10T00:00:00Z"},
			{"id": id("s2"), "participant_profile_id": id("teacher"), "state": "deferred", "reason": "parental-leave", "created_at": "2023-10-01T00:00:00Z"},
			{"id": id("s3"), "participant_profile_id": id("teacher"), "state": "active", "reason": nil, "created_at": "2023-10-02T00:00:00Z"},
		},
		"ecf_participant_validation_data": {{"id": id("v"), "participant_profile_id": id("teacher"), "created_at": "2023-07-05T00:00:00Z"}},
		"ecf_participant_eligibilities": {
			{"id": id("e1"), "participant_profile_id": id("teacher"), "status": "matched", "reason": "none", "manually_validated": nil},
			{"id": id("e2"), "participant_profile_id": id("mentor"), "status": "manual_check", "reason": "no_qts", "manually_validated": false},
			{"id": id("e3"), "participant_profile_id": id("again"), "status": "ineligible", "reason": "previous_participation", "manually_validated": true},
		},
		"cpd_lead_providers": {{"id": id("holder"), "name": "Ambition Contracts"}},
		"participant_declarations": {
			declaration("started", "bob", "paid"), declaration("retained-1", "bob", "voided").and(row{"delivery_partner_id": id("Old")}),
			declaration("retained-2", "ann", "ineligible").and(row{"course_identifier": "ecf-mentor", "cpd_lead_provider_id": nil}),
			declaration("completed", "ann", "paid").and(row{"course_identifier": "npq-headship"}),
		},
		"declaration_states": {
			{"id": id("d1"), "participant_declaration_id": id("started"), "state": "submitted", "state_reason": "duplicate", "created_at": "2023-09-01T00:00:00Z"},
			{"id": id("d2"), "participant_declaration_id": id("retained-2"), "state": "ineligible", "state_reason": nil, "created_at": "2023-09-01T00:00:00Z"},
			{"id": id("d3"), "participant_declaration_id": id("retained-2"), "state": "ineligible", "state_reason": "duplicate", "created_at": "2023-10-01T00:00:00Z"},
		},
	})
}

func declaration(kind, user, state string) row {
	return row{
		"id": id(kind), "user_id": id(user), "declaration_type": kind, "declaration_date": "2023-10-20T00:00:00Z", "state": state,
		"course_identifier": "ecf-induction", "evidence_held": "other", "cpd_lead_provider_id": id("holder"), "delivery_partner_id": id("North"),
	}
}

// peopleOf refreshes one report of people, and lists some of its columns, with - for nothing.
func peopleOf(t *testing.T, report string, columns string) []string {
	t.Helper()
	db := newDatabase(t)
	db.sync(t, day(t, 0), people())
	d := find(t, report)
	if _, err := db.refreshWith(t, &run.Local{}, d, refresh.Options{Allow: []string{allowance[report]}}); err != nil {
		t.Fatal(err)
	}
	return query[string](t, db, "SELECT array_to_string(ARRAY["+columns+"]::text[], '|', '-') FROM restricted."+report+" r ORDER BY "+d.OrderBy("r"))
}

// allowance is the check that the few made-up people do not stand up to.
var allowance = map[string]string{"induction_tutors": "whole", "participants": "of_somebody", "declarations": "providers_named"}

func TestInductionTutors(t *testing.T) {
	t.Parallel()
	got := peopleOf(t, "induction_tutors", "urn, tutor_nominated, tutor_nominated_at::date, tutor_signed_in, tutor_name, tutor_email, sit_mentor, right(sit_mentor_id, 1), tutor_linked_at::date, (tutor_id = '"+id("ann")+"')")
	want := []string{
		"100001|true|2021-05-02|true|Ann Ash|Ann@example.com|true|7|2021-06-01|true",
		"100001|true|2023-06-03|false|Carl Cedar|-|false|-|2023-06-04|false",
		"100002|false|-|false|-|-|false|-|2022-01-01|-",
		"100003|false|-|false|-|-|false|-|-|-",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestParticipants(t *testing.T) {
	t.Parallel()
	got := peopleOf(t, "participants", "type, school_urn, name, email, right(external_id, 1), cohort, (mentor_id = '"+id("ann")+"'), training_status, training_status_reason, "+
		"schedule_identifier, trn, trn_provided_at::date, trn_validated, trn_validated_reason, manual_validation_required, eligible_for_funding")
	slices.Sort(got)
	want := []string{
		"ECT|-|Carl Cedar|-|3|-|-|-|-|-|-|-|-|-|-|-",
		"ECT|100001|Bob Birch|bob@example.com|2|2023|true|deferred|parental-leave|ecf-standard-september|2222222|2023-07-05|true|none|false|-",
		"Mentor|100001|Ann Ash|Ann@example.com|7|2023|-|-|-|ecf-standard-september|1111111|-|false|previous_participation|true|false",
		"Mentor|100001|Ann Ash|Ann@example.com|9|2023|-|-|-|ecf-standard-september|1111111|-|false|no_qts|true|-",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestDeclarations(t *testing.T) {
	t.Parallel()
	got := peopleOf(t, "declarations", "declaration_type, (user_id = '"+id("bob")+"'), declaration_date::date, voided, evidence_held, state, state_reason, cpd_lead_provider_name, delivery_partner_name")
	slices.Sort(got)
	want := []string{
		"retained-1|true|2023-10-20|true|other|voided|-|Ambition Contracts|Old Hub",
		"retained-2|false|2023-10-20|false|other|ineligible|duplicate|-|North Hub",
		"started|true|2023-10-20|false|other|paid|-|Ambition Contracts|North Hub",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
