UPDATE uplift.districts u SET district_name = s.name
FROM staged s
WHERE u.district_code = s.key AND u.end_year IS NULL AND u.start_year <= @year::smallint AND u.district_name IS DISTINCT FROM s.name
