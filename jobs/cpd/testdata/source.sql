-- The CPD service's own tables, as far as they are copied, with all their columns.
CREATE EXTENSION IF NOT EXISTS citext;

CREATE TABLE cohorts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    start_year smallint NOT NULL,
    registration_start_date timestamp without time zone,
    academic_year_start_date timestamp without time zone,
    automatic_assignment_period_end_date date,
    payments_frozen_at timestamp(6) without time zone,
    mentor_funding boolean NOT NULL DEFAULT false,
    detailed_evidence_types boolean NOT NULL DEFAULT false,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE lead_providers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name character varying NOT NULL,
    cpd_lead_provider_id uuid,
    vat_chargeable boolean DEFAULT true,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE delivery_partners (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name character varying NOT NULL,
    discarded_at timestamp without time zone,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE core_induction_programmes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name character varying NOT NULL,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE appropriate_bodies (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name character varying NOT NULL,
    body_type character varying NOT NULL DEFAULT 'national',
    disable_from_year integer,
    listed boolean NOT NULL DEFAULT false,
    listed_for_school_type_codes integer[] DEFAULT '{}',
    selectable_by_schools boolean NOT NULL DEFAULT true,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE schools (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    urn character varying NOT NULL,
    name character varying NOT NULL,
    ukprn character varying,
    school_type_code integer,
    school_type_name character varying,
    school_phase_type integer,
    school_phase_name character varying,
    school_status_code integer,
    school_status_name character varying,
    address_line1 character varying NOT NULL DEFAULT '',
    address_line2 character varying,
    address_line3 character varying,
    postcode character varying NOT NULL DEFAULT '',
    administrative_district_code character varying,
    administrative_district_name character varying,
    section_41_approved boolean NOT NULL DEFAULT false,
    primary_contact_email character varying,
    secondary_contact_email character varying,
    school_website character varying,
    slug character varying,
    domains character varying[] NOT NULL DEFAULT '{}',
    network_id uuid,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE local_authorities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code character varying,
    name character varying,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE local_authority_districts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code character varying,
    name character varying,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE school_local_authorities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school_id uuid NOT NULL,
    local_authority_id uuid NOT NULL,
    start_year smallint NOT NULL,
    end_year smallint,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE school_local_authority_districts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school_id uuid NOT NULL,
    local_authority_district_id uuid NOT NULL,
    start_year smallint NOT NULL,
    end_year smallint,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE district_sparsities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    local_authority_district_id uuid NOT NULL,
    start_year smallint NOT NULL,
    end_year smallint,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE pupil_premiums (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school_id uuid NOT NULL,
    start_year smallint NOT NULL,
    pupil_premium_incentive boolean NOT NULL DEFAULT false,
    sparsity_incentive boolean NOT NULL DEFAULT false,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE school_cohorts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school_id uuid NOT NULL,
    cohort_id uuid NOT NULL,
    induction_programme_choice character varying NOT NULL,
    core_induction_programme_id uuid,
    default_induction_programme_id uuid,
    appropriate_body_id uuid,
    opt_out_of_updates boolean NOT NULL DEFAULT false,
    estimated_teacher_count integer,
    estimated_mentor_count integer,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE partnerships (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school_id uuid NOT NULL,
    lead_provider_id uuid NOT NULL,
    cohort_id uuid NOT NULL,
    delivery_partner_id uuid,
    challenged_at timestamp without time zone,
    challenge_reason character varying,
    challenge_deadline timestamp without time zone,
    pending boolean NOT NULL DEFAULT false,
    report_id uuid,
    relationship boolean NOT NULL DEFAULT false,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE nomination_emails (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school_id uuid NOT NULL,
    token character varying NOT NULL DEFAULT gen_random_uuid()::text,
    sent_to character varying NOT NULL DEFAULT 'office@example.com',
    sent_at timestamp without time zone,
    opened_at timestamp without time zone,
    notify_id character varying,
    notify_status character varying,
    delivered_at timestamp without time zone,
    partnership_notification_email_id uuid,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE induction_coordinator_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    discarded_at timestamp without time zone,
    reminder_email_sent_at timestamp without time zone,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE induction_coordinator_profiles_schools (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    induction_coordinator_profile_id uuid NOT NULL,
    school_id uuid NOT NULL,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    full_name character varying NOT NULL DEFAULT 'A Person',
    email citext NOT NULL DEFAULT 'user@example.org',
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
    get_an_identity_id character varying,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE teacher_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    trn character varying,
    school_id uuid,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE participant_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    type character varying NOT NULL,
    status text NOT NULL DEFAULT 'active',
    training_status character varying NOT NULL DEFAULT 'active',
    school_cohort_id uuid,
    teacher_profile_id uuid,
    participant_identity_id uuid,
    schedule_id uuid NOT NULL DEFAULT gen_random_uuid(),
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
    request_for_details_sent_at timestamp without time zone,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE induction_programmes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school_cohort_id uuid NOT NULL,
    training_programme character varying NOT NULL DEFAULT 'full_induction_programme',
    partnership_id uuid,
    core_induction_programme_id uuid,
    delivery_partner_to_be_confirmed boolean DEFAULT false,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE induction_records (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    induction_programme_id uuid NOT NULL,
    participant_profile_id uuid NOT NULL,
    schedule_id uuid NOT NULL DEFAULT gen_random_uuid(),
    start_date timestamp without time zone NOT NULL,
    end_date timestamp without time zone,
    induction_status character varying NOT NULL DEFAULT 'active',
    training_status character varying NOT NULL DEFAULT 'active',
    school_transfer boolean NOT NULL DEFAULT false,
    mentor_profile_id uuid,
    appropriate_body_id uuid,
    preferred_identity_id uuid,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE cpd_lead_providers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE schedules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    schedule_identifier character varying,
    type character varying,
    cohort_id uuid,
    identifier_alias text,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE participant_identities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    email citext NOT NULL DEFAULT 'user@example.org',
    external_identifier uuid NOT NULL,
    origin character varying NOT NULL DEFAULT 'ecf',
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE ecf_participant_eligibilities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
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
    exempt_from_induction boolean,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE ecf_participant_validation_data (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    participant_profile_id uuid NOT NULL,
    full_name character varying,
    trn character varying,
    nino character varying,
    date_of_birth date,
    api_failure boolean DEFAULT false,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE participant_profile_states (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    participant_profile_id uuid NOT NULL,
    state text DEFAULT 'active',
    reason text,
    cpd_lead_provider_id uuid,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE participant_declarations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
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
    cohort_id uuid NOT NULL DEFAULT gen_random_uuid(),
    voided_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
CREATE TABLE declaration_states (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    participant_declaration_id uuid NOT NULL,
    state character varying NOT NULL DEFAULT 'submitted',
    state_reason character varying,
    created_at timestamp(6) without time zone NOT NULL DEFAULT now(),
    updated_at timestamp(6) without time zone NOT NULL DEFAULT now()
);
