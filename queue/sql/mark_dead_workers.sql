-- $1 this worker, $2 when one is dead. A heartbeat of the future, written before the clock was set back, counts from now.
WITH silent AS (
    SELECT id, heartbeat_at > now() AS future FROM queue.workers
    WHERE stopped_at IS NULL AND id <> $1
      AND (heartbeat_at > now() + $2::interval
        OR heartbeat_at < now() - $2::interval AND pg_postmaster_start_time() < now() - $2::interval)
    FOR UPDATE SKIP LOCKED
), brought_back AS (
    UPDATE queue.workers AS w SET heartbeat_at = now() FROM silent WHERE silent.future AND w.id = silent.id
)
UPDATE queue.workers AS w SET stopped_at = now(), taken_over_by = $1
FROM silent WHERE NOT silent.future AND w.id = silent.id
RETURNING w.id
