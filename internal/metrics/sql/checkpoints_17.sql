SELECT 'database_checkpoints_total' AS metric, ARRAY[cause] AS labels, n::float8 AS value
FROM pg_stat_checkpointer, LATERAL (VALUES ('timed', num_timed), ('requested', num_requested)) AS c (cause, n)
