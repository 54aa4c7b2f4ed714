WITH live AS (
    SELECT v.* FROM reports.inputs JOIN reports.input_versions AS v USING (input, version)
), received AS ( -- every row that was read is one of the three
    SELECT 'gias' AS input, sum(merged) AS merged, sum(unchanged) AS unchanged, sum(rejected) AS rejected
    FROM gias.files WHERE sync_id = (SELECT max(id) FROM gias.syncs) HAVING count(*) > 0
    UNION ALL
    (SELECT 'uplift', merged, unchanged, rejected FROM uplift.files ORDER BY id DESC LIMIT 1)
)
SELECT 'input_as_at_timestamp_seconds' AS metric, ARRAY[input] AS labels, extract(epoch FROM as_at)::float8 AS value FROM live
UNION ALL
SELECT 'input_published_timestamp_seconds', ARRAY[input], extract(epoch FROM published_at) FROM live
UNION ALL
SELECT 'input_rows', ARRAY[input], rows FROM live
UNION ALL
SELECT 'input_rejected_rows', ARRAY[input], rejected FROM received
UNION ALL
SELECT 'input_received_rows', ARRAY[input, a.outcome], a.rows
FROM received CROSS JOIN LATERAL (
    VALUES ('merged', merged), ('unchanged', unchanged), ('rejected', rejected)
) AS a (outcome, rows)
UNION ALL
SELECT 'source_replica_lag_seconds', '{}', (details -> 'replica' ->> 'lag_seconds')::float8
FROM live WHERE input = 'cpd' AND details -> 'replica' ->> 'lag_seconds' IS NOT NULL
