WITH old AS (
    DELETE FROM queue.pauses
    WHERE id IN (
        SELECT p.id FROM queue.pauses AS p JOIN queue.schedules AS s ON s.name = p.schedule
        WHERE p.until_at < now() - @keep::interval
          AND p.until_at < s.accounted_to -- no tick is left that it decides
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
