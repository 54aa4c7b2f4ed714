SELECT e.eligibility, u.pupil_premium, u.sparsity_uplift,
       count(*) AS schools,
       count(*) FILTER (WHERE r.active_participants) AS with_participants
FROM reports.school_onboarding r
CROSS JOIN LATERAL (VALUES ('all'), (r.eligibility)) AS e (eligibility)
CROSS JOIN LATERAL (
    SELECT CASE WHEN r.pupil_premium THEN 'yes' WHEN NOT r.pupil_premium THEN 'no' ELSE 'not known' END AS pupil_premium,
           CASE WHEN r.sparsity_uplift THEN 'yes' WHEN NOT r.sparsity_uplift THEN 'no' ELSE 'not known' END AS sparsity_uplift
) u
GROUP BY e.eligibility, u.pupil_premium, u.sparsity_uplift
