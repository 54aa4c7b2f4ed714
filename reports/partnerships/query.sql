-- One row for each partnership that a lead provider reported. Without a delivery partner, a provider or a cohort that the
-- service still has, it stays all the same.
SELECT s.urn::text AS school_urn,
       lp.name::text AS lead_provider_name,
       dp.name::text AS delivery_partner_name,
       p.created_at AT TIME ZONE 'UTC' AS partnership_reported_at,
       p.challenge_reason::text AS challenge_reason,
       p.challenged_at AT TIME ZONE 'UTC' AS challenged_at,
       c.start_year::integer AS cohort,
       false AS relationship,
       p.pending IS TRUE AS pending,
       CASE
           WHEN p.challenged_at IS NOT NULL OR p.challenge_reason IS NOT NULL THEN 'challenged'
           WHEN p.pending THEN 'pending'
           ELSE 'active'
       END AS status,
       p.id::text AS partnership_id,
       :'as_of'::timestamptz AS as_of
FROM cpd.partnerships p
JOIN cpd.schools s ON s.id = p.school_id
LEFT JOIN cpd.lead_providers lp ON lp.id = p.lead_provider_id
LEFT JOIN cpd.delivery_partners dp ON dp.id = p.delivery_partner_id
LEFT JOIN cpd.cohorts c ON c.id = p.cohort_id
WHERE p.relationship IS NOT TRUE
