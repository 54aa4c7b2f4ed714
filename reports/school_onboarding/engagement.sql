SELECT l.list, e.eligibility, count(*) AS schools
FROM reports.school_onboarding_engagement_list l
CROSS JOIN LATERAL (VALUES ('all'), (l.eligibility)) AS e (eligibility)
GROUP BY l.list, e.eligibility
