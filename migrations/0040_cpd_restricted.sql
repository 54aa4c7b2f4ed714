-- +goose Up
-- What the restricted reports use of the CPD service's tables. Columns about a person go to restricted.cpd_<table>,
-- which is made and swapped as cpd.<table> is (0004_cpd.sql); the others are added to cpd. All are empty until the next
-- sync. jobs/cpd/tables_restricted.go says the same in Go, and a test compares the two.

-- Reports of schema restricted may be read by members of this role. A managed server may not let us make it.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cpd_jobs_personal') THEN
        CREATE ROLE cpd_jobs_personal NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE WARNING 'role cpd_jobs_personal cannot be made by %: ask the server''s administrator for it', current_user;
    WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database of the same server made it at this moment
END
$$;
-- +goose StatementEnd

CREATE TABLE cpd.cpd_lead_providers_0 (
    id uuid PRIMARY KEY,
    name text
);
CREATE VIEW cpd.cpd_lead_providers AS SELECT id, name FROM cpd.cpd_lead_providers_0;
COMMENT ON VIEW cpd.cpd_lead_providers IS 'The contract holders, parents of lead providers: declarations point here';

CREATE TABLE cpd.schedules_0 (
    id uuid PRIMARY KEY,
    name text,
    schedule_identifier character varying
);
CREATE VIEW cpd.schedules AS SELECT id, name, schedule_identifier FROM cpd.schedules_0;
COMMENT ON VIEW cpd.schedules IS 'Timetables of training, which participants'' profiles name';

-- The live copy may be any number, so each view is asked what it shows.
-- +goose StatementBegin
DO $$
DECLARE
    added record;
    shown regclass;
    columns text;
BEGIN
    FOR added IN
        SELECT * FROM (VALUES
            ('induction_coordinator_profiles', 'created_at', 'timestamp without time zone'),
            ('participant_profiles', 'schedule_id', 'uuid'),
            ('participant_profiles', 'created_at', 'timestamp without time zone'),
            ('induction_records', 'training_status', 'character varying'),
            ('induction_records', 'created_at', 'timestamp without time zone')
        ) AS a (name, new_column, type)
    LOOP
        SELECT DISTINCT d.refobjid::regclass INTO STRICT shown
        FROM pg_rewrite AS r
        JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
        WHERE r.ev_class = format('cpd.%I', added.name)::regclass;
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', shown, added.new_column, added.type);
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
        FROM pg_attribute WHERE attrelid = shown AND attnum > 0 AND NOT attisdropped;
        EXECUTE format('CREATE OR REPLACE VIEW cpd.%I AS SELECT %s FROM %s', added.name, columns, shown);
    END LOOP;
END
$$;
-- +goose StatementEnd
COMMENT ON COLUMN cpd.induction_records.training_status IS
    'The provider''s record: active, deferred or withdrawn; induction_status is the school''s';

CREATE TABLE restricted.cpd_users_0 (
    id uuid PRIMARY KEY,
    full_name character varying,
    email text
);
CREATE VIEW restricted.cpd_users AS SELECT id, full_name, email FROM restricted.cpd_users_0;
COMMENT ON COLUMN restricted.cpd_users.email IS 'citext at the source, plain text here: capitals tell addresses apart';

CREATE TABLE restricted.cpd_teacher_profiles_0 (
    id uuid PRIMARY KEY,
    user_id uuid,
    trn character varying
);
CREATE VIEW restricted.cpd_teacher_profiles AS SELECT id, user_id, trn FROM restricted.cpd_teacher_profiles_0;

CREATE TABLE restricted.cpd_participant_identities_0 (
    id uuid PRIMARY KEY,
    user_id uuid,
    external_identifier uuid
);
CREATE VIEW restricted.cpd_participant_identities AS
SELECT id, user_id, external_identifier FROM restricted.cpd_participant_identities_0;
COMMENT ON COLUMN restricted.cpd_participant_identities.external_identifier IS 'What lead providers know the person by';

