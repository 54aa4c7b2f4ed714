-- Rows that differ between version $1 and a later one, $2; of one key, unless $3 is empty. What happened in between is in
-- the change log, and what happened and was taken back is no difference. Only of rows that left and came back are both
-- versions rebuilt, which takes far longer than all the rest: the log has the whole row before it left, not after it came.
WITH log AS MATERIALIZED (
    SELECT c.{{.Key}} AS key, c.version, c.action, c.reason, c.column_name, c.old, c.new
    FROM {{.Changes}} c
    WHERE c.version > $1::bigint AND c.version <= $2::bigint AND ($3::text = '' OR c.{{.Key}}::text = $3::text)
), ends AS MATERIALIZED (
    SELECT key,
           (array_agg(action ORDER BY version))[1] = 'added' AS came,
           (array_agg(action ORDER BY version DESC))[1] = 'removed' AS went,
           (array_agg(reason ORDER BY version DESC) FILTER (WHERE action = 'removed'))[1] AS reason,
           bool_or(action = 'removed') AS removed
    FROM log
    GROUP BY key
), cells AS (
    SELECT l.key, l.column_name, (array_agg(l.old ORDER BY l.version))[1] AS old, (array_agg(l.new ORDER BY l.version DESC))[1] AS new
    FROM log l
    JOIN ends e ON e.key = l.key
    WHERE l.action = 'changed' AND NOT e.came AND NOT e.removed
    GROUP BY l.key, l.column_name
), back AS MATERIALIZED (
    SELECT key FROM ends WHERE removed AND NOT came AND NOT went
), rebuilt AS (
    SELECT t.key, o.key AS column_name, o.value AS old, t.new -> o.key AS new
    FROM (
        SELECT b.key, to_jsonb(a) - {{.AsOfLiteral}} AS old, to_jsonb(z) - {{.AsOfLiteral}} AS new
        FROM back b
        JOIN {{.AtVersion}}($1) a ON a.{{.Key}} = b.key
        JOIN {{.AtVersion}}($2) z ON z.{{.Key}} = b.key
        WHERE (SELECT count(*) FROM back) > 0 -- else neither version is rebuilt
    ) t
    CROSS JOIN LATERAL jsonb_each(t.old) o
), different AS (
    SELECT key,
           jsonb_agg(jsonb_build_object('column', column_name, 'old', old, 'new', new)
                     ORDER BY array_position(ARRAY[{{range $i, $c := .Columns}}{{if $i}}, {{end}}{{$c.Literal}}{{end}}]::text[], column_name)) AS list
    FROM (SELECT * FROM cells UNION ALL SELECT * FROM rebuilt) c
    WHERE coalesce(old, 'null') <> coalesce(new, 'null')
    GROUP BY key
)
SELECT d.key::text AS key,
       CASE WHEN d.came THEN 'added' WHEN d.went THEN 'removed' ELSE 'changed' END AS action,
       CASE WHEN d.went THEN coalesce(d.reason, '') ELSE '' END AS reason,
       coalesce(c.list, '[]') AS cells
FROM ends d
LEFT JOIN different c ON c.key = d.key
WHERE d.came <> d.went OR (NOT d.came AND c.list IS NOT NULL)
ORDER BY {{.OrderOfKey}}
