SELECT p.id::text AS partnership_id
FROM cpd.partnerships p
LEFT JOIN :"staged" r ON r.partnership_id = p.id::text
WHERE p.relationship IS NOT TRUE AND r.partnership_id IS NULL
ORDER BY 1
