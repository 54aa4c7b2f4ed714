-- +goose Up
-- What a report needs of the CPD service's tables, under the service's own names and types: times are UTC without a
-- zone, enums plain text. cpd.<table> is a view of the physical copy that is live, cpd.<table>_<number>. A sync fills,
-- indexes and analyses new copies beside it and re-points all views in one transaction, so dependent views and grants
-- survive, readers are never locked out for longer than that transaction, and the old copy is whole if it fails.
-- The views can be written to (tests do). jobs/cpd/tables.go says the same in Go, and a test compares the two.
CREATE SEQUENCE cpd.copies;
COMMENT ON SEQUENCE cpd.copies IS 'Numbers the physical copies behind the views; 0 is the empty one that a migration made';

CREATE TABLE cpd.cohorts_0 (
    id uuid PRIMARY KEY,
    start_year smallint,
    academic_year_start_date timestamp without time zone
);
CREATE VIEW cpd.cohorts AS SELECT id, start_year, academic_year_start_date FROM cpd.cohorts_0;
COMMENT ON VIEW cpd.cohorts IS 'One academic year''s intake; 2021 is 2021 to 2022';

CREATE TABLE cpd.lead_providers_0 (
    id uuid PRIMARY KEY,
    name character varying
);
CREATE VIEW cpd.lead_providers AS SELECT id, name FROM cpd.lead_providers_0;

CREATE TABLE cpd.delivery_partners_0 (
    id uuid PRIMARY KEY,
    name character varying,
    discarded_at timestamp without time zone
);
CREATE VIEW cpd.delivery_partners AS SELECT id, name, discarded_at FROM cpd.delivery_partners_0;
COMMENT ON COLUMN cpd.delivery_partners.discarded_at IS 'Soft delete: the service hides rows where it is set';

CREATE TABLE cpd.core_induction_programmes_0 (
    id uuid PRIMARY KEY,
    name character varying
);
CREATE VIEW cpd.core_induction_programmes AS SELECT id, name FROM cpd.core_induction_programmes_0;

CREATE TABLE cpd.appropriate_bodies_0 (
    id uuid PRIMARY KEY,
    name character varying
);
CREATE VIEW cpd.appropriate_bodies AS SELECT id, name FROM cpd.appropriate_bodies_0;

CREATE TABLE cpd.schools_0 (
    id uuid PRIMARY KEY,
    urn character varying,
    name character varying,
    ukprn character varying,
    school_type_code integer,
    school_type_name character varying,
    school_phase_type integer,
    school_phase_name character varying,
    school_status_code integer,
    school_status_name character varying,
    postcode character varying,
    administrative_district_code character varying,
    administrative_district_name character varying,
    section_41_approved boolean,
    has_contact_address boolean
);
CREATE VIEW cpd.schools AS
SELECT id, urn, name, ukprn, school_type_code, school_type_name, school_phase_type, school_phase_name,
       school_status_code, school_status_name, postcode, administrative_district_code, administrative_district_name,
       section_41_approved, has_contact_address
FROM cpd.schools_0;
COMMENT ON COLUMN cpd.schools.has_contact_address IS
    'Computed at the source: either contact e-mail is not blank. The addresses themselves are never copied';

CREATE TABLE cpd.local_authorities_0 (
    id uuid PRIMARY KEY,
    code character varying,
    name character varying
);
CREATE VIEW cpd.local_authorities AS SELECT id, code, name FROM cpd.local_authorities_0;

CREATE TABLE cpd.local_authority_districts_0 (
    id uuid PRIMARY KEY,
    code character varying,
    name character varying
);
CREATE VIEW cpd.local_authority_districts AS SELECT id, code, name FROM cpd.local_authority_districts_0;

CREATE TABLE cpd.school_local_authorities_0 (
    id uuid PRIMARY KEY,
    school_id uuid,
    local_authority_id uuid,
    start_year smallint,
    end_year smallint,
    created_at timestamp without time zone
);
CREATE VIEW cpd.school_local_authorities AS
SELECT id, school_id, local_authority_id, start_year, end_year, created_at FROM cpd.school_local_authorities_0;
COMMENT ON COLUMN cpd.school_local_authorities.end_year IS 'NULL is current; nothing enforces at most one';

CREATE TABLE cpd.school_local_authority_districts_0 (
    id uuid PRIMARY KEY,
    school_id uuid,
    local_authority_district_id uuid,
    start_year smallint,
    end_year smallint,
    created_at timestamp without time zone
);
CREATE VIEW cpd.school_local_authority_districts AS
SELECT id, school_id, local_authority_district_id, start_year, end_year, created_at
FROM cpd.school_local_authority_districts_0;
COMMENT ON COLUMN cpd.school_local_authority_districts.end_year IS 'NULL is current; nothing enforces at most one';

CREATE TABLE cpd.district_sparsities_0 (
    id uuid PRIMARY KEY,
    local_authority_district_id uuid,
    start_year smallint,
    end_year smallint
);
CREATE VIEW cpd.district_sparsities AS
SELECT id, local_authority_district_id, start_year, end_year FROM cpd.district_sparsities_0;
COMMENT ON COLUMN cpd.district_sparsities.end_year IS 'NULL is still sparse; the end is exclusive';

