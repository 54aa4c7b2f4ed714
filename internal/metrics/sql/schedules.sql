WITH live AS (
    SELECT name, next_tick, set_aside_at FROM queue.schedules WHERE active
)
SELECT 'schedule_last_success_timestamp_seconds' AS metric, ARRAY[schedule] AS labels, extract(epoch FROM finished_at)::float8 AS value
FROM queue.last_successes WHERE finished_at IS NOT NULL
UNION ALL
SELECT 'schedule_next_tick_timestamp_seconds', ARRAY[name], extract(epoch FROM next_tick) FROM live WHERE next_tick IS NOT NULL
UNION ALL
SELECT 'schedule_paused', ARRAY[name], EXISTS (
    SELECT FROM queue.pauses AS p WHERE p.schedule = name AND p.from_at <= now() AND (p.until_at IS NULL OR p.until_at > now()))::int
FROM live
UNION ALL
SELECT 'schedule_set_aside', ARRAY[name], (set_aside_at IS NOT NULL)::int FROM live
UNION ALL
SELECT 'ticks_waiting', '{}', count(*) FROM queue.ticks WHERE state = 'enqueued' AND job_id IS NULL
UNION ALL
SELECT 'backfills_set_aside', '{}', count(*) FROM queue.backfills WHERE finished_at IS NULL AND set_aside_at IS NOT NULL
UNION ALL
SELECT 'ticks_late', '{}', count(*) FROM live WHERE next_tick < now() - interval '5 seconds'
UNION ALL
SELECT 'tick_oldest_late_seconds', '{}', greatest(0, coalesce(extract(epoch FROM now() - min(next_tick)), 0)) FROM live
UNION ALL
SELECT 'ticks_last_day', ARRAY[state, coalesce(reason, '')], count(*)
FROM queue.ticks WHERE tick > now() - interval '1 day' AND tick <= now() GROUP BY state, reason
UNION ALL
SELECT 'schedules_held', '{}', count(*) FROM queue.identity
WHERE system_identifier <> (SELECT c.system_identifier FROM pg_control_system() AS c)
   OR database_oid <> (SELECT oid FROM pg_database WHERE datname = current_database())
