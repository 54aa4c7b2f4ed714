SELECT p.cohort, coalesce(p.challenge_reason, 'not given') AS reason, p.lead_provider_name,
       to_char(p.challenged_at AT TIME ZONE 'Europe/London', 'YYYY-MM') AS month,
       count(*) AS challenged,
       count(*) FILTER (WHERE a.school_urn IS NULL) AS unresolved
FROM reports.partnerships p
LEFT JOIN (SELECT DISTINCT school_urn, cohort FROM reports.partnerships WHERE status = 'active') a
    ON a.school_urn = p.school_urn AND a.cohort = p.cohort
WHERE p.status = 'challenged'
GROUP BY 1, 2, 3, 4
