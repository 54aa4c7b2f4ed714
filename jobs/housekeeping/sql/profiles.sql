WITH old AS (
    DELETE FROM reports.source_profiles
    WHERE (input, version, part, column_name) IN (
        SELECT p.input, p.version, p.part, p.column_name
        FROM reports.input_versions AS v JOIN reports.source_profiles AS p USING (input, version)
        WHERE v.published_at < now() - @keep::interval
          AND v.version < (SELECT max(version) FROM reports.input_versions WHERE input = v.input) -- what the next is held against
        LIMIT @limit::bigint
    )
    RETURNING input
)
SELECT count(*) FROM old
