-- Every partnership of the cohort that a school of the report rejected, whatever came after. They are looked up in the report
-- of partnerships, which may have been refreshed at another time.
SELECT e.eligibility, coalesce(p.lead_provider_name, 'none') AS lead_provider, coalesce(p.delivery_partner_name, 'none') AS delivery_partner,
       coalesce(p.challenge_reason, 'not given') AS reason,
       to_char(p.challenged_at AT TIME ZONE 'Europe/London', 'YYYY-MM') AS month,
       count(*) AS challenged,
       count(*) FILTER (WHERE NOT r.cohort_in_partnership) AS unresolved
FROM reports.partnerships p
JOIN reports.school_onboarding r ON r.urn = p.school_urn AND r.cohort = p.cohort
CROSS JOIN LATERAL (VALUES ('all'), (r.eligibility)) AS e (eligibility)
WHERE p.status = 'challenged'
GROUP BY 1, 2, 3, 4, 5
