-- The service's loader: spells that start in the year are made anew, open spells of listed districts go on, open spells of
-- others end. Counted are spells that begin, names that change, and spells that end or are withdrawn.
SELECT count(*) FILTER (WHERE s.key IS NOT NULL AND u.district_code IS NULL),
       count(*) FILTER (WHERE s.key IS NOT NULL AND u.district_name IS DISTINCT FROM s.name AND u.district_code IS NOT NULL),
       count(*) FILTER (WHERE s.key IS NULL),
       count(*) FILTER (WHERE u.district_code IS NOT NULL),
       (SELECT coalesce(max(greatest(start_year, end_year)), 0) FROM uplift.districts)
FROM staged s
FULL JOIN (SELECT * FROM uplift.districts WHERE end_year IS NULL AND start_year <= @year::smallint) u ON u.district_code = s.key
