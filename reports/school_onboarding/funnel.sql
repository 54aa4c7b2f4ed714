SELECT e.eligibility, s.stage, s.stage_order, s.stage_rank,
       coalesce(sum(c.schools), 0)::bigint AS schools,
       CASE WHEN s.stage_rank IS NOT NULL THEN coalesce(sum(sum(c.schools)) OVER reached, 0)::bigint END AS cumulative,
       CASE WHEN s.stage_rank IS NOT NULL THEN
           round(coalesce(sum(sum(c.schools)) OVER reached, 0)
                 / nullif(sum(sum(c.schools)) OVER (PARTITION BY e.eligibility, s.stage_rank IS NULL), 0), 6)
       END AS share
FROM (VALUES ('all'), ('eligible'), ('cip_only')) AS e (eligibility)
CROSS JOIN (VALUES
    ('participants_registered', 1, 7),
    ('no_ects', 2, NULL),
    ('provision_in_place', 3, 6),
    ('partnership_challenged', 4, 5),
    ('programme_chosen', 5, 5),
    ('tutor_signed_in', 6, 4),
    ('tutor_nominated', 7, 3),
    ('email_opened', 8, 2),
    ('contacted', 9, 1),
    ('not_contacted', 10, 0)
) AS s (stage, stage_order, stage_rank)
LEFT JOIN (
    SELECT r.eligibility, r.stage, count(*) AS schools
    FROM reports.school_onboarding r
    GROUP BY r.eligibility, r.stage
) c ON c.stage = s.stage AND e.eligibility IN ('all', c.eligibility)
GROUP BY e.eligibility, s.stage, s.stage_order, s.stage_rank
WINDOW reached AS (PARTITION BY e.eligibility, s.stage_rank IS NULL ORDER BY s.stage_rank DESC)
