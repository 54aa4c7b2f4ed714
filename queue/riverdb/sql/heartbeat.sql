-- $1 this worker, $2 when one is dead, $3 the jobs in hand here, $4 when a row is lost, $5 whether a pooler is between,
-- $6 its version.
WITH beat AS (
    UPDATE queue.workers SET heartbeat_at = now() WHERE id = $1 AND stopped_at IS NULL RETURNING id
)
SELECT EXISTS (SELECT FROM beat),
    -- A heartbeat of the future was written before the clock was set back. After a start of the server all are old.
    EXISTS (
        SELECT FROM queue.workers
        WHERE stopped_at IS NULL AND id <> $1
          AND (heartbeat_at > now() + $2::interval
            OR heartbeat_at < now() - $2::interval AND pg_postmaster_start_time() < now() - $2::interval))
    OR EXISTS (
        SELECT FROM river.river_job AS j
        WHERE state = 'running' AND NOT EXISTS (
            SELECT FROM queue.workers AS worker
            WHERE worker.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND worker.stopped_at IS NULL)
          AND NOT EXISTS (
            SELECT FROM queue.set_aside_jobs AS a
            WHERE a.job_id = j.id AND a.set_aside_by = $6 AND a.retry_at > clock_timestamp()))
    OR EXISTS (
        SELECT FROM river.river_job
        WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1 AND attempted_at < now() - $4::interval
          AND id NOT IN (SELECT unnest($3::bigint[])))
    OR EXISTS (
        SELECT FROM pg_stat_activity AS s JOIN queue.workers AS worker ON s.application_name = 'cpd-jobs worker ' || worker.id
        WHERE worker.taken_over_by IS NOT NULL AND s.datname = current_database() AND (NOT $5::boolean OR s.state <> 'idle'))
