SELECT e.eligibility, coalesce(r.route, 'none') AS route,
       count(*) AS schools,
       count(*) FILTER (WHERE r.induction_tutor_nominated) AS with_tutor,
       count(*) FILTER (WHERE r.cohort_in_partnership) AS partnered,
       count(*) FILTER (WHERE r.active_participants) AS with_participants,
       sum(r.active_ects)::bigint AS early_career_teachers,
       sum(r.active_mentors)::bigint AS mentors
FROM reports.school_onboarding r
CROSS JOIN LATERAL (VALUES ('all'), (r.eligibility)) AS e (eligibility)
GROUP BY e.eligibility, coalesce(r.route, 'none')
