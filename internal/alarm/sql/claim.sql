-- Messages that are due. Claiming one moves its next try on, so that no other process sends it too; a try that dies is made again.
UPDATE queue.incidents SET tries = tries + 1, next_try = now() + least(interval '30 seconds' * 2 ^ least(tries, 10), interval '1 hour')
WHERE id IN (
    SELECT id FROM queue.incidents
    WHERE next_try <= now() AND (told_at IS NULL AND began_at > now() - interval '1 day'
        OR told_at IS NOT NULL AND ended_at IS NOT NULL AND ended_told_at IS NULL)
    ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED)
RETURNING id, what, subject, began_at, ended_at, detail, coalesce(job_id, 0) AS job_id, coalesce(run_id, 0) AS run_id,
    coalesce(kind, '') AS kind,
    coalesce((SELECT j.metadata ->> 'report' FROM queue.jobs AS j WHERE j.id = incidents.job_id), '') AS report,
    coalesce((SELECT j.metadata ->> 'traceparent' FROM queue.jobs AS j WHERE j.id = incidents.job_id), '') AS traceparent
