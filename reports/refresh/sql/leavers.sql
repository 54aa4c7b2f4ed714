-- Rows that are live and were not computed again.
INSERT INTO {{.Diff}} (_action, {{.Key}})
SELECT 'removed', l.{{.Key}}
FROM {{.Live}} l
WHERE NOT EXISTS (SELECT FROM {{.Staged}} s WHERE s.{{.Key}} = l.{{.Key}})
