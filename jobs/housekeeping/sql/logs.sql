WITH old AS (
    DELETE FROM queue.logs
    WHERE id IN (
        SELECT id FROM queue.logs
        WHERE at < now() - @keep::interval
        ORDER BY id
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
