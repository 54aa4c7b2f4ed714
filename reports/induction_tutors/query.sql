-- One row for each school and link to a tutor. A tutor's profiles as a mentor are looked up and not joined: whoever has
-- several would be there as often.
WITH mentor AS (
    SELECT tp.user_id, min(i.external_identifier::text COLLATE "C") AS external_identifier
    FROM cpd.participant_profiles p
    JOIN cpd.teacher_profiles tp ON tp.id = p.teacher_profile_id
    LEFT JOIN restricted.cpd_participant_profiles who ON who.id = p.id
    LEFT JOIN restricted.cpd_participant_identities i ON i.id = who.participant_identity_id
    WHERE p.type = 'ParticipantProfile::Mentor' AND p.status = 'active'
    GROUP BY tp.user_id
)
SELECT s.urn::text AS urn,
       t.id IS NOT NULL AS tutor_nominated,
       t.created_at AT TIME ZONE 'UTC' AS tutor_nominated_at,
       u.current_sign_in_at IS NOT NULL AS tutor_signed_in,
       named.full_name::text AS tutor_name,
       nullif(named.email, '') AS tutor_email,
       m.user_id IS NOT NULL AS sit_mentor,
       m.external_identifier AS sit_mentor_id,
       l.created_at AT TIME ZONE 'UTC' AS tutor_linked_at,
       t.user_id::text AS tutor_id,
       concat_ws(' ', s.urn, l.id) AS school_link,
       :'as_of'::timestamptz AS as_of
FROM cpd.schools s
LEFT JOIN cpd.induction_coordinator_profiles_schools l ON l.school_id = s.id
LEFT JOIN cpd.induction_coordinator_profiles t ON t.id = l.induction_coordinator_profile_id
LEFT JOIN cpd.users u ON u.id = t.user_id
LEFT JOIN restricted.cpd_users named ON named.id = u.id
LEFT JOIN mentor m ON m.user_id = u.id
