-- $1 what, $2 subjects, $3 when each was due.
INSERT INTO queue.incidents (what, subject, began_at)
SELECT $1, subject, due FROM unnest($2::text[], $3::timestamptz[]) AS expected (subject, due) WHERE due < now()
ON CONFLICT (what, subject) WHERE ended_at IS NULL DO NOTHING
