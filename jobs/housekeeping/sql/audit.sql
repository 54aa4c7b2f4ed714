WITH old AS (
    DELETE FROM queue.audit
    WHERE id IN (
        SELECT id FROM queue.audit
        WHERE at < now() - @keep::interval
        ORDER BY at
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
