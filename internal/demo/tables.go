package demo

// tableID names one of the service's tables that the generator fills.
type tableID int

const (
	cohorts tableID = iota
	cpdLeadProviders
	leadProviders
	deliveryPartners
	coreInductionProgrammes
	providerRelationships
	appropriateBodies
	networks
	schools
	additionalSchoolEmails
	schoolLinks
	localAuthorities
	localAuthorityDistricts
	schoolLocalAuthorities
	schoolLocalAuthorityDistricts
	districtSparsities
	pupilPremiums
	schoolCohorts
	partnerships
	partnershipNotificationEmails
	nominationEmails
	users
	inductionCoordinatorProfiles
	inductionCoordinatorProfilesSchools
	teacherProfiles
	participantIdentities
	schedules
	participantProfiles
	inductionProgrammes
	inductionRecords
	schoolMentors
	eligibilities
	validationData
	participantProfileStates
	participantDeclarations
	declarationStates
	dataStageSchools
	dataStageSchoolChanges
	dataStageSchoolLinks
	tableCount
)

// tableSpec says how a table is copied: the columns that the generator writes, in its order, after id, created_at
// and updated_at, which begin every row. Columns left out take the table's default.
type tableSpec struct {
	name    string
	columns []string
}

var tables = [tableCount]tableSpec{
	cohorts: {"cohorts", []string{"start_year", "registration_start_date", "academic_year_start_date",
		"automatic_assignment_period_end_date", "payments_frozen_at", "mentor_funding", "detailed_evidence_types"}},
	cpdLeadProviders:        {"cpd_lead_providers", []string{"name"}},
	leadProviders:           {"lead_providers", []string{"name", "cpd_lead_provider_id"}},
	deliveryPartners:        {"delivery_partners", []string{"name", "discarded_at"}},
	coreInductionProgrammes: {"core_induction_programmes", []string{"name"}},
	providerRelationships:   {"provider_relationships", []string{"lead_provider_id", "delivery_partner_id", "cohort_id"}},
	appropriateBodies: {"appropriate_bodies", []string{"name", "body_type", "disable_from_year", "listed",
		"listed_for_school_type_codes"}},
	networks: {"networks", []string{"name", "group_type", "group_type_code", "group_id", "group_uid"}},
	schools: {"schools", []string{"urn", "name", "ukprn", "school_type_code", "school_type_name", "school_phase_type",
		"school_phase_name", "school_status_code", "school_status_name", "address_line1", "address_line2",
		"address_line3", "postcode", "administrative_district_code", "administrative_district_name",
		"section_41_approved", "primary_contact_email", "secondary_contact_email", "school_website", "slug",
		"network_id"}},
	additionalSchoolEmails:  {"additional_school_emails", []string{"school_id", "email_address"}},
	schoolLinks:             {"school_links", []string{"school_id", "link_urn", "link_type", "link_reason"}},
	localAuthorities:        {"local_authorities", []string{"code", "name"}},
	localAuthorityDistricts: {"local_authority_districts", []string{"code", "name"}},
	schoolLocalAuthorities:  {"school_local_authorities", []string{"school_id", "local_authority_id", "start_year", "end_year"}},
	schoolLocalAuthorityDistricts: {"school_local_authority_districts", []string{"school_id",
		"local_authority_district_id", "start_year", "end_year"}},
	districtSparsities: {"district_sparsities", []string{"local_authority_district_id", "start_year", "end_year"}},
	pupilPremiums: {"pupil_premiums", []string{"school_id", "start_year", "pupil_premium_incentive",
		"sparsity_incentive"}},
	schoolCohorts: {"school_cohorts", []string{"school_id", "cohort_id", "induction_programme_choice",
		"core_induction_programme_id", "default_induction_programme_id", "appropriate_body_id", "opt_out_of_updates",
		"estimated_teacher_count", "estimated_mentor_count"}},
	partnerships: {"partnerships", []string{"school_id", "lead_provider_id", "cohort_id", "delivery_partner_id",
		"challenged_at", "challenge_reason", "challenge_deadline", "pending", "report_id", "relationship"}},
	partnershipNotificationEmails: {"partnership_notification_emails", []string{"partnership_id", "email_type",
		"token", "sent_to", "notify_id", "notify_status", "delivered_at"}},
	nominationEmails: {"nomination_emails", []string{"school_id", "token", "sent_to", "sent_at", "opened_at",
		"notify_id", "notify_status", "delivered_at", "partnership_notification_email_id"}},
	users: {"users", []string{"full_name", "email", "current_sign_in_at", "last_sign_in_at", "sign_in_count",
		"current_sign_in_ip"}},
	inductionCoordinatorProfiles: {"induction_coordinator_profiles", []string{"user_id", "discarded_at",
		"reminder_email_sent_at"}},
	inductionCoordinatorProfilesSchools: {"induction_coordinator_profiles_schools",
		[]string{"induction_coordinator_profile_id", "school_id"}},
	teacherProfiles:       {"teacher_profiles", []string{"user_id", "trn", "school_id"}},
	participantIdentities: {"participant_identities", []string{"user_id", "email", "external_identifier", "origin"}},
	schedules:             {"schedules", []string{"name", "schedule_identifier", "type", "cohort_id"}},
	participantProfiles: {"participant_profiles", []string{"type", "status", "training_status", "school_cohort_id",
		"teacher_profile_id", "participant_identity_id", "schedule_id", "mentor_profile_id", "sparsity_uplift",
		"pupil_premium_uplift", "profile_duplicity", "induction_start_date", "induction_completion_date",
		"mentor_completion_date", "mentor_completion_reason"}},
	inductionProgrammes: {"induction_programmes", []string{"school_cohort_id", "training_programme",
		"partnership_id", "core_induction_programme_id", "delivery_partner_to_be_confirmed"}},
	inductionRecords: {"induction_records", []string{"induction_programme_id", "participant_profile_id",
		"schedule_id", "start_date", "end_date", "induction_status", "training_status", "school_transfer",
		"mentor_profile_id", "appropriate_body_id", "preferred_identity_id"}},
	schoolMentors: {"school_mentors", []string{"participant_profile_id", "school_id", "preferred_identity_id",
		"remove_from_school_on"}},
	eligibilities: {"ecf_participant_eligibilities", []string{"participant_profile_id", "status", "reason",
		"manually_validated", "qts", "active_flags", "previous_participation", "previous_induction"}},
	validationData: {"ecf_participant_validation_data", []string{"participant_profile_id", "full_name", "trn",
		"date_of_birth", "api_failure"}},
	participantProfileStates: {"participant_profile_states", []string{"participant_profile_id", "state", "reason",
		"cpd_lead_provider_id"}},
	participantDeclarations: {"participant_declarations", []string{"user_id", "participant_profile_id",
		"declaration_type", "declaration_date", "course_identifier", "evidence_held", "state", "cpd_lead_provider_id",
		"delivery_partner_id", "voided_by_user_id", "sparsity_uplift", "pupil_premium_uplift", "cohort_id", "voided_at"}},
	declarationStates: {"declaration_states", []string{"participant_declaration_id", "state", "state_reason"}},
	dataStageSchools: {"data_stage_schools", []string{"urn", "name", "ukprn", "school_type_code", "school_type_name",
		"school_phase_type", "school_phase_name", "school_status_code", "school_status_name", "address_line1",
		"address_line2", "address_line3", "postcode", "administrative_district_code", "administrative_district_name",
		"section_41_approved", "primary_contact_email", "secondary_contact_email", "school_website", "la_code"}},
	dataStageSchoolChanges: {"data_stage_school_changes", []string{"data_stage_school_id", "attribute_changes",
		"status", "handled"}},
	dataStageSchoolLinks: {"data_stage_school_links", []string{"data_stage_school_id", "link_urn", "link_type"}},
}

// emptyTables are the service's tables that a demo source has but does not fill.
var emptyTables = []string{"analytics_schools", "ecf_schools"}

// allTables names every table of a source, in the order of their declaration.
func allTables() []string {
	names := make([]string, 0, len(tables)+len(emptyTables))
	for _, t := range tables {
		names = append(names, t.name)
	}
	return append(names, emptyTables...)
}
