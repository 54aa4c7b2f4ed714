WITH old AS (
    DELETE FROM queue.tokens
    WHERE id IN (
        SELECT id FROM queue.tokens
        WHERE least(expires_at, revoked_at) < now() - @keep::interval
        ORDER BY id
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
