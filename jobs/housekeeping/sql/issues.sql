WITH old AS (
    DELETE FROM uplift.issues
    WHERE id IN (
        SELECT i.id FROM uplift.files AS f JOIN uplift.issues AS i ON i.file_id = f.id
        WHERE f.synced_at < now() - @keep::interval
          AND f.id < (SELECT max(id) FROM uplift.files) -- those of the last file are shown, however old it is
        LIMIT @limit::bigint
    )
    RETURNING id
)
SELECT count(*) FROM old
