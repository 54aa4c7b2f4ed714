-- Schools whose district as text and as link name different districts: `sparsity` goes by the link, which ordinary
-- register changes do not move. Of several current links the one that the report goes by counts: no other is newer.
SELECT s.urn, s.administrative_district_code AS district_of_the_school, d.code AS district_of_the_link
FROM cpd.school_local_authority_districts l
JOIN cpd.local_authority_districts d ON d.id = l.local_authority_district_id
JOIN cpd.schools s ON s.id = l.school_id
JOIN :"staged" r ON r.urn = s.urn
WHERE l.end_year IS NULL
  AND upper(d.code) <> upper(s.administrative_district_code)
  AND NOT EXISTS (
      SELECT FROM cpd.school_local_authority_districts newer
      WHERE newer.school_id = l.school_id
        AND newer.end_year IS NULL
        AND newer.id <> l.id
        AND (coalesce(newer.start_year, 0), coalesce(newer.created_at, '-infinity'), l.id)
          > (coalesce(l.start_year, 0), coalesce(l.created_at, '-infinity'), newer.id)
  )
ORDER BY 1
