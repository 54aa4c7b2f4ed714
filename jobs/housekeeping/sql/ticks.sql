WITH old AS (
    DELETE FROM queue.ticks
    WHERE (schedule, tick) IN (
        SELECT schedule, tick FROM queue.ticks
        WHERE tick < now() - @keep::interval
          AND NOT (state = 'enqueued' AND job_id IS NULL) -- it waits for its turn
        LIMIT @limit::bigint
    )
    RETURNING tick
)
SELECT count(*) FROM old
