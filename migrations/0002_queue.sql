-- +goose Up
-- What River does not keep: who works, who holds what, which ticks are accounted for, and what a job said and did
-- once River's own row is gone. A live job is River's row alone; its run, starter and takeovers are in its metadata.

CREATE SEQUENCE queue.run_ids;
COMMENT ON SEQUENCE queue.run_ids IS 'A run spans a chain of jobs and every takeover of each';

CREATE TABLE queue.workers (
    id           text PRIMARY KEY,
    host         text        NOT NULL,
    pid          integer     NOT NULL,
    version      text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    stopped_at   timestamptz,
    taken_over_by text
);
COMMENT ON TABLE queue.workers IS 'Worker processes; one whose heartbeat stops has its jobs taken over';
COMMENT ON COLUMN queue.workers.id IS 'River''s client id, as in river_job.attempted_by; also in its sessions'' application_name';

CREATE TABLE queue.leases (
    key      text PRIMARY KEY,
    job_id   bigint      NOT NULL,
    run_id   bigint      NOT NULL,
    worker   text        NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE queue.leases IS 'What one attempt at a time may hold across all machines; every publishing transaction locks its row';

CREATE TABLE queue.history (
    id           bigint PRIMARY KEY,
    kind         text        NOT NULL,
    queue        text        NOT NULL,
    priority     smallint    NOT NULL,
    state        text        NOT NULL,
    attempt      integer     NOT NULL,
    max_attempts integer     NOT NULL,
    args         jsonb       NOT NULL,
    metadata     jsonb       NOT NULL,
    errors       jsonb       NOT NULL DEFAULT '[]',
    attempted_by text[]      NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL,
    scheduled_at timestamptz NOT NULL,
    attempted_at timestamptz,
    finalized_at timestamptz
);
CREATE INDEX history_by_run ON queue.history (((metadata ->> 'run_id')::bigint));
CREATE INDEX history_by_kind ON queue.history (kind, id DESC);
CREATE INDEX history_by_age ON queue.history (finalized_at);
COMMENT ON TABLE queue.history IS 'Jobs moved out of River''s table once finished, kept 400 days';

CREATE TABLE queue.steps (
    job_id      bigint      NOT NULL,
    attempt     integer     NOT NULL,
    number      integer     NOT NULL,
    name        text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    unit        text        NOT NULL DEFAULT 'rows',
    done        bigint      NOT NULL DEFAULT 0,
    total       bigint      NOT NULL DEFAULT 0,
    rows_in     bigint      NOT NULL DEFAULT 0,
    rows_out    bigint      NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (job_id, attempt, number)
);
COMMENT ON TABLE queue.steps IS 'What each attempt at a job did, step by step, written at most once a second';

CREATE TABLE queue.logs (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id  bigint      NOT NULL,
    attempt integer     NOT NULL,
    at      timestamptz NOT NULL,
    level   text        NOT NULL,
    message text        NOT NULL,
    attrs   jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX logs_by_job ON queue.logs (job_id, id);
CREATE INDEX logs_by_age ON queue.logs USING brin (at);
COMMENT ON TABLE queue.logs IS 'Log lines of jobs, flushed each second so that a killed worker''s last words are there';

CREATE TABLE queue.probes (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id  bigint      NOT NULL,
    run_id  bigint      NOT NULL,
    row     integer     NOT NULL,
    note    text        NOT NULL DEFAULT '',
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX probes_by_run ON queue.probes (run_id);
COMMENT ON TABLE queue.probes IS 'Rows that probe jobs write to prove that an effect happens once';

-- Where a job is found, alive or in the history, with what River does not know read from its metadata.
CREATE VIEW queue.jobs AS
SELECT id, (metadata ->> 'run_id')::bigint AS run_id, kind, queue, priority, state,
       attempt + coalesce((metadata ->> 'base_attempt')::integer, 0) AS attempt,
       max_attempts + coalesce((metadata ->> 'base_attempt')::integer, 0) AS max_attempts,
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

CREATE VIEW queue.runs AS
SELECT run_id, min(id) AS first_job, count(*) AS jobs, min(created_at) AS created_at, min(attempted_at) AS started_at,
       CASE WHEN bool_and(finalized_at IS NOT NULL) THEN max(finalized_at) END AS finished_at,
       (array_agg(metadata ->> 'started_by' ORDER BY id))[1] AS started_by
FROM queue.jobs
GROUP BY run_id;
COMMENT ON VIEW queue.runs IS 'A run spans a chain of jobs and every takeover of each';
