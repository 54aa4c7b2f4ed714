-- Districts in which the register has no establishment, but for those that are known to be abolished.
SELECT 'unknown' AS kind, s.line, '' AS urn, 'LAD_CODE' AS column_name, 'no establishment of the register is in it' AS reason, s.key AS value
FROM staged s
WHERE EXISTS (SELECT FROM gias.establishments WHERE gone_since IS NULL)
  AND NOT EXISTS (SELECT FROM gias.establishments e WHERE e.district_administrative_code = s.key AND e.gone_since IS NULL)
ORDER BY s.line
