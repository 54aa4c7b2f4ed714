-- +goose Up
-- What grows is deleted when it is old, and what is looked for is found by index: a year of ticks of every second is
-- thirty million rows.
CREATE INDEX ticks_by_age ON queue.ticks USING brin (tick) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX ticks_excused ON queue.ticks (schedule, tick) WHERE state = 'skipped' AND reason IN ('paused', 'restored');
