-- The latest job of each schedule, or kind where no schedule asked for it, that failed for good and that none made up
-- for. One that a person cancelled has not failed, nor has one that another job went on for.
WITH failed AS (
    SELECT DISTINCT ON (left(coalesce(metadata ->> 'schedule', kind), 200)) -- an index takes no long text
        left(coalesce(metadata ->> 'schedule', kind), 200) AS subject, id, run_id, kind, args, errors, finalized_at
    FROM (
        SELECT id, run_id, kind, args, errors, metadata, state, finalized_at, superseded_by FROM queue.jobs
        UNION ALL -- those whose worker died and that no other can take over
        SELECT id, run_id, kind, args, jsonb_build_array(jsonb_build_object('error', a.reason)), metadata, 'discarded', a.set_aside_at, superseded_by
        FROM queue.jobs JOIN queue.set_aside_jobs AS a ON a.job_id = id WHERE state = 'running'
    ) AS ended
    WHERE state IN ('discarded', 'cancelled') AND finalized_at > now() - interval '1 hour'
        AND superseded_by IS NULL AND NOT metadata ? 'cancel_attempted_at' AND NOT metadata ? 'dry_run'
        AND (state = 'discarded' OR metadata ? 'failure')
    ORDER BY left(coalesce(metadata ->> 'schedule', kind), 200), finalized_at DESC
)
INSERT INTO queue.incidents (what, subject, began_at, detail, kind, args, run_id, job_id)
SELECT 'failed', subject, finalized_at, left(coalesce(errors -> -1 ->> 'error', ''), 500), kind, args, run_id, id FROM failed
WHERE NOT EXISTS (SELECT FROM queue.incidents AS i WHERE i.what = 'failed' AND i.job_id = failed.id)
    AND NOT EXISTS (
        SELECT FROM queue.jobs AS j WHERE j.state = 'completed' AND j.finalized_at > failed.finalized_at
            AND (j.metadata ->> 'schedule' = failed.subject OR j.kind = failed.kind AND j.args = failed.args))
ON CONFLICT (what, subject) WHERE ended_at IS NULL DO NOTHING
