INSERT INTO uplift.districts (district_code, start_year, district_name)
SELECT s.key, @year::smallint, s.name
FROM staged s
WHERE NOT EXISTS (SELECT FROM uplift.districts u WHERE u.district_code = s.key AND u.end_year IS NULL AND u.start_year <= @year::smallint)
