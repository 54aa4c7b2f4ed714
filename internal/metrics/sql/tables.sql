-- The tables of jobs and of reports each for itself, the copies of sources by schema: those have many tables, and a swap holds locks on them that asking for an exact size would wait for.
WITH tables AS (
    SELECT relid, schemaname || '.' || relname AS name, n_dead_tup, n_live_tup,
        CASE WHEN schemaname = 'restricted' THEN 'restricted.cpd_*' ELSE schemaname || '.*' END AS family,
        schemaname IN ('queue', 'reports', 'restricted') AND NOT (schemaname = 'restricted' AND relname ~ '^cpd_')
            OR schemaname = 'river' AND relname = 'river_job' AS ours
    FROM pg_stat_user_tables WHERE schemaname IN ('river', 'queue', 'reports', 'restricted', 'cpd', 'gias', 'uplift')
), measured AS (
    SELECT name, n_dead_tup AS dead, n_live_tup AS live, pg_total_relation_size(relid) AS bytes FROM tables WHERE ours
    UNION ALL
    SELECT family, sum(n_dead_tup), sum(n_live_tup), sum(c.relpages::bigint) * current_setting('block_size')::bigint
    FROM tables JOIN pg_class AS c ON c.oid = relid WHERE NOT ours GROUP BY family
)
SELECT 'table_dead_rows' AS metric, ARRAY[name] AS labels, dead::float8 AS value FROM measured
UNION ALL
SELECT 'table_live_rows', ARRAY[name], live FROM measured
UNION ALL
SELECT 'table_size_bytes', ARRAY[name], coalesce(bytes, 0) FROM measured
