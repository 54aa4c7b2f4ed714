WITH old AS (
    DELETE FROM queue.audit
    WHERE id IN (
        SELECT id FROM queue.audit
        WHERE id < coalesce( -- from the beginning without a gap, which would look like a row that was taken away
            (SELECT id FROM queue.audit WHERE at >= now() - @keep::interval ORDER BY id LIMIT 1), 9223372036854775807)
        ORDER BY id
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
