-- Every nullable column is NULL in some rows, stamps have microseconds, text has what upsets text formats.
INSERT INTO cohorts (start_year, academic_year_start_date)
SELECT y, CASE WHEN y <> 2020 THEN make_timestamp(y, 9, 1, 0, 0, 0) END FROM generate_series(2020, 2025) AS y;
INSERT INTO lead_providers (name) VALUES ('Ambition Institute'), ('Teach First'), (E'Back\\slash, "quote"\tTab\nLine');
INSERT INTO delivery_partners (name, discarded_at)
VALUES ('North Hub', NULL), ('Old Hub', '2022-02-03 04:05:06.000001');
INSERT INTO core_induction_programmes (name) VALUES ('UCL Institute of Education');
INSERT INTO appropriate_bodies (name) VALUES ('Ysgol Gŵyr'), ('');
INSERT INTO schools (urn, name, ukprn, school_type_code, school_type_name, school_phase_type, school_phase_name,
    school_status_code, school_status_name, postcode, administrative_district_code, administrative_district_name,
    section_41_approved, primary_contact_email, secondary_contact_email)
SELECT 100000 + n, 'School ' || n, CASE WHEN n % 2 = 0 THEN 10000000 + n END, CASE WHEN n % 7 > 0 THEN n % 50 END,
    CASE WHEN n % 7 > 0 THEN 'Type ' || n % 50 END, CASE WHEN n % 5 > 0 THEN n % 8 END, CASE WHEN n % 5 > 0 THEN 'Phase' END,
    CASE WHEN n % 11 > 0 THEN 1 END, CASE WHEN n % 11 > 0 THEN 'Open' END, 'AA1 1AA',
    CASE WHEN n % 3 > 0 THEN 'E09000007' END, CASE WHEN n % 3 > 0 THEN 'Camden' END, n % 13 = 0,
    (ARRAY[NULL, '', E' \t', 'office@example.com'])[1 + n % 4], (ARRAY[NULL, ' ', 'head@example.org'])[1 + n % 3]
FROM generate_series(1, 200) AS n;
INSERT INTO local_authorities (code, name) VALUES ('202', 'Camden'), (NULL, NULL);
INSERT INTO local_authority_districts (code, name) VALUES ('E09000007', 'Camden'), (NULL, 'Nowhere');
INSERT INTO school_local_authorities (school_id, local_authority_id, start_year, end_year, created_at)
SELECT s.id, a.id, 2021, CASE WHEN s.urn::int % 2 = 0 THEN 2023 END, '2021-03-04 05:06:07.123456'
FROM schools AS s JOIN local_authorities AS a ON a.code = '202';
INSERT INTO school_local_authority_districts (school_id, local_authority_district_id, start_year, end_year)
SELECT s.id, d.id, 2021, CASE WHEN s.urn::int % 2 = 0 THEN 2023 END
FROM schools AS s JOIN local_authority_districts AS d ON d.code = 'E09000007';
INSERT INTO district_sparsities (local_authority_district_id, start_year, end_year)
SELECT id, 2021, CASE WHEN code IS NULL THEN 2022 END FROM local_authority_districts;
INSERT INTO pupil_premiums (school_id, start_year, pupil_premium_incentive, sparsity_incentive)
SELECT id, 2023, urn::int % 2 = 0, urn::int % 3 = 0 FROM schools;
INSERT INTO school_cohorts (school_id, cohort_id, induction_programme_choice, core_induction_programme_id,
    appropriate_body_id, opt_out_of_updates, created_at)
SELECT s.id, c.id, 'core_induction_programme', CASE WHEN s.urn::int % 2 = 0 THEN p.id END,
    CASE WHEN s.urn::int % 3 = 0 THEN gen_random_uuid() END, s.urn::int % 5 = 0, '2023-06-07 08:09:10.000001'
FROM schools AS s JOIN cohorts AS c ON c.start_year IN (2022, 2023) CROSS JOIN core_induction_programmes AS p;
INSERT INTO partnerships (school_id, lead_provider_id, cohort_id, delivery_partner_id, challenged_at, challenge_reason,
    pending, relationship)
SELECT s.id, l.id, c.id, CASE WHEN s.urn::int % 2 = 0 THEN d.id END,
    CASE WHEN s.urn::int % 3 = 0 THEN timestamp '2023-10-05 14:00:00.999999' END,
    CASE WHEN s.urn::int % 3 = 0 THEN 'mistake' END, s.urn::int % 4 = 0, s.urn::int % 5 = 0