CREATE TABLE restricted.cpd_participant_profiles_0 (
    id uuid PRIMARY KEY,
    participant_identity_id uuid,
    mentor_profile_id uuid
);
CREATE VIEW restricted.cpd_participant_profiles AS
SELECT id, participant_identity_id, mentor_profile_id FROM restricted.cpd_participant_profiles_0;
COMMENT ON VIEW restricted.cpd_participant_profiles IS 'Who a profile is about; the rest of it is in cpd.participant_profiles';

CREATE TABLE restricted.cpd_ecf_participant_eligibilities_0 (
    id uuid PRIMARY KEY,
    participant_profile_id uuid,
    status character varying,
    reason character varying,
    manually_validated boolean
);
CREATE VIEW restricted.cpd_ecf_participant_eligibilities AS
SELECT id, participant_profile_id, status, reason, manually_validated
FROM restricted.cpd_ecf_participant_eligibilities_0;

CREATE TABLE restricted.cpd_ecf_participant_validation_data_0 (
    id uuid PRIMARY KEY,
    participant_profile_id uuid,
    created_at timestamp without time zone
);
CREATE VIEW restricted.cpd_ecf_participant_validation_data AS
SELECT id, participant_profile_id, created_at FROM restricted.cpd_ecf_participant_validation_data_0;
COMMENT ON VIEW restricted.cpd_ecf_participant_validation_data IS
    'When somebody gave their details for checking; what they gave stays at the service';

CREATE TABLE restricted.cpd_participant_profile_states_0 (
    id uuid PRIMARY KEY,
    participant_profile_id uuid,
    state text,
    reason text,
    created_at timestamp without time zone
);
CREATE VIEW restricted.cpd_participant_profile_states AS
SELECT id, participant_profile_id, state, reason, created_at FROM restricted.cpd_participant_profile_states_0;
COMMENT ON VIEW restricted.cpd_participant_profile_states IS 'A log of the provider''s record: the latest row counts';

CREATE TABLE restricted.cpd_participant_declarations_0 (
    id uuid PRIMARY KEY,
    user_id uuid,
    participant_profile_id uuid,
    declaration_type character varying,
    declaration_date timestamp without time zone,
    course_identifier character varying,
    evidence_held character varying,
    state character varying,
    cpd_lead_provider_id uuid,
    delivery_partner_id uuid
);
CREATE VIEW restricted.cpd_participant_declarations AS
SELECT id, user_id, participant_profile_id, declaration_type, declaration_date, course_identifier, evidence_held, state,
       cpd_lead_provider_id, delivery_partner_id
FROM restricted.cpd_participant_declarations_0;
COMMENT ON VIEW restricted.cpd_participant_declarations IS
    'What providers said of a participant''s training, for which they are paid: sensitive besides personal';

CREATE TABLE restricted.cpd_declaration_states_0 (
    id uuid PRIMARY KEY,
    participant_declaration_id uuid,
    state character varying,
    state_reason character varying,
    created_at timestamp without time zone
);
CREATE VIEW restricted.cpd_declaration_states AS
SELECT id, participant_declaration_id, state, state_reason, created_at FROM restricted.cpd_declaration_states_0;
COMMENT ON VIEW restricted.cpd_declaration_states IS 'A log: one row for each time that a declaration entered a state';

-- What is made here from now on are reports; the copies above hold everybody, and only the owner reads them. The sync
-- revokes the default from each new copy, because a default privilege has no exceptions.
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cpd_jobs_personal') THEN
        GRANT USAGE ON SCHEMA restricted TO cpd_jobs_personal;
        ALTER DEFAULT PRIVILEGES IN SCHEMA restricted GRANT SELECT ON TABLES TO cpd_jobs_personal;
    END IF;
END
$$;
-- +goose StatementEnd
COMMENT ON SCHEMA restricted IS 'Reports with personal data, for role cpd_jobs_personal; and copies (cpd_...) that only they are made of';
