SELECT coalesce(p.id::text, r.profile_id) AS profile_id
FROM (
    SELECT p.id
    FROM cpd.participant_profiles p
    WHERE p.type IN ('ParticipantProfile::ECT', 'ParticipantProfile::Mentor')
      AND NOT EXISTS (
          SELECT FROM cpd.school_cohorts sc
          JOIN cpd.cohorts c ON c.id = sc.cohort_id
          WHERE sc.id = p.school_cohort_id AND c.start_year <= 2020
      )
) p
FULL JOIN :"staged" r ON r.profile_id = p.id::text
WHERE p.id IS NULL OR r.profile_id IS NULL
ORDER BY 1
