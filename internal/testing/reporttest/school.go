package reporttest

import (
	"fmt"
	"testing"
	"time"
)

// Elm is the school of our own cases, and the others are what belongs to it.
var (
	Camden = Row{"id": ID("Camden"), "code": "E09000007", "name": "Camden"}
	Elm    = Row{
		"id": ID("Elm"), "urn": "100001", "name": "Elm School", "ukprn": "10012345", "school_type_code": 1,
		"school_type_name": "Community school", "school_phase_type": 2, "school_phase_name": "Primary", "school_status_code": 1,
		"school_status_name": "Open", "postcode": "AB1 2CD", "administrative_district_code": "E09000007",
		"administrative_district_name": "Camden", "section_41_approved": false, "has_contact_address": true,
	}
	Emailed = Row{"id": ID("first email"), "school_id": ID("Elm"), "created_at": "2023-09-01T10:00:00Z", "sent_at": "2023-09-01T10:00:00Z"}
	Choice  = Row{
		"id": ID("Elm 2023"), "school_id": ID("Elm"), "cohort_id": ID("2023"), "induction_programme_choice": "full_induction_programme",
		"opt_out_of_updates": false, "created_at": "2023-06-20T09:00:00Z",
	}
	Partnership = Row{
		"id": ID("first partnership"), "school_id": ID("Elm"), "cohort_id": ID("2023"), "lead_provider_id": ID("Ambition"),
		"delivery_partner_id": ID("North"), "created_at": "2023-09-12T08:30:00Z", "pending": false, "relationship": false,
	}
	tutor   = Row{"id": ID("tutor"), "created_at": "2021-05-01T00:00:00Z"}
	profile = Row{"id": ID("tutor's profile"), "user_id": ID("tutor")}
	Link    = Row{
		"id": ID("first link"), "school_id": ID("Elm"), "induction_coordinator_profile_id": ID("tutor's profile"),
		"created_at": "2023-09-10T11:00:00Z",
	}
	ECT    = Row{"id": ID("ect"), "type": "ParticipantProfile::ECT", "status": "active", "school_cohort_id": ID("Elm 2023"), "teacher_profile_id": ID("teacher")}
	Record = Row{
		"id": ID("first record"), "induction_programme_id": ID("programme"), "participant_profile_id": ID("ect"),
		"start_date": "2023-09-01T00:00:00Z", "induction_status": "active", "school_transfer": false,
	}
)

// AsOf is the instant of our own cases: the current cohort is 2023's.
const AsOf = "2023-11-15T10:00:00Z"

// Day is the instant of our cases, n days later.
func Day(t *testing.T, n int) time.Time { return Instant(t, AsOf).AddDate(0, 0, n) }

// OneSchool is the least source that has a school in the report.
func OneSchool() Tables {
	return Tables{
		"cohorts": {
			{"id": ID("2021"), "start_year": 2021, "academic_year_start_date": "2021-09-01T00:00:00Z"},
			{"id": ID("2022"), "start_year": 2022, "academic_year_start_date": "2022-09-01T00:00:00Z"},
			{"id": ID("2023"), "start_year": 2023, "academic_year_start_date": "2023-09-01T00:00:00Z"},
			{"id": ID("2024"), "start_year": 2024, "academic_year_start_date": "2024-09-01T00:00:00Z"},
		},
		"lead_providers":                   {{"id": ID("Ambition"), "name": "Ambition Institute"}, {"id": ID("Teach First"), "name": "Teach First"}},
		"delivery_partners":                {{"id": ID("North"), "name": "North Hub"}, {"id": ID("Old"), "name": "Old Hub", "discarded_at": "2023-08-01T09:00:00Z"}},
		"core_induction_programmes":        {{"id": ID("UCL"), "name": "UCL Institute of Education"}},
		"appropriate_bodies":               {{"id": ID("body"), "name": "North Teaching School Hub"}},
		"local_authorities":                {{"id": ID("202"), "code": "202", "name": "Camden"}, {"id": ID("908"), "code": "908", "name": "Cornwall"}},
		"local_authority_districts":        {Camden},
		"schools":                          {Elm},
		"school_local_authorities":         {{"id": ID("Elm 202"), "school_id": ID("Elm"), "local_authority_id": ID("202"), "start_year": 2021, "created_at": "2021-02-01T00:00:00Z"}},
		"school_local_authority_districts": {{"id": ID("Elm Camden"), "school_id": ID("Elm"), "local_authority_district_id": ID("Camden"), "start_year": 2021, "created_at": "2021-02-01T00:00:00Z"}},
	}
}

// Schools makes n schools like Elm with URNs from 100001.
func Schools(n int) []Row {
	list := make([]Row, n)
	for i := range list {
		urn := fmt.Sprint(100001 + i)
		list[i] = Elm.And(Row{"id": ID(urn), "urn": urn, "name": "School " + urn})
	}
	return list
}

// WithTutor is a tutor of the school who signed in at the time, "" for never.
func WithTutor(signedIn string) Tables {
	user := tutor
	if signedIn != "" {
		user = tutor.And(Row{"current_sign_in_at": signedIn})
	}
	return Tables{"users": {user}, "induction_coordinator_profiles": {profile}, "induction_coordinator_profiles_schools": {Link}}
}

// Variety is six schools: chosen and waiting, challenged, partnered with and without participants, none of it,
// CIP-only.
func Variety() Tables {
	list := Schools(6)
	list[5] = list[5].And(Row{"school_type_code": 11, "school_type_name": "Other independent school"})
	of := func(n int, r Row, name string) Row {
		return r.And(Row{"id": ID(fmt.Sprint(name, n)), "school_id": list[n]["id"]})
	}
	full := Choice.And(Row{"induction_programme_choice": "full_induction_programme"})
	return OneSchool().With(Tables{
		"schools": list,
		"school_cohorts": {
			of(0, full, "sc"), of(1, full, "sc"), of(2, full, "sc"), of(3, full, "sc"),
			of(0, full.And(Row{"cohort_id": ID("2022")}), "last"), of(4, full.And(Row{"cohort_id": ID("2022")}), "last"),
		},
		"partnerships": {
			of(1, Partnership.And(Row{"challenge_reason": "mistake", "challenged_at": "2023-10-05T14:00:00Z"}), "p"),
			of(2, Partnership, "p"), of(3, Partnership.And(Row{"delivery_partner_id": nil}), "p"),
			of(0, Partnership.And(Row{"cohort_id": ID("2022")}), "last"),
			of(4, Partnership.And(Row{"cohort_id": ID("2022"), "challenge_reason": "no_ects"}), "last"),
			of(5, Partnership.And(Row{"relationship": true}), "p"),
		},
		// Of no school: reports of people are not empty, and the schools' know nothing of them.
		"users":                    {{"id": ID("somebody"), "full_name": "Some Body", "email": "somebody@example.com", "created_at": "2023-06-01T00:00:00Z"}},
		"teacher_profiles":         {{"id": ID("teacher"), "user_id": ID("somebody")}},
		"participant_profiles":     {ECT.And(Row{"school_cohort_id": nil, "created_at": "2023-07-01T00:00:00Z"})},
		"cpd_lead_providers":       {{"id": ID("holder"), "name": "Ambition Contracts"}},
		"participant_declarations": {declaration("started", "somebody", "paid")},
	})
}
