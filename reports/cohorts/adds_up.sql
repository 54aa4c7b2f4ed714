SELECT a.cohort_eligibility
FROM :"staged" a
LEFT JOIN (
    SELECT cohort, sum(schools) AS schools, sum(answered) AS answered, sum(programme_chosen) AS programme_chosen,
           sum(partnered) AS partnered, sum(challenged) AS challenged, sum(with_participants) AS with_participants,
           sum(early_career_teachers + mentors) AS participants
    FROM :"staged"
    WHERE eligibility <> 'all'
    GROUP BY cohort
) parts ON parts.cohort = a.cohort
WHERE a.eligibility = 'all'
  AND (a.schools, a.answered, a.programme_chosen, a.partnered, a.challenged, a.with_participants, a.early_career_teachers + a.mentors)
      IS DISTINCT FROM (parts.schools, parts.answered, parts.programme_chosen, parts.partnered, parts.challenged,
                        parts.with_participants, parts.participants)
ORDER BY 1
