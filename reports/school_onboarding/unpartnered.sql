-- Last year's provider is looked up in the report of schools, which may have been refreshed at another time.
SELECT r.urn, r.name, r.la_name, r.region_name, r.eligibility, r.stage, r.programme_chosen_at,
       (f.as_of::date - r.programme_chosen_at::date) AS days_since_chosen,
       last.lead_provider_name AS last_lead_provider, last.delivery_partner_name AS last_delivery_partner, r.flags
FROM reports.school_onboarding r
CROSS JOIN (SELECT as_of FROM reports.refreshes WHERE report = 'school_onboarding' ORDER BY version DESC LIMIT 1) f
LEFT JOIN reports.schools last ON last.urn = r.urn AND last.cohort = r.cohort - 1
WHERE r.induction_programme_choice = 'full_induction_programme' AND NOT r.cohort_in_partnership
