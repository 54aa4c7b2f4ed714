WITH old AS (
    DELETE FROM gias.rejects
    WHERE id IN (
        SELECT r.id FROM gias.syncs AS s JOIN gias.rejects AS r ON r.sync_id = s.id
        WHERE s.synced_at < now() - @keep::interval
          AND s.id < (SELECT max(id) FROM gias.syncs) -- those of the last sync are shown, however old it is
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
