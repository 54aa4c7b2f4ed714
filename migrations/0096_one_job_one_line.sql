-- +goose Up
-- A job that is taken over or run again goes on as another row: which one, and how the run of both stands.
CREATE OR REPLACE VIEW queue.jobs AS
SELECT id, queue.whole_number(metadata, 'run_id') AS run_id, kind, queue, priority, state,
       attempt + CASE WHEN queue.whole_number(metadata, 'base_attempt') < 1000000
                      THEN queue.whole_number(metadata, 'base_attempt')::integer ELSE 0 END AS attempt,
       max_attempts + CASE WHEN queue.whole_number(metadata, 'base_attempt') < 1000000
                           THEN queue.whole_number(metadata, 'base_attempt')::integer ELSE 0 END AS max_attempts,
       args, metadata, errors, attempted_by, created_at, scheduled_at, attempted_at, finalized_at,
       CASE WHEN queue.whole_number(metadata, 'retried_by') > id THEN queue.whole_number(metadata, 'retried_by')
            WHEN queue.whole_number(metadata, 'taken_over_by') > id THEN queue.whole_number(metadata, 'taken_over_by')
       END AS superseded_by,
       CASE WHEN metadata ? 'quarantined' AND state IN ('discarded', 'cancelled') THEN 'quarantined' ELSE state END AS run_state
FROM (
    SELECT id, kind, queue, priority, state::text, attempt::integer, max_attempts::integer, args, metadata,
           coalesce(array_to_json(errors)::jsonb, '[]') AS errors, coalesce(attempted_by, '{}') AS attempted_by,
           created_at, scheduled_at, attempted_at, finalized_at
    FROM river.river_job
    UNION ALL
    SELECT id, kind, queue, priority, state, attempt, max_attempts, args, metadata, errors, attempted_by,
           created_at, scheduled_at, attempted_at, finalized_at
    FROM queue.history
) AS job;
COMMENT ON COLUMN queue.jobs.superseded_by IS 'The job that goes on in place of this one, because its worker died or because it was run again';
COMMENT ON COLUMN queue.jobs.run_state IS 'State, or quarantined: what failed in a way that trying again would repeat';

-- +goose StatementBegin
CREATE FUNCTION queue.latest_job(first bigint) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE line AS (
        SELECT id, superseded_by FROM queue.jobs WHERE id = first
        UNION
        SELECT j.id, j.superseded_by FROM line JOIN queue.jobs AS j ON j.id = line.superseded_by
    )
    SELECT max(id) FROM line
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION queue.latest_job IS 'The job that has gone on in place of a job, over any number of takeovers and retries; the job itself where none has';

CREATE INDEX history_quarantined ON queue.history (id) WHERE metadata ? 'quarantined';
