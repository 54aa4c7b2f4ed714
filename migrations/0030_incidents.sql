-- +goose Up
-- What went wrong and is not right again yet: each incident is told once, whoever notices it first, and its end once.
CREATE TABLE queue.incidents (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what       text        NOT NULL CHECK (what IN ('failed', 'stale', 'silent')),
    subject    text        NOT NULL,
    began_at   timestamptz NOT NULL,
    ended_at   timestamptz CHECK (ended_at >= began_at),
    detail     text        NOT NULL DEFAULT '',
    kind       text,
    args       jsonb,
    run_id     bigint,
    job_id     bigint,
    told_at    timestamptz,
    ended_told_at timestamptz,
    tries      integer     NOT NULL DEFAULT 0,
    next_try   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX incidents_open ON queue.incidents (what, subject) WHERE ended_at IS NULL;
CREATE INDEX incidents_untold ON queue.incidents (next_try) WHERE told_at IS NULL OR (ended_at IS NOT NULL AND ended_told_at IS NULL);
CREATE INDEX incidents_by_age ON queue.incidents (began_at);
COMMENT ON TABLE queue.incidents IS 'Failures, stale reports and silent schedules; at most one open of each subject, told to the webhook once';
COMMENT ON COLUMN queue.incidents.what IS
    'failed: a job failed for good; stale: a report''s data are older than its target; silent: a schedule had no success for too long';
COMMENT ON COLUMN queue.incidents.subject IS 'The schedule or kind of job that failed or is silent, the report that is stale';
COMMENT ON COLUMN queue.incidents.args IS 'Of the job that failed: a later job of the same kind and arguments makes it right, whoever starts it';
COMMENT ON COLUMN queue.incidents.ended_at IS 'When it was found right again; NULL: it is still wrong';
COMMENT ON COLUMN queue.incidents.told_at IS 'When the webhook took the news; NULL: it has not yet, or none is set';
COMMENT ON COLUMN queue.incidents.next_try IS 'When the webhook is tried next; moved on before each try, so that two processes do not tell the same';

-- The last success of a schedule is asked for at every scrape, and jobs are kept for over a year.
CREATE INDEX history_successes ON queue.history ((metadata ->> 'schedule'), finalized_at DESC) WHERE state = 'completed';

CREATE VIEW queue.last_successes AS
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
    WHERE h.metadata ->> 'schedule' = s.name AND h.state = 'completed'
    ORDER BY h.finalized_at DESC LIMIT 1
) AS older ON true
WHERE s.active;
COMMENT ON VIEW queue.last_successes IS 'When a job of each live schedule last succeeded; NULL: never';
