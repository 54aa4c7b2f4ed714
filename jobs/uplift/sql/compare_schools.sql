-- How many schools of the year are new, have other flags, or are missing from the file; and how many there were.
SELECT count(*) FILTER (WHERE u.urn IS NULL),
       count(*) FILTER (WHERE u.urn IS NOT NULL AND s.key IS NOT NULL AND (
           u.pupil_premium <> s.pupil_premium OR coalesce(s.sparsity, u.sparsity) IS DISTINCT FROM u.sparsity
           OR u.basis <> @basis::text OR u.missing_since IS NOT NULL)),
       count(*) FILTER (WHERE s.key IS NULL AND u.missing_since IS NULL),
       count(*) FILTER (WHERE u.urn IS NOT NULL AND u.missing_since IS NULL)
FROM staged s
FULL JOIN (SELECT * FROM uplift.schools WHERE start_year = @year::smallint) u ON u.urn = s.key
