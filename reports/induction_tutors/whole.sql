SELECT coalesce(s.urn, r.urn) AS urn
FROM (SELECT DISTINCT urn::text AS urn FROM cpd.schools) s
FULL JOIN (SELECT DISTINCT urn FROM :"staged") r ON r.urn = s.urn
WHERE s.urn IS NULL OR r.urn IS NULL
ORDER BY 1
