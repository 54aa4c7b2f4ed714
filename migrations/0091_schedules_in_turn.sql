-- +goose Up
-- One schedule, or one backfill, that a worker cannot handle is set aside with its reason while the others go on; ticks
-- that run one after the other wait without a job until their turn comes.
ALTER TABLE queue.schedules
    ADD COLUMN set_aside_at     timestamptz,
    ADD COLUMN set_aside_reason text,
    ADD COLUMN set_aside_by     text,
    ADD COLUMN retry_at         timestamptz;
COMMENT ON COLUMN queue.schedules.set_aside_at IS 'Since when no worker could record its ticks; NULL where one can';
COMMENT ON COLUMN queue.schedules.set_aside_reason IS 'Why not';
COMMENT ON COLUMN queue.schedules.set_aside_by IS 'Version of the worker that could not: another version tries at once';
COMMENT ON COLUMN queue.schedules.retry_at IS 'When workers of the same version try again';

ALTER TABLE queue.backfills
    ADD COLUMN paused_at        timestamptz,
    ADD COLUMN cancelled_at     timestamptz,
    ADD COLUMN shares_overlap   boolean NOT NULL DEFAULT false,
    ADD COLUMN set_aside_at     timestamptz,
    ADD COLUMN set_aside_reason text,
    ADD COLUMN retry_at         timestamptz;
COMMENT ON COLUMN queue.backfills.shares_overlap IS 'Its jobs count as those of the schedule where ticks overlap';

ALTER TABLE queue.ticks DROP CONSTRAINT ticks_reason_check;
ALTER TABLE queue.ticks ADD CONSTRAINT ticks_reason_check
    CHECK (reason IN ('paused', 'overlap', 'too_old', 'catch_up_none', 'restored', 'cancelled')) NOT VALID;
CREATE INDEX ticks_waiting ON queue.ticks (schedule, tick) WHERE state = 'enqueued' AND job_id IS NULL;
COMMENT ON COLUMN queue.ticks.job_id IS 'NULL where the tick was enqueued and waits for its turn';
