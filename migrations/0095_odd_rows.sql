-- +goose Up
-- A row that somebody inserted by hand, or that another version wrote, may hold anything in its metadata: it must not
-- break the views, the move to the history or the takeover of the others.

CREATE FUNCTION queue.whole_number(document jsonb, key text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN document ->> key ~ '^[0-9]{1,18}$' THEN (document ->> key)::bigint END;
COMMENT ON FUNCTION queue.whole_number IS 'A field that holds a whole number from 0; NULL where it is missing or holds anything else';

CREATE FUNCTION queue.decimal_number(document jsonb, key text) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN document ->> key ~ '^[0-9]{1,18}(\.[0-9]+)?$' THEN (document ->> key)::float8 END;
COMMENT ON FUNCTION queue.decimal_number IS 'A field that holds a number from 0; NULL where it is missing or holds anything else';

DROP INDEX queue.history_by_run;
CREATE INDEX history_by_run ON queue.history (queue.whole_number(metadata, 'run_id'));
-- An index takes no long text.
DROP INDEX queue.history_successes;
CREATE INDEX history_successes ON queue.history (left(metadata ->> 'schedule', 200), finalized_at DESC) WHERE state = 'completed';

CREATE OR REPLACE VIEW queue.jobs AS
SELECT id, queue.whole_number(metadata, 'run_id') AS run_id, kind, queue, priority, state,
       attempt + CASE WHEN queue.whole_number(metadata, 'base_attempt') < 1000000
                      THEN queue.whole_number(metadata, 'base_attempt')::integer ELSE 0 END AS attempt,
       max_attempts + CASE WHEN queue.whole_number(metadata, 'base_attempt') < 1000000
                           THEN queue.whole_number(metadata, 'base_attempt')::integer ELSE 0 END AS max_attempts,
       args, metadata, errors, attempted_by, created_at, scheduled_at, attempted_at, finalized_at
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

CREATE OR REPLACE VIEW queue.last_successes AS
WITH recent AS (
    SELECT metadata ->> 'schedule' AS schedule, max(finalized_at) AS finished_at
    FROM river.river_job
    WHERE state = 'completed' AND metadata ->> 'schedule' IS NOT NULL
    GROUP BY 1
)
SELECT s.name AS schedule, greatest(recent.finished_at, older.finalized_at) AS finished_at
FROM queue.schedules AS s
LEFT JOIN recent ON recent.schedule = s.name
LEFT JOIN LATERAL (
    SELECT h.finalized_at FROM queue.history AS h
    WHERE left(h.metadata ->> 'schedule', 200) = s.name AND h.state = 'completed'
    ORDER BY h.finalized_at DESC LIMIT 1
) AS older ON true
WHERE s.active;

CREATE OR REPLACE VIEW queue.costs AS
SELECT id AS job_id, run_id, kind, metadata ->> 'report' AS report, metadata ->> 'schedule' AS schedule, metadata ->> 'started_by' AS started_by,
       state, finalized_at,
       queue.decimal_number(metadata -> 'cost', 'cpu_seconds') AS cpu_seconds,
       queue.decimal_number(metadata -> 'cost', 'database_seconds') AS database_seconds,
       queue.whole_number(metadata -> 'cost', 'bytes_read') AS bytes_read,
       queue.whole_number(metadata -> 'cost', 'bytes_written') AS bytes_written
FROM queue.jobs
WHERE metadata ? 'cost';

CREATE TABLE queue.set_aside_jobs (
    job_id       bigint PRIMARY KEY,
    reason       text        NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_aside_by text        NOT NULL,
    retry_at     timestamptz NOT NULL
);
COMMENT ON TABLE queue.set_aside_jobs IS 'Jobs of dead workers that could not be taken over; the others were';
COMMENT ON COLUMN queue.set_aside_jobs.set_aside_by IS 'Version of the worker that could not: another version tries at once';
COMMENT ON COLUMN queue.set_aside_jobs.retry_at IS 'When workers of the same version try again';

-- What River itself cannot read, or count on, would keep a worker from fetching every other job of the queue.
UPDATE river.river_job
SET attempted_by = '{}', tags = '{}', errors = NULL, attempt = least(attempt, 32766),
    created_at = least(greatest(created_at, '2000-01-01 UTC'), '9999-01-01 UTC'),
    scheduled_at = least(greatest(scheduled_at, '2000-01-01 UTC'), '9999-01-01 UTC'),
    attempted_at = least(greatest(attempted_at, '2000-01-01 UTC'), '9999-01-01 UTC'),
    finalized_at = CASE WHEN finalized_at IS NOT NULL THEN least(greatest(finalized_at, '2000-01-01 UTC'), '9999-01-01 UTC') END,
    metadata = metadata || jsonb_build_object('unreadable', to_jsonb(river_job) - 'metadata' - 'args')
WHERE array_ndims(attempted_by) > 1 OR array_to_string(attempted_by, ',', '<null>') ~ '<null>'
   OR array_ndims(tags) > 1 OR array_to_string(tags, ',', '<null>') ~ '<null>' OR array_ndims(errors) > 1
   OR EXISTS (SELECT FROM unnest(errors) AS e WHERE e IS NULL)
   OR attempt = 32767 AND state NOT IN ('running', 'completed', 'cancelled', 'discarded')
   OR NOT (created_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC' AND scheduled_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC')
   OR NOT coalesce(attempted_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC', true)
   OR NOT coalesce(finalized_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC', true);
ALTER TABLE river.river_job ADD CONSTRAINT readable CHECK (
    coalesce(array_ndims(attempted_by), 1) = 1 AND array_position(attempted_by, NULL) IS NULL
    AND coalesce(array_ndims(tags), 1) = 1 AND array_position(tags, NULL) IS NULL
    AND coalesce(array_ndims(errors), 1) = 1 AND array_position(errors, NULL) IS NULL
    AND (attempt < 32767 OR state IN ('running', 'completed', 'cancelled', 'discarded'))
    AND created_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC' AND scheduled_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC'
    AND coalesce(attempted_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC', true)
    AND coalesce(finalized_at BETWEEN '0001-01-01 UTC' AND '9999-12-30 UTC', true));
