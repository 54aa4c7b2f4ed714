-- Schools that should be in the report and are not, or are in it and should not be. The rule is written out a second
-- time here, by other means than in query.sql, so that a join that loses schools cannot hide; one that multiplies them
-- is caught by the key.
SELECT coalesce(expected.urn, found.urn) AS urn,
       CASE WHEN found.urn IS NULL THEN 'missing from the report' ELSE 'not to be reported' END AS problem
FROM (
    SELECT urn::text AS urn
    FROM cpd.schools
    WHERE school_status_code IN (1, 3)
      AND (
          (upper(left(administrative_district_code, 1)) = 'E' OR administrative_district_code = '9999')
          AND (
              section_41_approved
              OR school_type_code IN (1, 2, 3, 5, 6, 7, 8, 12, 14, 15, 18, 28, 31, 32, 33, 34, 35, 36, 38, 39, 40, 41, 42,
                                      43, 44, 45, 46, 47, 48, 57)
          )
          OR school_type_code IN (10, 11, 30, 37)
      )
) expected
FULL JOIN :"staged" found ON found.urn = expected.urn
WHERE expected.urn IS NULL OR found.urn IS NULL
ORDER BY 1
