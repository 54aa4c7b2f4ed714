SELECT e.eligibility, coalesce(r.cohort_lead_provider, 'none') AS lead_provider,
       coalesce(r.cohort_delivery_partner, 'none') AS delivery_partner,
       count(*) AS schools,
       count(*) FILTER (WHERE 'delivery_partner_missing' = ANY (r.flags)) AS without_delivery_partner,
       count(*) FILTER (WHERE r.active_participants) AS with_participants,
       sum(r.active_ects)::bigint AS early_career_teachers,
       sum(r.active_mentors)::bigint AS mentors
FROM reports.school_onboarding r
CROSS JOIN LATERAL (VALUES ('all'), (r.eligibility)) AS e (eligibility)
WHERE r.cohort_in_partnership
GROUP BY e.eligibility, coalesce(r.cohort_lead_provider, 'none'), coalesce(r.cohort_delivery_partner, 'none')
