-- The School onboarding report: one row for each open school that may use the service, as it was at the as-of
-- instant, for the current cohort. Every "which of several" has a total order, so the same rows in give the same rows
-- out whatever the physical order. Each part below is one pass over its tables that ends in one row a school; big
-- tables are only hashed and aggregated, so that PostgreSQL may run them in parallel. Orphans (the service has
-- few foreign keys) and missing values must not lose or multiply a school.
--
-- Runs by hand too: psql -v as_of=2026-11-22T06:10:00Z -v cohort=2026 -v cohort_id=... -f query.sql
WITH population AS (
    -- Open, and either eligible for funded training or of a type that may use the service without it.
    SELECT p.*
    FROM (
        SELECT s.*,
               CASE
                   WHEN s.in_england AND (t.class = 'eligible' OR s.section_41_approved) THEN 'eligible'
                   WHEN t.class = 'cip_only' THEN 'cip_only'
               END AS eligibility
        FROM (
            SELECT *, administrative_district_code ILIKE 'e%' OR administrative_district_code = '9999' AS in_england
            FROM cpd.schools
            WHERE school_status_code IN (1, 3)
        ) s
        LEFT JOIN reports.school_types t ON t.code = s.school_type_code
    ) p
    WHERE p.eligibility IS NOT NULL
),
authority AS (
    SELECT DISTINCT ON (l.school_id) l.school_id, a.code, a.name
    FROM cpd.school_local_authorities l
    LEFT JOIN cpd.local_authorities a ON a.id = l.local_authority_id
    WHERE l.end_year IS NULL
    ORDER BY l.school_id, l.start_year DESC NULLS LAST, l.created_at DESC NULLS LAST, l.id
),
district AS (
    SELECT DISTINCT ON (l.school_id) l.school_id, l.local_authority_district_id
    FROM cpd.school_local_authority_districts l
    WHERE l.end_year IS NULL
    ORDER BY l.school_id, l.start_year DESC NULLS LAST, l.created_at DESC NULLS LAST, l.id
),
sparse_district AS (
    -- A spell's last year is not sparse any more.
    SELECT DISTINCT local_authority_district_id
    FROM cpd.district_sparsities
    WHERE start_year <= :'cohort'::integer AND (end_year IS NULL OR end_year > :'cohort'::integer)
),
premium AS (
    SELECT school_id, bool_or(pupil_premium_incentive) AS pupil_premium, bool_or(sparsity_incentive) AS sparsity
    FROM cpd.pupil_premiums
    WHERE start_year = :'cohort'::integer
    GROUP BY school_id
),
emails AS (
    SELECT school_id,
           min(sent_at) AS first_contacted_at,
           max(sent_at) AS last_contacted_at,
           count(sent_at) AS contacts,
           min(opened_at) AS first_opened_at,
           (array_agg(opened_at ORDER BY created_at DESC NULLS LAST, id))[1] AS latest_opened_at,
           count(*) FILTER (
               WHERE sent_at IS NOT NULL
                 AND notify_status IN ('permanent-failure', 'temporary-failure', 'technical-failure')
           ) AS failures
    FROM cpd.nomination_emails
    GROUP BY school_id
),
tutor AS (
    -- The newest link that leads to a user. Discarded profiles count, as they do in the service.
    SELECT DISTINCT ON (l.school_id)
           l.school_id, l.created_at AS linked_at, u.created_at AS user_created_at, u.current_sign_in_at
    FROM cpd.induction_coordinator_profiles_schools l
    JOIN cpd.induction_coordinator_profiles p ON p.id = l.induction_coordinator_profile_id
    JOIN cpd.users u ON u.id = p.user_id
    ORDER BY l.school_id, l.created_at DESC NULLS LAST, l.id
),
partnership AS NOT MATERIALIZED (
    SELECT id, school_id, lead_provider_id, delivery_partner_id, cohort_id, created_at, challenged_at, challenge_reason,
           relationship IS TRUE AS relationship,
           challenged_at IS NULL AND challenge_reason IS NULL AS unchallenged,
           challenged_at IS NULL AND challenge_reason IS NULL AND pending IS NOT TRUE AS active
    FROM cpd.partnerships
),
reference AS (
    -- One partnership a school for the original columns, of any cohort, relationships included: an active one first.
    SELECT DISTINCT ON (p.school_id)
           p.school_id, p.active, p.created_at, p.challenge_reason, p.challenged_at,
           lp.name AS lead_provider, dp.name AS delivery_partner
    FROM partnership p
    LEFT JOIN cpd.cohorts c ON c.id = p.cohort_id
    LEFT JOIN cpd.lead_providers lp ON lp.id = p.lead_provider_id
    LEFT JOIN cpd.delivery_partners dp ON dp.id = p.delivery_partner_id AND dp.discarded_at IS NULL
    ORDER BY p.school_id, p.active DESC, (p.cohort_id IS NOT DISTINCT FROM :'cohort_id'::uuid) DESC, p.relationship,
             c.start_year DESC NULLS LAST, p.created_at DESC NULLS LAST, p.id
),
of_cohort AS (
    SELECT school_id,
           bool_or(active AND NOT relationship) AS active,
           bool_or(active AND relationship) AS active_relationship,
           bool_or(active AND NOT relationship AND delivery_partner_id IS NULL) AS without_delivery_partner,
           bool_or(unchallenged AND NOT active AND NOT relationship) AS pending,
           bool_or(NOT unchallenged AND NOT relationship) AS challenged,
           (array_agg(id ORDER BY created_at DESC NULLS LAST, id)
               FILTER (WHERE active AND NOT relationship))[1] AS active_id,
           (array_agg(id ORDER BY challenged_at DESC NULLS LAST, created_at DESC NULLS LAST, id)
               FILTER (WHERE NOT unchallenged AND NOT relationship))[1] AS challenged_id
    FROM partnership
    WHERE cohort_id = :'cohort_id'::uuid
    GROUP BY school_id
),
cohort_partnership AS (
    SELECT o.school_id, o.active, o.active_relationship, o.without_delivery_partner,
           o.pending AND NOT o.active AS pending,
           o.challenged AND NOT o.active AS challenged,
           a.created_at,
           lp.name AS lead_provider,
           dp.name AS delivery_partner, -- a discarded one is still named here
           CASE WHEN NOT o.active THEN ch.challenge_reason END AS challenge_reason,
           CASE WHEN NOT o.active THEN ch.challenged_at END AS challenged_at
    FROM of_cohort o
    LEFT JOIN cpd.partnerships a ON a.id = o.active_id AND a.cohort_id = :'cohort_id'::uuid
    LEFT JOIN cpd.partnerships ch ON ch.id = o.challenged_id AND ch.cohort_id = :'cohort_id'::uuid
    LEFT JOIN cpd.lead_providers lp ON lp.id = a.lead_provider_id
    LEFT JOIN cpd.delivery_partners dp ON dp.id = a.delivery_partner_id
),
participants AS (
    SELECT sc.school_id,
           count(*) FILTER (WHERE p.type = 'ParticipantProfile::ECT') AS ects,
           count(*) FILTER (WHERE p.type = 'ParticipantProfile::Mentor') AS mentors
    FROM cpd.participant_profiles p
    JOIN cpd.school_cohorts sc ON sc.id = p.school_cohort_id
    JOIN cpd.teacher_profiles t ON t.id = p.teacher_profile_id
    JOIN cpd.users u ON u.id = t.user_id
    WHERE sc.cohort_id = :'cohort_id'::uuid
      AND p.type IN ('ParticipantProfile::ECT', 'ParticipantProfile::Mentor')
      AND p.status = 'active'
    GROUP BY sc.school_id
),
training AS (
    -- Profiles with a current induction record. Distinct first and counted after: unlike count(DISTINCT), both in parallel.
    SELECT school_id, count(*) AS participants
    FROM (
        SELECT DISTINCT sc.school_id, r.participant_profile_id
        FROM cpd.induction_records r
        JOIN cpd.induction_programmes ip ON ip.id = r.induction_programme_id
        JOIN cpd.school_cohorts sc ON sc.id = ip.school_cohort_id
        WHERE sc.cohort_id = :'cohort_id'::uuid
          AND r.participant_profile_id IS NOT NULL
          AND (
              r.induction_status = 'active'
              AND (r.end_date IS NULL OR r.end_date >= :'as_of'::timestamptz AT TIME ZONE 'UTC')
              AND (r.start_date < :'as_of'::timestamptz AT TIME ZONE 'UTC' OR r.school_transfer IS NOT TRUE)
              OR r.induction_status = 'leaving'
              AND r.end_date >= :'as_of'::timestamptz AT TIME ZONE 'UTC'
          )
    ) current_record
    GROUP BY school_id
),
school AS (
    SELECT s.name, s.urn, s.school_type_name, s.school_phase_type, s.school_phase_name, s.school_status_code,
           s.school_status_name, s.postcode, s.administrative_district_code, s.administrative_district_name,
           s.eligibility, s.school_type_code, s.section_41_approved, s.ukprn,
           s.has_contact_address IS TRUE AS has_contact_address,
           la.code AS la_code, la.name AS la_name, region.region_code, region.region_name,
           e.latest_opened_at, e.first_contacted_at, e.last_contacted_at, coalesce(e.contacts, 0) AS contacts,
           e.first_opened_at, coalesce(e.failures, 0) AS failures,
           t.school_id IS NOT NULL AS has_tutor, t.linked_at, t.user_created_at,
           t.current_sign_in_at IS NOT NULL AS tutor_signed_in,
           sc.induction_programme_choice AS choice, sc.opt_out_of_updates, sc.created_at AS chosen_at,
           sc.core_induction_programme_id IS NOT NULL AS has_materials,
           cip.name AS materials, ab.name AS appropriate_body,
           coalesce(r.active, false) AS in_partnership,
           CASE WHEN r.active THEN r.created_at END AS partnership_time,
           r.challenge_reason AS reference_challenge_reason, r.challenged_at AS reference_challenged_at,
           r.lead_provider, r.delivery_partner,
           coalesce(cp.active, false) AS active, coalesce(cp.active_relationship, false) AS active_relationship,
           coalesce(cp.without_delivery_partner, false) AS without_delivery_partner,
           coalesce(cp.pending, false) AS pending, coalesce(cp.challenged, false) AS challenged,
           cp.created_at AS cohort_partnership_time, cp.lead_provider AS cohort_lead_provider,
           cp.delivery_partner AS cohort_delivery_partner, cp.challenge_reason, cp.challenged_at,
           coalesce(pa.ects, 0) AS ects, coalesce(pa.mentors, 0) AS mentors, pa.school_id IS NOT NULL AS has_participants,
           coalesce(tr.participants, 0) AS current_participants,
           pr.pupil_premium, pr.sparsity AS sparsity_uplift,
           sd.local_authority_district_id IS NOT NULL AS sparse,
           lag.flags AS register_flags,
           CASE
               WHEN pa.school_id IS NOT NULL THEN 'participants_registered'
               WHEN sc.induction_programme_choice = 'no_early_career_teachers' THEN 'no_ects'
               WHEN sc.induction_programme_choice IN ('core_induction_programme', 'design_our_own', 'school_funded_fip')
                    OR cp.active THEN 'provision_in_place'
               WHEN cp.challenged THEN 'partnership_challenged'
               WHEN sc.induction_programme_choice = 'full_induction_programme' THEN 'programme_chosen'
               WHEN t.current_sign_in_at IS NOT NULL THEN 'tutor_signed_in'
               WHEN t.school_id IS NOT NULL THEN 'tutor_nominated'
               WHEN e.first_opened_at IS NOT NULL THEN 'email_opened'
               WHEN e.contacts > 0 THEN 'contacted'
               ELSE 'not_contacted'
           END AS stage
    FROM population s
    LEFT JOIN authority la ON la.school_id = s.id
    LEFT JOIN reports.region_by_la region ON region.la_code = la.code
    LEFT JOIN district d ON d.school_id = s.id
    LEFT JOIN sparse_district sd ON sd.local_authority_district_id = d.local_authority_district_id
    LEFT JOIN premium pr ON pr.school_id = s.id
    LEFT JOIN emails e ON e.school_id = s.id
    LEFT JOIN tutor t ON t.school_id = s.id
    LEFT JOIN cpd.school_cohorts sc ON sc.school_id = s.id AND sc.cohort_id = :'cohort_id'::uuid
    LEFT JOIN cpd.core_induction_programmes cip ON cip.id = sc.core_induction_programme_id
    LEFT JOIN cpd.appropriate_bodies ab ON ab.id = sc.appropriate_body_id
    LEFT JOIN reference r ON r.school_id = s.id
    LEFT JOIN cohort_partnership cp ON cp.school_id = s.id
    LEFT JOIN participants pa ON pa.school_id = s.id
    LEFT JOIN training tr ON tr.school_id = s.id
    LEFT JOIN gias.lag lag ON lag.urn = s.urn
)
SELECT s.name::text AS name,
       s.urn::text AS urn,
       s.school_type_name::text AS school_type_name,
       s.school_phase_type,
       s.school_phase_name::text AS school_phase_name,
       s.school_status_code,
       CASE s.school_status_name
           WHEN 'Open' THEN 'open'
           WHEN 'Closed' THEN 'closed'
           WHEN 'Open, but proposed to close' THEN 'proposed_to_close'
           WHEN 'Proposed to open' THEN 'proposed_to_open'
       END AS school_status_name,
       s.postcode::text AS postcode,
       s.administrative_district_code::text AS administrative_district_code,
       s.administrative_district_name::text AS administrative_district_name,
       s.latest_opened_at AT TIME ZONE 'UTC' AS nomination_email_opened_at,
       s.has_tutor AS induction_tutor_nominated,
       s.user_created_at AT TIME ZONE 'UTC' AS tutor_nominated_time,
       CASE WHEN s.tutor_signed_in THEN true END AS induction_tutor_signed_in,
       s.choice::text AS induction_programme_choice,
       s.in_partnership,
       s.partnership_time AT TIME ZONE 'UTC' AS partnership_time,
       s.reference_challenge_reason::text AS partnership_challenge_reason,
       s.reference_challenged_at AT TIME ZONE 'UTC' AS partnership_challenge_time,
       s.lead_provider::text AS lead_provider,
       s.delivery_partner::text AS delivery_partner,
       s.materials::text AS chosen_cip,
       s.has_participants AS active_participants,
       s.pupil_premium,
       s.sparse AS sparsity,
       :'cohort'::integer AS cohort,
       :'as_of'::timestamptz AS as_of,
       s.eligibility,
       s.school_type_code,
       s.section_41_approved,
       s.ukprn::text AS ukprn,
       s.la_code::text AS la_code,
       s.la_name::text AS la_name,
       s.region_code,
       coalesce(s.region_name, 'Unknown') AS region_name,
       s.first_contacted_at AT TIME ZONE 'UTC' AS first_contacted_at,
       s.last_contacted_at AT TIME ZONE 'UTC' AS last_contacted_at,
       s.contacts::integer AS contacts,
       s.first_opened_at AT TIME ZONE 'UTC' AS first_opened_at,
       s.linked_at AT TIME ZONE 'UTC' AS tutor_linked_at,
       s.tutor_signed_in,
       s.opt_out_of_updates,
       CASE WHEN programme.chosen THEN s.chosen_at AT TIME ZONE 'UTC' END AS programme_chosen_at,
       s.appropriate_body::text AS appropriate_body,
       s.active AS cohort_in_partnership,
       s.cohort_partnership_time AT TIME ZONE 'UTC' AS cohort_partnership_time,
       s.cohort_lead_provider::text AS cohort_lead_provider,
       s.cohort_delivery_partner::text AS cohort_delivery_partner,
       s.challenge_reason::text AS cohort_challenge_reason,
       s.challenged_at AT TIME ZONE 'UTC' AS cohort_challenge_time,
       s.pending AS cohort_partnership_pending,
       s.sparsity_uplift,
       s.ects::integer AS active_ects,
       s.mentors::integer AS active_mentors,
       s.current_participants::integer AS current_participants,
       s.stage,
       funnel.rank AS stage_rank,
       CASE
           WHEN programme.chosen THEN s.choice::text
           WHEN s.active AND s.choice IS DISTINCT FROM 'no_early_career_teachers' THEN 'full_induction_programme'
       END AS route,
       array_remove(ARRAY[
           CASE WHEN s.contacts > 0 AND s.first_opened_at IS NULL AND s.failures = s.contacts THEN 'contact_failed' END,
           CASE WHEN s.without_delivery_partner THEN 'delivery_partner_missing' END,
           CASE WHEN NOT s.has_contact_address AND NOT s.has_tutor THEN 'no_contact_address' END,
           CASE WHEN funnel.rank >= 5 AND NOT s.has_tutor THEN 'no_tutor' END,
           CASE WHEN s.active_relationship AND NOT s.active THEN 'only_relationship' END,
           CASE WHEN s.in_partnership AND NOT s.active AND NOT s.active_relationship THEN 'other_cohort_partnership' END,
           CASE WHEN s.has_participants AND s.choice = 'no_early_career_teachers' THEN 'participants_despite_no_ects' END,
           CASE WHEN s.challenged THEN 'partnership_challenged' END,
           CASE WHEN s.active AND s.choice IN ('core_induction_programme', 'design_our_own', 'school_funded_fip',
                                               'no_early_career_teachers') THEN 'partnership_conflict' END,
           CASE WHEN s.pending THEN 'partnership_pending' END,
           CASE WHEN s.has_materials AND s.choice <> 'core_induction_programme' THEN 'stale_materials' END,
           CASE WHEN funnel.rank >= 5 AND s.has_tutor AND NOT s.tutor_signed_in THEN 'tutor_never_signed_in' END
       ], NULL) AS flags,
       coalesce(s.register_flags, '{}') AS register_flags
FROM school s
CROSS JOIN LATERAL (
    SELECT CASE s.stage
               WHEN 'participants_registered' THEN 7
               WHEN 'provision_in_place' THEN 6
               WHEN 'partnership_challenged' THEN 5
               WHEN 'programme_chosen' THEN 5
               WHEN 'tutor_signed_in' THEN 4
               WHEN 'tutor_nominated' THEN 3
               WHEN 'email_opened' THEN 2
               WHEN 'contacted' THEN 1
               WHEN 'not_contacted' THEN 0
           END AS rank -- none for no_ects: it is no step on the way
) funnel
CROSS JOIN LATERAL (
    SELECT coalesce(s.choice IN ('full_induction_programme', 'core_induction_programme', 'design_our_own',
                                 'school_funded_fip'), false) AS chosen
) programme
