WITH old AS (
    DELETE FROM queue.history
    WHERE id IN (
        SELECT id FROM queue.history
        WHERE finalized_at < now() - @keep::interval
        ORDER BY finalized_at
        LIMIT @limit::bigint
    )
    RETURNING id
), steps AS (
    DELETE FROM queue.steps USING old WHERE job_id = old.id
), logs AS (
    DELETE FROM queue.logs USING old WHERE job_id = old.id
)
SELECT count(*) FROM old
