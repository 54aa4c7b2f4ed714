-- Rows that are new or differ, in full, so that publishing reads nothing else. Columns are compared one by one and
-- not by a stored hash: it is exact, it mends a live table that somebody has changed by hand, and costs less than
-- computing one hash a row. A CREATE TABLE AS, because unlike an INSERT it may be planned in parallel.
CREATE UNLOGGED TABLE {{.Diff}} AS
SELECT CASE WHEN l.{{.Key}} IS NULL THEN 'added' ELSE 'changed' END AS _action,
       NULL::text AS _reason,
       CASE WHEN l.{{.Key}} IS NOT NULL THEN array_remove(ARRAY[
           {{- range $i, $c := .Columns}}{{if .Compared}}
           CASE WHEN s.{{.Name}} IS DISTINCT FROM l.{{.Name}} THEN {{.Literal}} END,{{end}}{{end}}
           NULL::text
       ], NULL) END AS _columns,
       s.*
FROM {{.Staged}} s
LEFT JOIN {{.Live}} l ON l.{{.Key}} = s.{{.Key}}
WHERE l.{{.Key}} IS NULL
{{- range .Columns}}{{if .Compared}}
   OR s.{{.Name}} IS DISTINCT FROM l.{{.Name}}{{end}}{{end}}
