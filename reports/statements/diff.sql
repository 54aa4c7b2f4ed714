-- Rows that differ between version $1 and a later one, $2; of one key, unless $3 is empty. Only rows that something
-- happened to in between are looked at; what happened and was taken back is no difference.
WITH touched AS (
    SELECT c.{{.Key}} AS key, max(c.version) FILTER (WHERE c.action = 'removed') AS removed
    FROM {{.Changes}} c
    WHERE c.version > $1::bigint AND c.version <= $2::bigint AND ($3::text = '' OR c.{{.Key}}::text = $3::text)
    GROUP BY 1
), compared AS (
    SELECT t.key, t.removed, to_jsonb(a) - {{.AsOfLiteral}} AS old, to_jsonb(b) - {{.AsOfLiteral}} AS new
    FROM touched t
    LEFT JOIN {{.AtVersion}}($1) a ON a.{{.Key}} = t.key
    LEFT JOIN {{.AtVersion}}($2) b ON b.{{.Key}} = t.key
)
SELECT d.key::text AS key,
       CASE WHEN d.old IS NULL THEN 'added' WHEN d.new IS NULL THEN 'removed' ELSE 'changed' END AS action,
       CASE WHEN d.new IS NULL THEN coalesce(gone.reason, '') ELSE '' END AS reason,
       coalesce(cells.list, '[]') AS cells
FROM compared d
LEFT JOIN {{.Changes}} gone ON gone.{{.Key}} = d.key AND gone.version = d.removed AND gone.action = 'removed'
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('column', o.key, 'old', o.value, 'new', d.new -> o.key)
                     ORDER BY array_position(ARRAY[{{range $i, $c := .Columns}}{{if $i}}, {{end}}{{$c.Literal}}{{end}}]::text[], o.key)) AS list
    FROM jsonb_each(d.old) o
    WHERE d.old IS NOT NULL AND d.new IS NOT NULL AND o.value <> d.new -> o.key
) cells ON true
WHERE d.old IS DISTINCT FROM d.new
ORDER BY {{.OrderOfKey}}
