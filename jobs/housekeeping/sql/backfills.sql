WITH old AS (
    DELETE FROM queue.backfills
    WHERE id IN (
        SELECT id FROM queue.backfills
        WHERE finished_at < now() - @keep::interval
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
