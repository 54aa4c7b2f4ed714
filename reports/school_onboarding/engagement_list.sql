-- What the service chases by hand. Last year's choice is looked up in the report of schools, which may have been
-- refreshed at another time.
SELECT l.list, r.urn, r.name, r.la_name, r.region_name, r.eligibility, r.stage, r.tutor_linked_at, r.cohort_lead_provider,
       last.lead_provider_name AS last_lead_provider
FROM reports.school_onboarding r
LEFT JOIN reports.schools last ON last.urn = r.urn AND last.cohort = r.cohort - 1
CROSS JOIN LATERAL (VALUES
    ('provider-led last year, nothing this year',
     last.induction_programme_choice = 'full_induction_programme' AND NOT r.cohort_in_partnership
     AND coalesce(r.induction_programme_choice, 'not_yet_known') = 'not_yet_known'),
    ('partnership without participants', r.cohort_in_partnership AND NOT r.active_participants),
    ('tutor never signed in', r.induction_tutor_nominated AND NOT r.tutor_signed_in),
    ('no contact address', 'no_contact_address' = ANY (r.flags))
) AS l (list, belongs)
WHERE l.belongs
