-- Rows with a repeated key go; the first of equal ones stays.
WITH repeated AS (
    SELECT {{.Keys}}, min(line) AS first, min(row_hash) = max(row_hash) AS same
    FROM pg_temp.staged_{{.Part}}
    GROUP BY {{.Keys}}
    HAVING count(*) > 1
)
DELETE FROM pg_temp.staged_{{.Part}} s
USING repeated r
WHERE {{.SameKeys "s" "r"}} AND NOT (r.same AND s.line = r.first)
RETURNING s.line, r.first, s.urn, r.same
