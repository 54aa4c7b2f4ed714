-- One row for each cohort and eligibility. Each part is one row a school and cohort, and every school that is open now
-- counts for every cohort: a school that said nothing is one that has not answered.
WITH population AS (
    SELECT s.id, CASE WHEN s.in_england AND (t.class = 'eligible' OR s.section_41_approved) THEN 'eligible' ELSE 'cip_only' END AS eligibility
    FROM (
        SELECT *, coalesce(administrative_district_code ILIKE 'e%' OR administrative_district_code = '9999', false) AS in_england
        FROM cpd.schools
        WHERE school_status_code IN (1, 3)
    ) s
    LEFT JOIN reports.school_types t ON t.code = s.school_type_code
    WHERE s.in_england AND (t.class = 'eligible' OR s.section_41_approved) OR t.class = 'cip_only'
),
partnership AS (
    SELECT school_id, cohort_id,
           bool_or(challenged_at IS NULL AND challenge_reason IS NULL AND pending IS NOT TRUE) AS active,
           bool_or(challenged_at IS NOT NULL OR challenge_reason IS NOT NULL) AS challenged,
           bool_or(challenged_at IS NULL AND challenge_reason IS NULL AND pending) AS pending
    FROM cpd.partnerships
    WHERE relationship IS NOT TRUE
    GROUP BY school_id, cohort_id
),
participants AS (
    SELECT p.school_cohort_id,
           count(*) FILTER (WHERE p.type = 'ParticipantProfile::ECT') AS ects,
           count(*) FILTER (WHERE p.type = 'ParticipantProfile::Mentor') AS mentors
    FROM cpd.participant_profiles p
    JOIN cpd.teacher_profiles t ON t.id = p.teacher_profile_id
    JOIN cpd.users u ON u.id = t.user_id
    WHERE p.type IN ('ParticipantProfile::ECT', 'ParticipantProfile::Mentor') AND p.status = 'active'
    GROUP BY p.school_cohort_id
),
fact AS (
    SELECT c.start_year AS cohort, s.eligibility, sc.induction_programme_choice AS choice,
           coalesce(pa.active, false) AS active,
           coalesce(pa.challenged AND NOT pa.active, false) AS challenged,
           coalesce(pa.pending AND NOT pa.active, false) AS pending,
           coalesce(who.ects, 0) AS ects, coalesce(who.mentors, 0) AS mentors, who.school_cohort_id IS NOT NULL AS has_participants
    FROM population s
    CROSS JOIN cpd.cohorts c
    LEFT JOIN cpd.school_cohorts sc ON sc.school_id = s.id AND sc.cohort_id = c.id
    LEFT JOIN partnership pa ON pa.school_id = s.id AND pa.cohort_id = c.id
    LEFT JOIN participants who ON who.school_cohort_id = sc.id
),
staged AS (
    -- The funnel's rules, as far as they are about the cohort.
    SELECT f.*,
           CASE
               WHEN has_participants THEN 7
               WHEN choice = 'no_early_career_teachers' THEN NULL
               WHEN active OR choice IN ('core_induction_programme', 'design_our_own', 'school_funded_fip') THEN 6
               WHEN challenged OR choice = 'full_induction_programme' THEN 5
               ELSE 0
           END AS rank
    FROM fact f
)
SELECT s.cohort::integer AS cohort,
       e.eligibility,
       count(*)::integer AS schools,
       count(*) FILTER (WHERE choice <> 'not_yet_known')::integer AS answered,
       count(*) FILTER (WHERE choice = 'full_induction_programme')::integer AS provider_led,
       count(*) FILTER (WHERE choice = 'core_induction_programme')::integer AS core_materials,
       count(*) FILTER (WHERE choice IN ('design_our_own', 'school_funded_fip'))::integer AS own_programme,
       count(*) FILTER (WHERE rank IS NULL)::integer AS no_ects,
       count(*) FILTER (WHERE rank >= 5)::integer AS programme_chosen,
       count(*) FILTER (WHERE rank >= 6)::integer AS provision_in_place,
       count(*) FILTER (WHERE active)::integer AS partnered,
       count(*) FILTER (WHERE challenged)::integer AS challenged,
       count(*) FILTER (WHERE pending)::integer AS pending,
       count(*) FILTER (WHERE has_participants)::integer AS with_participants,
       sum(ects)::integer AS early_career_teachers,
       sum(mentors)::integer AS mentors,
       concat_ws(' ', s.cohort, e.eligibility) AS cohort_eligibility,
       :'as_of'::timestamptz AS as_of
FROM staged s
CROSS JOIN LATERAL (VALUES ('all'), (s.eligibility)) AS e (eligibility)
GROUP BY s.cohort, e.eligibility
