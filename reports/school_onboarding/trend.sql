SELECT coalesce(e.eligibility, 'all') AS eligibility,
       count(r.urn) AS schools,
       count(r.urn) FILTER (WHERE r.contacts > 0) AS contacted,
       count(r.urn) FILTER (WHERE r.first_opened_at IS NOT NULL) AS opened,
       count(r.urn) FILTER (WHERE r.induction_tutor_nominated) AS with_tutor,
       count(r.urn) FILTER (WHERE r.tutor_signed_in) AS tutor_signed_in,
       count(r.urn) FILTER (WHERE r.stage_rank >= 5) AS programme_chosen,
       count(r.urn) FILTER (WHERE r.stage_rank >= 6) AS provision_in_place,
       count(r.urn) FILTER (WHERE r.cohort_in_partnership) AS partnered,
       count(r.urn) FILTER (WHERE 'partnership_challenged' = ANY (r.flags)) AS challenged,
       count(r.urn) FILTER (WHERE r.active_participants) AS with_participants,
       count(r.urn) FILTER (WHERE r.stage = 'no_ects') AS no_ects,
       coalesce(sum(r.active_ects), 0)::bigint AS early_career_teachers,
       coalesce(sum(r.active_mentors), 0)::bigint AS mentors
FROM (VALUES ('cip_only'), ('eligible')) AS e (eligibility)
LEFT JOIN reports.school_onboarding r ON r.eligibility = e.eligibility
GROUP BY GROUPING SETS ((e.eligibility), ()) -- the empty one is of all schools
