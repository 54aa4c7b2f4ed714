WITH old AS (
    DELETE FROM queue.incidents
    WHERE id IN (
        SELECT id FROM queue.incidents
        WHERE began_at < now() - @keep::interval AND ended_at < now() - @keep::interval
        ORDER BY began_at
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
