SELECT e.eligibility, r.region_name, coalesce(r.la_name, 'Unknown') AS la_name, r.la_code,
       count(*) AS schools,
       count(*) FILTER (WHERE r.stage = 'not_contacted') AS not_contacted,
       count(*) FILTER (WHERE r.stage = 'contacted') AS contacted,
       count(*) FILTER (WHERE r.stage = 'email_opened') AS email_opened,
       count(*) FILTER (WHERE r.stage = 'tutor_nominated') AS tutor_nominated,
       count(*) FILTER (WHERE r.stage = 'tutor_signed_in') AS tutor_signed_in,
       count(*) FILTER (WHERE r.stage = 'programme_chosen') AS programme_chosen,
       count(*) FILTER (WHERE r.stage = 'partnership_challenged') AS partnership_challenged,
       count(*) FILTER (WHERE r.stage = 'provision_in_place') AS provision_in_place,
       count(*) FILTER (WHERE r.stage = 'participants_registered') AS participants_registered,
       count(*) FILTER (WHERE r.stage = 'no_ects') AS no_ects,
       count(*) FILTER (WHERE 'partnership_challenged' = ANY (r.flags)) AS challenged,
       round(count(*) FILTER (WHERE r.stage_rank >= 3) / nullif(count(r.stage_rank), 0)::numeric, 6) AS tutor_share,
       round(count(*) FILTER (WHERE r.stage_rank >= 5) / nullif(count(r.stage_rank), 0)::numeric, 6) AS programme_share,
       round(count(*) FILTER (WHERE r.stage_rank >= 6) / nullif(count(r.stage_rank), 0)::numeric, 6) AS provision_share,
       round(count(*) FILTER (WHERE r.stage_rank = 7) / nullif(count(r.stage_rank), 0)::numeric, 6) AS participants_share
FROM reports.school_onboarding r
CROSS JOIN LATERAL (VALUES ('all'), (r.eligibility)) AS e (eligibility)
GROUP BY e.eligibility, r.region_name, coalesce(r.la_name, 'Unknown'), r.la_code
