WITH old AS (
    DELETE FROM queue.sessions
    WHERE token IN (
        SELECT token FROM queue.sessions
        WHERE expiry < now() - @keep::interval
        ORDER BY expiry
        LIMIT @limit::bigint
    )
    RETURNING token
)
SELECT count(*) FROM old
