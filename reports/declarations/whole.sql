SELECT coalesce(d.id::text, r.id) AS id
FROM (
    SELECT id FROM restricted.cpd_participant_declarations WHERE course_identifier IN ('ecf-induction', 'ecf-mentor')
) d
FULL JOIN :"staged" r ON r.id = d.id::text
WHERE d.id IS NULL OR r.id IS NULL
ORDER BY 1
