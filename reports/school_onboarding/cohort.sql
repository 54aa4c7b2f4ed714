-- The current cohort: the one whose academic year began within the year that ends on the day of the as-of instant
-- in London. PostgreSQL takes a year from 29 February to 28 February, as the rule wants.
-- registration_start_date is not asked: before 1 September the registration cohort is ahead of the current one.
SELECT c.id::text AS cohort_id, c.start_year::text AS cohort
FROM cpd.cohorts c
CROSS JOIN (SELECT (:'as_of'::timestamptz AT TIME ZONE 'Europe/London')::date AS today) t
WHERE c.academic_year_start_date::date > t.today - interval '1 year'
  AND c.academic_year_start_date::date <= t.today
ORDER BY c.academic_year_start_date::date DESC, c.start_year DESC
LIMIT 1
