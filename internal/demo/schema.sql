-- The CPD service's own tables, as it declares them. Keys, indexes and foreign keys follow the load (keys.sql,
-- foreign_keys.sql): building them once over whole tables is several times cheaper than keeping them up.

CREATE TABLE cohorts (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    start_year smallint NOT NULL,
    registration_start_date timestamp without time zone,
    academic_year_start_date timestamp without time zone,
    automatic_assignment_period_end_date date,
    payments_frozen_at timestamp(6) without time zone,
    mentor_funding boolean NOT NULL DEFAULT false,
    detailed_evidence_types boolean NOT NULL DEFAULT false
);

CREATE TABLE cpd_lead_providers (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name text NOT NULL
);

CREATE TABLE lead_providers (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name character varying NOT NULL,
    cpd_lead_provider_id uuid,
    vat_chargeable boolean DEFAULT true
);

CREATE TABLE delivery_partners (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name character varying NOT NULL,
    discarded_at timestamp without time zone
);

CREATE TABLE core_induction_programmes (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name character varying NOT NULL
);

CREATE TABLE provider_relationships (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    lead_provider_id uuid NOT NULL,
    delivery_partner_id uuid NOT NULL,
    cohort_id uuid NOT NULL,
    discarded_at timestamp without time zone
);

CREATE TABLE appropriate_bodies (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name character varying NOT NULL,
    body_type character varying NOT NULL,
    disable_from_year integer,
    listed boolean NOT NULL DEFAULT false,
    listed_for_school_type_codes integer[] DEFAULT '{}',
    selectable_by_schools boolean NOT NULL DEFAULT true
);

CREATE TABLE networks (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name character varying NOT NULL,
    group_type character varying,
    group_type_code character varying,
    group_id character varying,
    group_uid character varying,
    secondary_contact_email character varying
);

CREATE TABLE schools (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    urn character varying NOT NULL,
    name character varying NOT NULL,
    ukprn character varying,
    school_type_code integer,
    school_type_name character varying,
    school_phase_type integer,
    school_phase_name character varying,
    school_status_code integer,
    school_status_name character varying,
    address_line1 character varying NOT NULL,
    address_line2 character varying,
    address_line3 character varying,
    postcode character varying NOT NULL,
    administrative_district_code character varying,
    administrative_district_name character varying,
    section_41_approved boolean NOT NULL DEFAULT false,
    primary_contact_email character varying,
    secondary_contact_email character varying,
    school_website character varying,
    slug character varying,
    domains character varying[] NOT NULL DEFAULT '{}',
    network_id uuid
);

CREATE TABLE additional_school_emails (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    email_address character varying NOT NULL
);

CREATE TABLE school_links (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    link_urn character varying NOT NULL,
    link_type character varying NOT NULL,
    link_reason character varying NOT NULL DEFAULT 'simple'
);

CREATE TABLE local_authorities (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    code character varying,
    name character varying
);

CREATE TABLE local_authority_districts (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    code character varying,
    name character varying
);

CREATE TABLE school_local_authorities (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    local_authority_id uuid NOT NULL,
    start_year smallint NOT NULL,
    end_year smallint
);

CREATE TABLE school_local_authority_districts (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    local_authority_district_id uuid NOT NULL,
    start_year smallint NOT NULL,
    end_year smallint
);

CREATE TABLE district_sparsities (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    local_authority_district_id uuid NOT NULL,
    start_year smallint NOT NULL,
    end_year smallint
);

CREATE TABLE pupil_premiums (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    start_year smallint NOT NULL,
    pupil_premium_incentive boolean NOT NULL DEFAULT false,
    sparsity_incentive boolean NOT NULL DEFAULT false
);

CREATE TABLE school_cohorts (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    cohort_id uuid NOT NULL,
    induction_programme_choice character varying NOT NULL,
    core_induction_programme_id uuid,
    default_induction_programme_id uuid,
    appropriate_body_id uuid,
    opt_out_of_updates boolean NOT NULL DEFAULT false,
    estimated_teacher_count integer,
    estimated_mentor_count integer
);

