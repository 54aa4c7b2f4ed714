package reporttest

import (
	"slices"
)

// People are few: ann is a tutor who is an active mentor twice and mentors bob, who teaches; carl is a tutor who never
// signed in.
func People() Tables {
	list := Schools(3)
	cohort2020 := Row{"id": ID("2020"), "start_year": 2020, "academic_year_start_date": "2020-09-01T00:00:00Z"}
	base := OneSchool()
	chosen := func(name, school, cohort string) Row {
		return Choice.And(Row{"id": ID(name), "school_id": ID(school), "cohort_id": ID(cohort)})
	}
	linked := func(name, school, profile, at string) Row {
		return Row{"id": ID(name), "school_id": ID(school), "induction_coordinator_profile_id": ID(profile), "created_at": at}
	}
	profile := func(name, kind, teacher, cohort string) Row {
		return Row{
			"id": ID(name), "type": "ParticipantProfile::" + kind, "status": "active", "teacher_profile_id": ID(teacher), "school_cohort_id": ID(cohort),
			"schedule_id": ID("schedule"), "participant_identity_id": ID(name + "'s identity"), "created_at": "2023-07-01T09:00:00Z",
		}
	}
	return base.With(Tables{
		"cohorts":        append(slices.Clone(base["cohorts"]), cohort2020),
		"schools":        list,
		"school_cohorts": {chosen("now", "100001", "2023"), chosen("long ago", "100001", "2020")},
		"users": {
			{"id": ID("ann"), "full_name": "Ann Ash", "email": "Ann@example.com", "created_at": "2021-05-01T00:00:00Z", "current_sign_in_at": "2023-10-01T00:00:00Z"},
			{"id": ID("bob"), "full_name": "Bob Birch", "email": "bob@example.com", "created_at": "2023-06-01T00:00:00Z"},
			{"id": ID("carl"), "full_name": "Carl Cedar", "email": "", "created_at": "2023-06-02T00:00:00Z"},
		},
		"induction_coordinator_profiles": {
			{"id": ID("ann's"), "user_id": ID("ann"), "created_at": "2021-05-02T00:00:00Z"},
			{"id": ID("carl's"), "user_id": ID("carl"), "created_at": "2023-06-03T00:00:00Z"},
		},
		"induction_coordinator_profiles_schools": {
			linked("1", "100001", "ann's", "2021-06-01T00:00:00Z"), linked("2", "100001", "carl's", "2023-06-04T00:00:00Z"),
			linked("3", "100002", "nobody's", "2022-01-01T00:00:00Z"),
		},
		"teacher_profiles": {{"id": ID("ann teaches"), "user_id": ID("ann"), "trn": "1111111"}, {"id": ID("bob teaches"), "user_id": ID("bob"), "trn": "2222222"}},
		"participant_identities": {
			{"id": ID("mentor's identity"), "user_id": ID("ann"), "external_identifier": "00000000-0000-4000-8000-000000000009"},
			{"id": ID("again's identity"), "user_id": ID("ann"), "external_identifier": "00000000-0000-4000-8000-000000000007"},
			{"id": ID("teacher's identity"), "user_id": ID("bob"), "external_identifier": "00000000-0000-4000-8000-000000000002"},
			{"id": ID("bare's identity"), "user_id": ID("carl"), "external_identifier": "00000000-0000-4000-8000-000000000003"},
		},
		"participant_profiles": {
			profile("mentor", "Mentor", "ann teaches", "now"), profile("again", "Mentor", "ann teaches", "now"),
			profile("teacher", "ECT", "bob teaches", "now").And(Row{"mentor_profile_id": ID("mentor")}),
			profile("early", "ECT", "bob teaches", "long ago"), profile("head", "NPQ", "bob teaches", "now"),
			profile("bare", "ECT", "nobody", "nowhere").And(Row{"schedule_id": nil, "created_at": "2023-07-02T09:00:00Z"}),
		},
		"schedules": {{"id": ID("schedule"), "name": "ECF Standard September", "schedule_identifier": "ecf-standard-september"}},
		"induction_records": {
			Record.And(Row{"id": ID("a"), "participant_profile_id": ID("teacher"), "training_status": "active", "created_at": "2023-09-01T00:00:00Z"}),
			Record.And(Row{"id": ID("b"), "participant_profile_id": ID("teacher"), "training_status": "deferred", "created_at": "2023-10-01T00:00:00Z", "start_date": "2023-01-01T00:00:00Z"}),
		},
		"participant_profile_states": {
			{"id": ID("s1"), "participant_profile_id": ID("teacher"), "state": "deferred", "reason": "bereavement", "created_at": "2023-09-10T00:00:00Z"},
			{"id": ID("s2"), "participant_profile_id": ID("teacher"), "state": "deferred", "reason": "parental-leave", "created_at": "2023-10-01T00:00:00Z"},
			{"id": ID("s3"), "participant_profile_id": ID("teacher"), "state": "active", "reason": nil, "created_at": "2023-10-02T00:00:00Z"},
		},
		"ecf_participant_validation_data": {{"id": ID("v"), "participant_profile_id": ID("teacher"), "created_at": "2023-07-05T00:00:00Z"}},
		"ecf_participant_eligibilities": {
			{"id": ID("e1"), "participant_profile_id": ID("teacher"), "status": "matched", "reason": "none", "manually_validated": nil},
			{"id": ID("e2"), "participant_profile_id": ID("mentor"), "status": "manual_check", "reason": "no_qts", "manually_validated": false},
			{"id": ID("e3"), "participant_profile_id": ID("again"), "status": "ineligible", "reason": "previous_participation", "manually_validated": true},
		},
		"cpd_lead_providers": {{"id": ID("holder"), "name": "Ambition Contracts"}},
		"participant_declarations": {
			declaration("started", "bob", "paid"), declaration("retained-1", "bob", "voided").And(Row{"delivery_partner_id": ID("Old")}),
			declaration("retained-2", "ann", "ineligible").And(Row{"course_identifier": "ecf-mentor", "cpd_lead_provider_id": nil}),
			declaration("completed", "ann", "paid").And(Row{"course_identifier": "npq-headship"}),
		},
		"declaration_states": {
			{"id": ID("d1"), "participant_declaration_id": ID("started"), "state": "submitted", "state_reason": "duplicate", "created_at": "2023-09-01T00:00:00Z"},
			{"id": ID("d2"), "participant_declaration_id": ID("retained-2"), "state": "ineligible", "state_reason": nil, "created_at": "2023-09-01T00:00:00Z"},
			{"id": ID("d3"), "participant_declaration_id": ID("retained-2"), "state": "ineligible", "state_reason": "duplicate", "created_at": "2023-10-01T00:00:00Z"},
		},
	})
}

func declaration(kind, user, state string) Row {
	return Row{
		"id": ID(kind), "user_id": ID(user), "declaration_type": kind, "declaration_date": "2023-10-20T00:00:00Z", "state": state,
		"course_identifier": "ecf-induction", "evidence_held": "other", "cpd_lead_provider_id": ID("holder"), "delivery_partner_id": ID("North"),
	}
}

// Allowance is the check that the few made-up people do not stand up to.
var Allowance = map[string]string{"induction_tutors": "whole", "participants": "of_somebody", "declarations": "providers_named"}