CREATE TABLE cpd.pupil_premiums_0 (
    id uuid PRIMARY KEY,
    school_id uuid,
    start_year smallint,
    pupil_premium_incentive boolean,
    sparsity_incentive boolean
);
CREATE VIEW cpd.pupil_premiums AS
SELECT id, school_id, start_year, pupil_premium_incentive, sparsity_incentive FROM cpd.pupil_premiums_0;
COMMENT ON VIEW cpd.pupil_premiums IS 'Both uplift flags by school and cohort year; nothing makes (school_id, start_year) unique';

CREATE TABLE cpd.school_cohorts_0 (
    id uuid PRIMARY KEY,
    school_id uuid,
    cohort_id uuid,
    induction_programme_choice character varying,
    core_induction_programme_id uuid,
    appropriate_body_id uuid,
    opt_out_of_updates boolean,
    created_at timestamp without time zone
);
CREATE VIEW cpd.school_cohorts AS
SELECT id, school_id, cohort_id, induction_programme_choice, core_induction_programme_id, appropriate_body_id,
       opt_out_of_updates, created_at
FROM cpd.school_cohorts_0;

CREATE TABLE cpd.partnerships_0 (
    id uuid PRIMARY KEY,
    school_id uuid,
    lead_provider_id uuid,
    delivery_partner_id uuid,
    cohort_id uuid,
    challenged_at timestamp without time zone,
    challenge_reason character varying,
    pending boolean,
    relationship boolean,
    created_at timestamp without time zone
);
CREATE VIEW cpd.partnerships AS
SELECT id, school_id, lead_provider_id, delivery_partner_id, cohort_id, challenged_at, challenge_reason, pending,
       relationship, created_at
FROM cpd.partnerships_0;
COMMENT ON COLUMN cpd.partnerships.relationship IS
    'Made by the school for a transferred participant: not the school''s own partnership';

CREATE TABLE cpd.nomination_emails_0 (
    id uuid PRIMARY KEY,
    school_id uuid,
    sent_at timestamp without time zone,
    opened_at timestamp without time zone,
    notify_status character varying,
    created_at timestamp without time zone
);
CREATE VIEW cpd.nomination_emails AS
SELECT id, school_id, sent_at, opened_at, notify_status, created_at FROM cpd.nomination_emails_0;
COMMENT ON VIEW cpd.nomination_emails IS 'That and when a school was written to; not the address, nor the link''s token';

CREATE TABLE cpd.induction_coordinator_profiles_0 (
    id uuid PRIMARY KEY,
    user_id uuid
);
CREATE VIEW cpd.induction_coordinator_profiles AS SELECT id, user_id FROM cpd.induction_coordinator_profiles_0;

CREATE TABLE cpd.induction_coordinator_profiles_schools_0 (
    id uuid PRIMARY KEY,
    induction_coordinator_profile_id uuid,
    school_id uuid,
    created_at timestamp without time zone
);
CREATE VIEW cpd.induction_coordinator_profiles_schools AS
SELECT id, induction_coordinator_profile_id, school_id, created_at FROM cpd.induction_coordinator_profiles_schools_0;
COMMENT ON VIEW cpd.induction_coordinator_profiles_schools IS
    'Tutor at school; the service has no foreign keys here, so a link may lead nowhere';

CREATE TABLE cpd.users_0 (
    id uuid PRIMARY KEY,
    current_sign_in_at timestamp without time zone,
    created_at timestamp without time zone
);
CREATE VIEW cpd.users AS SELECT id, current_sign_in_at, created_at FROM cpd.users_0;
COMMENT ON VIEW cpd.users IS 'That a user exists and when it was made and signed in last; no name, no address';

CREATE TABLE cpd.teacher_profiles_0 (
    id uuid PRIMARY KEY,
    user_id uuid
);
CREATE VIEW cpd.teacher_profiles AS SELECT id, user_id FROM cpd.teacher_profiles_0;

CREATE TABLE cpd.participant_profiles_0 (
    id uuid PRIMARY KEY,
    type character varying,
    status text,
    school_cohort_id uuid,
    teacher_profile_id uuid
);
CREATE VIEW cpd.participant_profiles AS
SELECT id, type, status, school_cohort_id, teacher_profile_id FROM cpd.participant_profiles_0;

CREATE TABLE cpd.induction_programmes_0 (
    id uuid PRIMARY KEY,
    school_cohort_id uuid
);
CREATE VIEW cpd.induction_programmes AS SELECT id, school_cohort_id FROM cpd.induction_programmes_0;

CREATE TABLE cpd.induction_records_0 (
    id uuid PRIMARY KEY,
    induction_programme_id uuid,
    participant_profile_id uuid,
    start_date timestamp without time zone,
    end_date timestamp without time zone,
    induction_status character varying,
    school_transfer boolean
);
CREATE VIEW cpd.induction_records AS
SELECT id, induction_programme_id, participant_profile_id, start_date, end_date, induction_status, school_transfer
FROM cpd.induction_records_0;
