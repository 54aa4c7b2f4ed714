-- +goose Up
-- The ledger of ticks. What is due is derived from these tables and the database's clock, never from a timer: whichever
-- worker gets to a schedule's row first writes its ticks and inserts their jobs in one transaction.

CREATE TABLE queue.schedule_files (
    generation bigint PRIMARY KEY CHECK (generation > 0),
    hash       text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text        NOT NULL
);
COMMENT ON TABLE queue.schedule_files IS 'Versions of the schedules file that were live; only a higher generation replaces one';

CREATE TABLE queue.schedules (
    name         text PRIMARY KEY,
    spec         jsonb       NOT NULL,
    active       boolean     NOT NULL DEFAULT true,
    accounted_to timestamptz NOT NULL,
    next_tick    timestamptz,
    generation   bigint      NOT NULL
);
CREATE INDEX schedules_due ON queue.schedules (next_tick) WHERE next_tick IS NOT NULL;
COMMENT ON COLUMN queue.schedules.spec IS 'The entry of the file that is live';
COMMENT ON COLUMN queue.schedules.active IS 'False once the file no longer has it';
COMMENT ON COLUMN queue.schedules.accounted_to IS 'Every tick up to here has its row in queue.ticks';
COMMENT ON COLUMN queue.schedules.next_tick IS 'The first tick after accounted_to; NULL where none will come';

CREATE TABLE queue.schedule_spans (
    schedule   text        NOT NULL REFERENCES queue.schedules,
    after_at   timestamptz NOT NULL,
    until_at   timestamptz,
    spec       jsonb       NOT NULL,
    generation bigint      NOT NULL,
    PRIMARY KEY (schedule, after_at),
    CHECK (until_at >= after_at)
);
COMMENT ON TABLE queue.schedule_spans IS 'Which version of a schedule decides when: its ticks in (after_at, until_at]. A changed cron starts after the old one''s next tick';

CREATE TABLE queue.ticks (
    schedule    text        NOT NULL,
    tick        timestamptz NOT NULL,
    state       text        NOT NULL CHECK (state IN ('enqueued', 'skipped', 'missed')),
    reason      text        CHECK (reason IN ('paused', 'overlap', 'too_old', 'catch_up_none', 'restored')),
    run_id      bigint,
    job_id      bigint,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schedule, tick),
    CHECK ((state = 'enqueued') = (reason IS NULL))
);
COMMENT ON TABLE queue.ticks IS 'Every tick of every schedule and what became of it; outlives the cleaning of jobs';

CREATE TABLE queue.pauses (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule text        NOT NULL REFERENCES queue.schedules,
    from_at  timestamptz NOT NULL,
    until_at timestamptz,
    by       text        NOT NULL,
    note     text        NOT NULL DEFAULT ''
);
CREATE INDEX pauses_by_schedule ON queue.pauses (schedule, from_at);
COMMENT ON TABLE queue.pauses IS 'When schedules were paused; ticks that fall into a pause are skipped, whenever they are looked at';

CREATE TABLE queue.backfills (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule    text        NOT NULL REFERENCES queue.schedules,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    at_once     integer     NOT NULL CHECK (at_once > 0),
    done_to     timestamptz NOT NULL,
    by          text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
COMMENT ON TABLE queue.backfills IS 'Ranges of past ticks that somebody asked to run; done_to survives a restart';

CREATE TABLE queue.identity (
    singleton         boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    system_identifier bigint      NOT NULL,
    database_oid      oid         NOT NULL,
    confirmed_at      timestamptz NOT NULL DEFAULT now(),
    confirmed_by      text        NOT NULL,
    restored_at       timestamptz
);
COMMENT ON TABLE queue.identity IS 'Which database this is. A restored copy finds another one here and holds its ticks until somebody confirms';
COMMENT ON COLUMN queue.identity.restored_at IS 'When the copy was confirmed: ticks before it are those of the database it was copied from';
