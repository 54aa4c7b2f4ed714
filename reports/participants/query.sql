-- One row for each profile. What a profile lacks - school, schedule, teacher profile, identity - is empty and does not
-- make it vanish.
WITH person AS (
    -- A profile's user, by its teacher profile or else its identity.
    SELECT p.id AS profile_id, coalesce(tp.user_id, i.user_id) AS user_id, tp.trn, i.external_identifier, who.mentor_profile_id
    FROM cpd.participant_profiles p
    LEFT JOIN restricted.cpd_participant_profiles who ON who.id = p.id
    LEFT JOIN restricted.cpd_participant_identities i ON i.id = who.participant_identity_id
    LEFT JOIN restricted.cpd_teacher_profiles tp ON tp.id = p.teacher_profile_id
),
training AS (
    SELECT DISTINCT ON (participant_profile_id) participant_profile_id, training_status
    FROM cpd.induction_records
    ORDER BY participant_profile_id, created_at DESC NULLS LAST, id
),
state AS (
    SELECT DISTINCT ON (participant_profile_id, state) participant_profile_id, state, reason
    FROM restricted.cpd_participant_profile_states
    ORDER BY participant_profile_id, state, created_at DESC NULLS LAST, id
)
SELECT person.user_id::text AS participant_id,
       person.external_identifier::text AS external_id,
       p.created_at AT TIME ZONE 'UTC' AS added_at,
       s.urn::text AS school_urn,
       u.full_name::text AS name,
       nullif(u.email, '') AS email,
       split_part(p.type, '::', 2) AS type,
       mentor.user_id::text AS mentor_id,
       c.start_year::integer AS cohort,
       p.status::text AS status,
       t.training_status::text AS training_status,
       state.reason::text AS training_status_reason,
       schedule.name::text AS schedule,
       schedule.schedule_identifier::text AS schedule_identifier,
       person.trn::text AS trn,
       given.created_at AT TIME ZONE 'UTC' AS trn_provided_at,
       checked.status IN ('eligible', 'matched') AS trn_validated,
       checked.reason::text AS trn_validated_reason,
       checked.manually_validated IS TRUE OR checked.status = 'manual_check' AS manual_validation_required,
       CASE checked.status WHEN 'eligible' THEN true WHEN 'ineligible' THEN false END AS eligible_for_funding,
       p.id::text AS profile_id,
       :'as_of'::timestamptz AS as_of
FROM cpd.participant_profiles p
JOIN person ON person.profile_id = p.id
LEFT JOIN person mentor ON mentor.profile_id = person.mentor_profile_id
LEFT JOIN restricted.cpd_users u ON u.id = person.user_id
LEFT JOIN cpd.school_cohorts sc ON sc.id = p.school_cohort_id
LEFT JOIN cpd.cohorts c ON c.id = sc.cohort_id
LEFT JOIN cpd.schools s ON s.id = sc.school_id
LEFT JOIN cpd.schedules schedule ON schedule.id = p.schedule_id
LEFT JOIN training t ON t.participant_profile_id = p.id
LEFT JOIN state ON state.participant_profile_id = p.id AND state.state = t.training_status
LEFT JOIN restricted.cpd_ecf_participant_validation_data given ON given.participant_profile_id = p.id
LEFT JOIN restricted.cpd_ecf_participant_eligibilities checked ON checked.participant_profile_id = p.id
WHERE p.type IN ('ParticipantProfile::ECT', 'ParticipantProfile::Mentor')
  AND (c.start_year > 2020 OR c.start_year IS NULL)
