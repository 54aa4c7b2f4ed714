-- The latest job of each schedule, or kind where no schedule asked for it, that failed for good and that none made up
-- for. One that a person cancelled has not failed, nor has one that another job went on for.
WITH failed AS (
    SELECT DISTINCT ON (coalesce(metadata ->> 'schedule', kind))
        coalesce(metadata ->> 'schedule', kind) AS subject, id, run_id, kind, args, errors, finalized_at
    FROM queue.jobs
    WHERE state IN ('discarded', 'cancelled') AND finalized_at > now() - interval '1 hour'
        AND NOT metadata ? 'taken_over_by' AND NOT metadata ? 'cancel_attempted_at' AND NOT metadata ? 'dry_run'
        AND (state = 'discarded' OR metadata ? 'failure')
    ORDER BY coalesce(metadata ->> 'schedule', kind), finalized_at DESC
)
INSERT INTO queue.incidents (what, subject, began_at, detail, kind, args, run_id, job_id)
SELECT 'failed', subject, finalized_at, left(coalesce(errors -> -1 ->> 'error', ''), 500), kind, args, run_id, id FROM failed
WHERE NOT EXISTS (SELECT FROM queue.incidents AS i WHERE i.what = 'failed' AND i.job_id = failed.id)
    AND NOT EXISTS (
        SELECT FROM queue.jobs AS j WHERE j.state = 'completed' AND j.finalized_at > failed.finalized_at
            AND (j.metadata ->> 'schedule' = failed.subject OR j.kind = failed.kind AND j.args = failed.args))
ON CONFLICT (what, subject) WHERE ended_at IS NULL DO NOTHING
