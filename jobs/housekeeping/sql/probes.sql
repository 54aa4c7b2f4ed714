WITH old AS (
    DELETE FROM queue.probes
    WHERE id IN (
        SELECT id FROM queue.probes
        WHERE made_at < now() - @keep::interval
        ORDER BY id
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
