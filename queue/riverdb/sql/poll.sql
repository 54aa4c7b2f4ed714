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
SELECT (SELECT extract(epoch FROM min(next_tick) - clock_timestamp())::float8 FROM queue.schedules),
       (SELECT coalesce(max(generation), 0) FROM queue.schedule_files),
       EXISTS (SELECT FROM queue.backfills WHERE finished_at IS NULL)
FROM (SELECT count(*) FROM notified) AS done