CREATE TABLE partnerships (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    lead_provider_id uuid NOT NULL,
    cohort_id uuid NOT NULL,
    delivery_partner_id uuid,
    challenged_at timestamp without time zone,
    challenge_reason character varying,
    challenge_deadline timestamp without time zone,
    pending boolean NOT NULL DEFAULT false,
    report_id uuid,
    relationship boolean NOT NULL DEFAULT false
);

CREATE TABLE partnership_notification_emails (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    partnership_id uuid NOT NULL,
    email_type character varying NOT NULL,
    token character varying,
    sent_to character varying,
    notify_id character varying,
    notify_status character varying,
    delivered_at timestamp without time zone
);

CREATE TABLE nomination_emails (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_id uuid NOT NULL,
    token character varying NOT NULL,
    sent_to character varying NOT NULL,
    sent_at timestamp without time zone,
    opened_at timestamp without time zone,
    notify_id character varying,
    notify_status character varying,
    delivered_at timestamp without time zone,
    partnership_notification_email_id uuid
);

CREATE TABLE users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    full_name character varying NOT NULL,
    email citext NOT NULL DEFAULT '',
    current_sign_in_at timestamp without time zone,
    last_sign_in_at timestamp without time zone,
    sign_in_count integer NOT NULL DEFAULT 0,
    current_sign_in_ip inet,
    last_sign_in_ip inet,
    login_token character varying,
    login_token_valid_until timestamp without time zone,
    remember_created_at timestamp without time zone,
    discarded_at timestamp without time zone,
    archived_at timestamp without time zone,
    archived_email character varying,
    get_an_identity_id character varying
);

CREATE TABLE induction_coordinator_profiles (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    user_id uuid NOT NULL,
    discarded_at timestamp without time zone,
    reminder_email_sent_at timestamp without time zone
);

CREATE TABLE induction_coordinator_profiles_schools (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    induction_coordinator_profile_id uuid NOT NULL,
    school_id uuid NOT NULL
);

CREATE TABLE teacher_profiles (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    user_id uuid NOT NULL,
    trn character varying,
    school_id uuid
);

CREATE TABLE participant_identities (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    user_id uuid NOT NULL,
    email citext NOT NULL,
    external_identifier uuid NOT NULL,
    origin character varying NOT NULL DEFAULT 'ecf'
);

CREATE TABLE schedules (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name text NOT NULL,
    schedule_identifier character varying,
    type character varying,
    cohort_id uuid,
    identifier_alias text
);

CREATE TABLE participant_profiles (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    type character varying NOT NULL,
    status text NOT NULL DEFAULT 'active',
    training_status character varying NOT NULL DEFAULT 'active',
    school_cohort_id uuid,
    teacher_profile_id uuid,
    participant_identity_id uuid,
    schedule_id uuid NOT NULL,
    mentor_profile_id uuid,
    sparsity_uplift boolean NOT NULL DEFAULT false,
    pupil_premium_uplift boolean NOT NULL DEFAULT false,
    profile_duplicity character varying NOT NULL DEFAULT 'single',
    induction_start_date date,
    induction_completion_date date,
    mentor_completion_date date,
    mentor_completion_reason character varying,
    cohort_changed_after_payments_frozen boolean DEFAULT false,
    notes character varying,
    school_id uuid,
    cohort_id uuid,
    core_induction_programme_id uuid,
    school_urn text,
    school_ukprn text,
    request_for_details_sent_at timestamp without time zone
);

CREATE TABLE induction_programmes (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    school_cohort_id uuid NOT NULL,
    training_programme character varying NOT NULL,
    partnership_id uuid,
    core_induction_programme_id uuid,
    delivery_partner_to_be_confirmed boolean DEFAULT false
);

CREATE TABLE induction_records (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    induction_programme_id uuid NOT NULL,
    participant_profile_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    start_date timestamp without time zone NOT NULL,
    end_date timestamp without time zone,
    induction_status character varying NOT NULL DEFAULT 'active',
    training_status character varying NOT NULL DEFAULT 'active',
    school_transfer boolean NOT NULL DEFAULT false,
    mentor_profile_id uuid,
    appropriate_body_id uuid,
    preferred_identity_id uuid
);

