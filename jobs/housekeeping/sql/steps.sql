WITH old AS (
    DELETE FROM queue.steps
    WHERE (job_id, attempt, number) IN (
        SELECT job_id, attempt, number FROM queue.steps
        WHERE started_at < now() - @keep::interval
        ORDER BY job_id, attempt, number
        LIMIT @limit::bigint
    )
    RETURNING job_id
)
SELECT count(*) FROM old
