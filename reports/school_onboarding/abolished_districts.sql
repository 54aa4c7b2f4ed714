-- Sparse districts that no open school lies in by its own district text: abolished, so schools still linked to one stay
-- sparse and schools linked to what replaced it never are.
SELECT d.code AS district, d.name AS district_name, min(ds.start_year) AS sparse_since
FROM cpd.district_sparsities ds
JOIN cpd.local_authority_districts d ON d.id = ds.local_authority_district_id
WHERE ds.start_year <= :'cohort'::integer AND (ds.end_year IS NULL OR ds.end_year > :'cohort'::integer)
  AND NOT EXISTS (
      SELECT FROM cpd.schools s
      WHERE s.school_status_code IN (1, 3) AND upper(s.administrative_district_code) = upper(d.code)
  )
GROUP BY d.code, d.name
ORDER BY 1
