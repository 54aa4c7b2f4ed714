-- $2 the version of the worker.
-- $1 how long ago the time of a job that was inserted available may have come for its workers to be notified.
WITH due AS (
    SELECT id FROM river.river_job
    WHERE state IN ('scheduled', 'retryable') AND scheduled_at <= now()
    ORDER BY priority, scheduled_at, id
    LIMIT 10000
    FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE river.river_job AS j SET state = 'available' FROM due WHERE j.id = due.id RETURNING j.queue
), waiting AS (
    SELECT DISTINCT queue FROM river.river_job
    WHERE state = 'available' AND scheduled_at BETWEEN now() - $1::interval AND now() AND scheduled_at > created_at
), notified AS (
    SELECT pg_notify('river.river_insert', json_build_object('queue', queue)::text)
    FROM (SELECT queue FROM moved UNION SELECT queue FROM waiting) AS q
)
SELECT (SELECT extract(epoch FROM min(
            CASE WHEN set_aside_at IS NOT NULL AND set_aside_by = $2 THEN greatest(next_tick, retry_at) ELSE next_tick END
        ) - clock_timestamp())::float8 FROM queue.schedules WHERE next_tick IS NOT NULL),
       (SELECT coalesce(max(generation), 0) FROM queue.schedule_files),
       EXISTS (
           SELECT FROM queue.backfills
           WHERE finished_at IS NULL AND paused_at IS NULL AND (retry_at IS NULL OR retry_at <= now())),
       ARRAY(
           SELECT schedule FROM (
               SELECT DISTINCT schedule FROM queue.ticks WHERE state = 'enqueued' AND job_id IS NULL) AS waiting
           WHERE NOT EXISTS (
               SELECT FROM river.river_job
               WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
                 AND metadata ->> 'schedule' = schedule
                 AND NOT EXISTS (
                     SELECT FROM queue.backfills AS b
                     WHERE b.id::text = metadata ->> 'backfill' AND NOT b.shares_overlap))
             AND NOT EXISTS (
               SELECT FROM queue.pauses AS p
               WHERE p.schedule = waiting.schedule AND p.from_at <= now() AND (p.until_at IS NULL OR p.until_at > now()))
           ORDER BY schedule),
       clock_timestamp(),
       ARRAY(SELECT queue FROM queue.queue_pauses WHERE until_at <= clock_timestamp()),
       ARRAY(
           SELECT name FROM queue.owed JOIN queue.schedules ON name = schedule
           WHERE active AND (set_aside_at IS NULL OR retry_at <= clock_timestamp() OR set_aside_by <> $2)
             AND NOT EXISTS (
               SELECT FROM queue.pauses AS p
               WHERE p.schedule = name AND p.from_at <= now() AND (p.until_at IS NULL OR p.until_at > now()))
           ORDER BY owed_at)
FROM (SELECT count(*) FROM notified) AS done
