-- +goose Up
-- What follows a change is inserted in the transaction that publishes it. What cannot be inserted there is owed: a
-- schedule that is paused, that a newer version of the program wrote, or that became live after the change.
CREATE TABLE queue.owed (
    schedule    text PRIMARY KEY,
    run_id      bigint,
    by          text        NOT NULL,
    traceparent text        NOT NULL DEFAULT '',
    owed_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE queue.owed IS 'Schedules that follow a job and are owed a job of their own; any worker that can makes it';
COMMENT ON COLUMN queue.owed.run_id IS 'The run that it goes on; NULL where it begins one';
COMMENT ON COLUMN queue.owed.by IS 'Where it comes from, as the job will say';

CREATE TABLE queue.published (
    kind         text PRIMARY KEY,
    version      bigint      NOT NULL,
    by           text        NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE queue.published IS 'The kinds of job that have published a data version, with the latest: a schedule that becomes live after it is owed a job';

-- Until now a worker that died between publishing and the end of its job took the follow-ups with it, and schedules that
-- became live after a sync had none. All are made once more; what is up to date already is left as it is.
INSERT INTO queue.published (kind, version, by)
SELECT v.input || '_sync', v.version, format('data version %s of %s', v.version, v.input)
FROM reports.inputs AS i JOIN reports.input_versions AS v USING (input, version);
INSERT INTO queue.owed (schedule, by)
SELECT s.name, p.by FROM queue.schedules AS s JOIN queue.published AS p ON p.kind = s.spec -> 'after' ->> 'kind'
WHERE s.active AND s.spec -> 'after' ->> 'when' = 'changed';
