SELECT p.cohort, p.lead_provider_name, coalesce(p.delivery_partner_name, 'none') AS delivery_partner_name,
       count(*) AS partnerships,
       count(*) FILTER (WHERE p.status = 'active') AS active,
       count(*) FILTER (WHERE p.status = 'pending') AS pending,
       count(*) FILTER (WHERE p.status = 'challenged') AS challenged,
       count(*) FILTER (WHERE p.challenge_reason = 'another_provider') AS another_provider,
       count(*) FILTER (WHERE p.challenge_reason = 'not_confirmed') AS not_confirmed,
       count(*) FILTER (WHERE p.challenge_reason = 'do_not_recognise') AS do_not_recognise,
       count(*) FILTER (WHERE p.challenge_reason = 'no_ects') AS no_ects,
       count(*) FILTER (WHERE p.challenge_reason = 'mistake') AS mistake,
       count(DISTINCT p.school_urn) FILTER (WHERE p.status = 'active') AS schools
FROM reports.partnerships p
GROUP BY 1, 2, 3
