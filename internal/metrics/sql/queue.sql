WITH known AS (
    SELECT queue, state FROM unnest(ARRAY['syncs', 'reports', 'exports', 'default']) AS queue,
        unnest(ARRAY['available', 'running', 'retryable', 'scheduled']) AS state
), unfinished AS (
    SELECT id, queue, state, scheduled_at, attempted_at, kind FROM queue.jobs WHERE finalized_at IS NULL
)
SELECT 'queue_jobs' AS metric, ARRAY[queue, state] AS labels, count(u.queue)::float8 AS value
FROM known FULL JOIN unfinished AS u USING (queue, state) GROUP BY queue, state
UNION ALL
SELECT 'queue_oldest_wait_seconds', ARRAY[queue],
    greatest(0, coalesce(extract(epoch FROM now() - min(scheduled_at) FILTER (WHERE u.state = 'available')), 0))
FROM (SELECT DISTINCT queue FROM known) AS q LEFT JOIN unfinished AS u USING (queue) GROUP BY queue
UNION ALL
SELECT 'job_running_seconds', ARRAY[kind], greatest(0, max(extract(epoch FROM now() - attempted_at)))
FROM unfinished WHERE state = 'running' AND attempted_at IS NOT NULL GROUP BY kind
UNION ALL
SELECT 'workers_alive', '{}', count(*) FROM queue.workers WHERE stopped_at IS NULL AND heartbeat_at > now() - interval '12 seconds'
UNION ALL
SELECT 'jobs_set_aside', '{}', count(*) FROM queue.set_aside_jobs AS a
WHERE EXISTS (SELECT FROM unfinished AS u WHERE u.id = a.job_id AND u.state = 'running')
UNION ALL
SELECT 'incidents_open', ARRAY[what], count(i.what)
FROM unnest(ARRAY['failed', 'stale', 'silent']) AS what LEFT JOIN (SELECT what FROM queue.incidents WHERE ended_at IS NULL) AS i USING (what) GROUP BY what
