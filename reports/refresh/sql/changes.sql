-- The change log of what is about to be published, against the rows that are still live: a row for each cell that
-- changes, and one each for a row added or removed; the latter keeps the whole old row. With row_as_of, every earlier
-- version can be rebuilt by undoing what came after it.
SELECT d.{{.Key}} AS key,
       d._action AS action,
       d._reason AS reason,
       c.name AS column_name,
       CASE d._action
           WHEN 'removed' THEN to_jsonb(l)
           WHEN 'changed' THEN CASE c.name
               {{- range .Columns}}{{if .Compared}}
               WHEN {{.Literal}} THEN to_jsonb(l.{{.Name}}){{end}}{{end}}
           END
       END AS old,
       CASE c.name -- and not to_jsonb(d) -> c.name: eight times as long
           {{- range .Columns}}{{if .Compared}}
           WHEN {{.Literal}} THEN to_jsonb(d.{{.Name}}){{end}}{{end}}
       END AS new,
       l.{{.AsOf}} AS row_as_of
FROM {{.Diff}} d
LEFT JOIN {{.Live}} l ON l.{{.Key}} = d.{{.Key}}
LEFT JOIN LATERAL unnest(d._columns) WITH ORDINALITY AS c (name, position) ON true
ORDER BY {{.OrderOfDiff}}, c.position