FROM schools AS s CROSS JOIN cohorts AS c CROSS JOIN lead_providers AS l CROSS JOIN delivery_partners AS d
WHERE c.start_year = 2023 AND l.name = 'Teach First' AND d.name = 'North Hub';
INSERT INTO nomination_emails (school_id, sent_at, opened_at, notify_status)
SELECT id, CASE WHEN urn::int % 2 = 0 THEN timestamp 'infinity' END,
    CASE WHEN urn::int % 3 = 0 THEN timestamp '0044-03-15 12:00:00 BC' END,
    CASE WHEN urn::int % 5 = 0 THEN 'permanent-failure' END
FROM schools;
INSERT INTO users (full_name, email, current_sign_in_at, created_at)
SELECT 'Somebody ' || n, 'user' || n || '@example.org',
    CASE WHEN n % 2 = 0 THEN timestamp '2023-09-12 01:02:03.456789' END, '2021-05-01 00:00:00.000001'
FROM generate_series(1, 100) AS n;
INSERT INTO induction_coordinator_profiles (user_id) SELECT id FROM users;
INSERT INTO induction_coordinator_profiles_schools (induction_coordinator_profile_id, school_id)
SELECT p.id, gen_random_uuid() FROM induction_coordinator_profiles AS p;
INSERT INTO teacher_profiles (user_id, trn) SELECT id, '1234567' FROM users;
INSERT INTO participant_profiles (type, status, school_cohort_id, teacher_profile_id)
SELECT 'ParticipantProfile::ECT', 'active', CASE WHEN random() < 0.5 THEN gen_random_uuid() END, id FROM teacher_profiles;
INSERT INTO induction_programmes (school_cohort_id) SELECT id FROM school_cohorts;
INSERT INTO induction_records (induction_programme_id, participant_profile_id, start_date, end_date, induction_status,
    school_transfer)
SELECT gen_random_uuid(), p.id, '2023-09-01 00:00:00.000001', CASE WHEN n = 1 THEN timestamp '2024-09-01' END, 'active', n = 2
FROM participant_profiles AS p CROSS JOIN generate_series(1, 50) AS n;
INSERT INTO cpd_lead_providers (name) VALUES ('Ambition Institute');
INSERT INTO schedules (name, schedule_identifier) VALUES ('ECF September', 'ecf-standard-september'), ('', NULL);
UPDATE users SET email = 'Nobody.Ünlü@Example.org' WHERE email = 'user1@example.org';
INSERT INTO participant_identities (user_id, external_identifier) SELECT id, gen_random_uuid() FROM users;
UPDATE participant_profiles SET participant_identity_id = gen_random_uuid(), mentor_profile_id = gen_random_uuid()
WHERE school_cohort_id IS NULL;
INSERT INTO ecf_participant_eligibilities (participant_profile_id, manually_validated)
SELECT id, CASE WHEN school_cohort_id IS NULL THEN true END FROM participant_profiles;
INSERT INTO ecf_participant_validation_data (participant_profile_id, created_at)
SELECT id, '2023-09-01 00:00:00.000001' FROM participant_profiles;
INSERT INTO participant_profile_states (participant_profile_id, state, reason)
SELECT id, CASE WHEN school_cohort_id IS NULL THEN 'deferred' END, CASE WHEN school_cohort_id IS NULL THEN 'other' END
FROM participant_profiles;
INSERT INTO participant_declarations (user_id, participant_profile_id, declaration_type, declaration_date,
    course_identifier, evidence_held, cpd_lead_provider_id, delivery_partner_id)
SELECT u.id, CASE WHEN n = 1 THEN gen_random_uuid() END, CASE WHEN n = 1 THEN 'started' END,
    CASE WHEN n = 1 THEN timestamp '2023-11-12 13:14:15.161718' END, CASE WHEN n = 1 THEN 'ecf-induction' END,
    CASE WHEN n = 2 THEN 'other' END, CASE WHEN n = 2 THEN gen_random_uuid() END, CASE WHEN n = 2 THEN gen_random_uuid() END
FROM users AS u CROSS JOIN generate_series(1, 2) AS n;
INSERT INTO declaration_states (participant_declaration_id, state, state_reason, created_at)
SELECT id, 'ineligible', CASE WHEN evidence_held IS NULL THEN 'duplicate' END, '2023-12-01 00:00:00.000001'
FROM participant_declarations;
