WITH old AS (
    DELETE FROM queue.workers
    WHERE id IN (
        SELECT id FROM queue.workers
        WHERE heartbeat_at < now() - @keep::interval
        ORDER BY heartbeat_at
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