CREATE TABLE school_mentors (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    participant_profile_id uuid NOT NULL,
    school_id uuid NOT NULL,
    preferred_identity_id uuid NOT NULL,
    remove_from_school_on date
);

CREATE TABLE ecf_participant_eligibilities (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    participant_profile_id uuid NOT NULL,
    status character varying NOT NULL DEFAULT 'manual_check',
    reason character varying NOT NULL DEFAULT 'none',
    manually_validated boolean DEFAULT false,
    qts boolean,
    active_flags boolean,
    previous_participation boolean,
    previous_induction boolean,
    different_trn boolean,
    no_induction boolean,
    exempt_from_induction boolean
);

CREATE TABLE ecf_participant_validation_data (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    participant_profile_id uuid NOT NULL,
    full_name character varying,
    trn character varying,
    nino character varying,
    date_of_birth date,
    api_failure boolean DEFAULT false
);

CREATE TABLE participant_profile_states (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    participant_profile_id uuid NOT NULL,
    state text DEFAULT 'active',
    reason text,
    cpd_lead_provider_id uuid
);

CREATE TABLE participant_declarations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    user_id uuid NOT NULL,
    participant_profile_id uuid,
    declaration_type character varying,
    declaration_date timestamp without time zone,
    course_identifier character varying,
    evidence_held character varying,
    type character varying DEFAULT 'ParticipantDeclaration::ECF',
    state character varying NOT NULL DEFAULT 'submitted',
    cpd_lead_provider_id uuid,
    delivery_partner_id uuid,
    mentor_user_id uuid,
    voided_by_user_id uuid,
    superseded_by_id uuid,
    sparsity_uplift boolean,
    pupil_premium_uplift boolean,
    cohort_id uuid NOT NULL,
    voided_at timestamp(6) without time zone
);

CREATE TABLE declaration_states (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    participant_declaration_id uuid NOT NULL,
    state character varying NOT NULL DEFAULT 'submitted',
    state_reason character varying
);

CREATE TABLE data_stage_schools (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    urn character varying NOT NULL,
    name character varying NOT NULL,
    ukprn character varying,
    school_type_code integer,
    school_type_name character varying,
    school_phase_type integer,
    school_phase_name character varying,
    school_status_code integer,
    school_status_name character varying,
    address_line1 character varying NOT NULL,
    address_line2 character varying,
    address_line3 character varying,
    postcode character varying NOT NULL,
    administrative_district_code character varying,
    administrative_district_name character varying,
    section_41_approved boolean,
    primary_contact_email character varying,
    secondary_contact_email character varying,
    school_website character varying,
    la_code character varying
);

CREATE TABLE data_stage_school_changes (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    data_stage_school_id uuid NOT NULL,
    attribute_changes json,
    status character varying NOT NULL DEFAULT 'changed',
    handled boolean NOT NULL DEFAULT false
);

CREATE TABLE data_stage_school_links (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    data_stage_school_id uuid NOT NULL,
    link_urn character varying NOT NULL,
    link_type character varying NOT NULL
);

-- The old program's own output and its forerunner. They stay empty: nothing of ours reads them.
CREATE TABLE analytics_schools (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name character varying,
    urn character varying NOT NULL,
    school_type_name character varying,
    school_phase_type integer,
    school_phase_name character varying,
    school_status_code integer,
    school_status_name character varying,
    postcode character varying,
    administrative_district_code character varying,
    administrative_district_name character varying,
    nomination_email_opened_at timestamp without time zone,
    induction_tutor_nominated boolean,
    tutor_nominated_time timestamp without time zone,
    induction_tutor_signed_in boolean,
    induction_programme_choice character varying,
    in_partnership boolean,
    partnership_time timestamp without time zone,
    partnership_challenge_reason character varying,
    partnership_challenge_time character varying,
    lead_provider character varying,
    delivery_partner character varying,
    chosen_cip character varying,
    active_participants boolean,
    pupil_premium boolean,
    sparsity boolean
);

CREATE TABLE ecf_schools (LIKE analytics_schools INCLUDING DEFAULTS);
