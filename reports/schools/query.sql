-- One row for each school and cohort from 2021 on that the school answered for or has a partnership of its own for, in
-- whatever state; one without a cohort for every other school. A rejected partnership does not make the cohort vanish,
-- and no join multiplies a school.
WITH cohort AS (
    SELECT id, start_year FROM cpd.cohorts WHERE start_year >= 2021
),
answer AS (
    SELECT DISTINCT ON (sc.school_id, c.start_year) sc.school_id, c.start_year, sc.induction_programme_choice
    FROM cpd.school_cohorts sc
    JOIN cohort c ON c.id = sc.cohort_id
    ORDER BY sc.school_id, c.start_year, sc.created_at DESC NULLS LAST, sc.id
),
partnership AS (
    -- The active one that was reported latest, if any is active.
    SELECT DISTINCT ON (p.school_id, c.start_year)
           p.school_id, c.start_year, a.active, p.lead_provider_id, p.delivery_partner_id
    FROM cpd.partnerships p
    JOIN cohort c ON c.id = p.cohort_id
    CROSS JOIN LATERAL (
        SELECT p.challenged_at IS NULL AND p.challenge_reason IS NULL AND p.pending IS NOT TRUE AS active
    ) a
    WHERE p.relationship IS NOT TRUE
    ORDER BY p.school_id, c.start_year, a.active DESC, p.created_at DESC NULLS LAST, p.id
),
said AS (
    SELECT school_id, start_year, a.induction_programme_choice, coalesce(p.active, false) AS active,
           CASE WHEN p.active THEN p.lead_provider_id END AS lead_provider_id,
           CASE WHEN p.active THEN p.delivery_partner_id END AS delivery_partner_id
    FROM answer a
    FULL JOIN partnership p USING (school_id, start_year)
)
SELECT s.urn::text AS urn,
       said.start_year::integer AS cohort,
       said.induction_programme_choice::text AS induction_programme_choice,
       said.active AS in_partnership,
       lp.name::text AS lead_provider_name,
       dp.name::text AS delivery_partner_name,
       concat_ws(' ', s.urn, said.start_year) AS school_cohort,
       :'as_of'::timestamptz AS as_of
FROM cpd.schools s
LEFT JOIN said ON said.school_id = s.id
LEFT JOIN cpd.lead_providers lp ON lp.id = said.lead_provider_id
LEFT JOIN cpd.delivery_partners dp ON dp.id = said.delivery_partner_id
