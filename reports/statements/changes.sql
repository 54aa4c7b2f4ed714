-- The change log of what is about to be published, against the rows that are still live: a row for each cell that
-- changes, and one each for a row added or removed; the latter keeps the whole old row. With row_as_of, every earlier
-- version can be rebuilt by undoing what came after it.
SELECT d.{{.Key}} AS key,
       d._action AS action,
       d._reason AS reason,
       c.name AS column_name,
       CASE d._action
           WHEN 'removed' THEN to_jsonb(l)
           WHEN 'changed' THEN nullif(to_jsonb(l) -> c.name, 'null')
       END AS old,
       CASE d._action WHEN 'changed' THEN nullif(to_jsonb(d) -> c.name, 'null') END AS new,
       l.{{.AsOf}} AS row_as_of
FROM {{.Diff}} d
LEFT JOIN {{.Live}} l ON l.{{.Key}} = d.{{.Key}}
LEFT JOIN LATERAL unnest(d._columns) WITH ORDINALITY AS c (name, position) ON true
ORDER BY {{.OrderOfDiff}}, c.position
