UPDATE uplift.schools u SET missing_since = now(), last_changed = now()
WHERE u.start_year = @year::smallint AND u.missing_since IS NULL AND NOT EXISTS (SELECT FROM staged s WHERE s.key = u.urn)
