WITH sessions AS (
    SELECT coalesce(state, 'other') AS state, xact_start, backend_xmin, pid FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
), here AS (
    SELECT blks_hit, blks_read, deadlocks, temp_bytes FROM pg_stat_database WHERE datname = current_database()
), replicas AS (
    SELECT extract(epoch FROM replay_lag) AS seconds, pg_wal_lsn_diff(sent_lsn, replay_lsn) AS bytes FROM pg_stat_replication
)
SELECT 'database_connections' AS metric, ARRAY[state] AS labels, count(s.pid)::float8 AS value
FROM unnest(ARRAY['active', 'idle', 'idle in transaction']) AS state FULL JOIN sessions AS s USING (state) GROUP BY state
UNION ALL
SELECT 'database_connections_limit', '{}', current_setting('max_connections')::int
UNION ALL
SELECT 'database_connections_all', '{}', count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
UNION ALL
SELECT 'database_longest_transaction_seconds', '{}',
    greatest(0, coalesce(extract(epoch FROM now() - min(xact_start)), 0)) FROM sessions WHERE pid <> pg_backend_pid()
UNION ALL
SELECT 'database_oldest_snapshot_seconds', '{}',
    greatest(0, coalesce(extract(epoch FROM now() - min(xact_start)), 0)) FROM sessions WHERE pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
UNION ALL
SELECT 'database_oldest_snapshot_transactions', '{}', coalesce(max(age(backend_xmin)), 0) FROM sessions WHERE pid <> pg_backend_pid()
UNION ALL
SELECT 'database_blocks_hit_total', '{}', blks_hit FROM here
UNION ALL
SELECT 'database_blocks_read_total', '{}', blks_read FROM here
UNION ALL
SELECT 'database_deadlocks_total', '{}', deadlocks FROM here
UNION ALL
SELECT 'database_temporary_bytes_total', '{}', temp_bytes FROM here
UNION ALL
SELECT 'database_size_bytes', '{}', pg_database_size(current_database())
UNION ALL
SELECT 'database_replication_lag_seconds', '{}', max(seconds) FROM replicas HAVING max(seconds) IS NOT NULL
UNION ALL
SELECT 'database_replication_lag_bytes', '{}', max(bytes) FROM replicas HAVING max(bytes) IS NOT NULL
