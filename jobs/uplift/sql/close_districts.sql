-- A spell that would end in the year in which it began never was.
WITH withdrawn AS (
    DELETE FROM uplift.districts u
    WHERE u.start_year = @year::smallint AND u.end_year IS NULL AND NOT EXISTS (SELECT FROM staged s WHERE s.key = u.district_code)
)
UPDATE uplift.districts u SET end_year = @year::smallint
WHERE u.end_year IS NULL AND u.start_year < @year::smallint AND NOT EXISTS (SELECT FROM staged s WHERE s.key = u.district_code)
