-- $1 the job that gives its leases back. Of the jobs that wait for one, the first gets its turn.
WITH dropped AS (
    DELETE FROM queue.leases WHERE job_id = $1 RETURNING key
), next AS (
    SELECT waiting.id
    FROM dropped CROSS JOIN LATERAL (
        SELECT id FROM river.river_job AS j
        WHERE state IN ('available', 'scheduled') AND scheduled_at > now() AND metadata ->> 'waits_for' = dropped.key
        ORDER BY priority, id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS waiting
), woken AS (
    UPDATE river.river_job AS j SET state = 'available', scheduled_at = now() FROM next WHERE j.id = next.id RETURNING j.queue
)
SELECT pg_notify('river.river_insert', json_build_object('queue', queue)::text) FROM woken
