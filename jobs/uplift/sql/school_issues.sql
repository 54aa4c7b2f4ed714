-- What only a look beyond the file shows. A source that was never synced is not asked.
WITH known AS (
    SELECT urn FROM gias.establishments
    UNION
    SELECT urn FROM cpd.schools
), last_year AS (
    SELECT max(start_year) AS year FROM uplift.schools WHERE start_year < @year::smallint
), authorities AS (
    -- Those whose open state schools the files cover; a file that was cut between two rows shows here alone.
    SELECT e.la_code, max(e.la_name) AS la_name, count(*) AS schools, count(s.key) AS listed
    FROM gias.establishments e
    LEFT JOIN staged s ON s.key = e.urn
    WHERE e.gone_since IS NULL AND e.establishment_status_code IN (1, 3)
      AND e.type_of_establishment_code IN (1, 2, 3, 5, 7, 12, 14, 28, 33, 34, 35, 36, 38, 42, 43, 44)
    GROUP BY e.la_code
)
SELECT 'unknown' AS kind, s.line, s.key AS urn, 'URN' AS column_name, 'neither the register nor the service has it' AS reason, '' AS value
FROM staged s
WHERE EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM known k WHERE k.urn = s.key)
UNION ALL
SELECT 'not_in_file', 0, u.urn, 'URN', 'an earlier file for the year had it; its flags stay', ''
FROM uplift.schools u
WHERE u.start_year = @year::smallint AND NOT EXISTS (SELECT FROM staged s WHERE s.key = u.urn)
UNION ALL
SELECT 'missing_since_last_year', 0, u.urn, 'URN', 'the file for ' || l.year || ' had it', ''
FROM uplift.schools u
JOIN last_year l ON u.start_year = l.year
WHERE u.missing_since IS NULL AND NOT EXISTS (SELECT FROM staged s WHERE s.key = u.urn)
UNION ALL
SELECT 'authority_missing', 0, '', '', format('%s of the %s open state schools of %s are in the file', listed, schools, la_name), la_code
FROM authorities
WHERE schools >= 10 AND listed * 2 < schools
ORDER BY kind, line, urn, value
