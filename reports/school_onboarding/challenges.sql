-- Of each school the challenge that the report shows: the latest of those without an active partnership beside them.
SELECT e.eligibility, coalesce(r.cohort_challenge_reason, 'not given') AS reason,
       to_char(r.cohort_challenge_time AT TIME ZONE 'Europe/London', 'YYYY-MM') AS month,
       count(*) AS schools,
       count(*) FILTER (WHERE r.stage = 'partnership_challenged') AS waiting,
       count(*) FILTER (WHERE r.route = 'full_induction_programme') AS still_provider_led
FROM reports.school_onboarding r
CROSS JOIN LATERAL (VALUES ('all'), (r.eligibility)) AS e (eligibility)
WHERE 'partnership_challenged' = ANY (r.flags)
GROUP BY 1, 2, 3
