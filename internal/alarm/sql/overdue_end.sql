-- $1 what, $2 subjects, $3 when each was due. A subject that nothing is expected of any more is right too.
UPDATE queue.incidents SET ended_at = now(), next_try = now(), tries = 0
WHERE what = $1 AND ended_at IS NULL AND NOT EXISTS (
    SELECT FROM unnest($2::text[], $3::timestamptz[]) AS expected (subject, due)
    WHERE expected.subject = incidents.subject AND due < now())
