SELECT 'database_checkpoints_total' AS metric, ARRAY[cause] AS labels, n::float8 AS value
FROM pg_stat_bgwriter, LATERAL (VALUES ('timed', checkpoints_timed), ('requested', checkpoints_req)) AS c (cause, n)
