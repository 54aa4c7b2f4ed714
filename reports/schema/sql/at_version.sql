-- The live rows, with what came after the version undone. A row that nothing touched since is as it is. One that was
-- added since was not there. Of any other, cells go back to what they were before their first change; a row that was
-- removed starts from what it was then. Attributes that the table has no column for any more are those of dropped columns.
CREATE OR REPLACE FUNCTION {{.AtVersion}}(version bigint) RETURNS SETOF {{.Row}}
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20000 AS $undo$
WITH later AS MATERIALIZED (
    SELECT c.{{.Key}} AS key, c.version, c.action, c.column_name, c.old, c.row_as_of
    FROM {{.Changes}} c
    WHERE c.version > $1
), known AS (
    -- Of a version that never was, or is not kept, nothing can be said.
    SELECT FROM reports.refreshes f WHERE f.report = {{.NameLiteral}} AND f.version = $1
), touched AS MATERIALIZED (
    SELECT key,
           min(version) AS first,
           min(version) FILTER (WHERE action = 'removed') AS removed,
           coalesce(min(version) FILTER (WHERE action = 'added') = min(version), false) AS absent
    FROM later
    GROUP BY key
), cells AS (
    SELECT key, jsonb_object_agg(column_name, old) AS before
    FROM (
        SELECT DISTINCT ON (l.key, l.column_name) l.key, l.column_name, l.old
        FROM later l
        JOIN touched t ON t.key = l.key
        WHERE l.action = 'changed' AND (t.removed IS NULL OR l.version <= t.removed)
        ORDER BY l.key, l.column_name, l.version
    ) first
    GROUP BY key
)
SELECT {{range $i, $c := .RowColumns}}{{if $i}}, {{end}}{{$c}}{{end}}
FROM {{.Live}} l
WHERE EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM touched t WHERE t.key = l.{{.Key}})
UNION ALL
SELECT r.*
FROM touched t
LEFT JOIN {{.Live}} l ON l.{{.Key}} = t.key AND t.removed IS NULL
LEFT JOIN later gone ON gone.key = t.key AND gone.version = t.removed AND gone.action = 'removed'
LEFT JOIN cells c ON c.key = t.key
CROSS JOIN LATERAL (
    SELECT min(f.row_as_of) AS as_of FROM later f WHERE f.key = t.key AND f.version = t.first
) stamp
CROSS JOIN LATERAL jsonb_populate_record(
    NULL::{{.Row}},
    coalesce(gone.old, to_jsonb(l)) || coalesce(c.before, '{}') || jsonb_build_object({{.AsOfLiteral}}, stamp.as_of)
) r
WHERE EXISTS (SELECT FROM known) AND NOT t.absent
$undo$
