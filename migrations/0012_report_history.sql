-- +goose Up
-- What was published stays readable: every version of a report can be rebuilt from its table and its change log, and
-- one that was wrong is withdrawn by publishing the one before it again.
ALTER TABLE reports.definitions ADD COLUMN history_from timestamptz;
COMMENT ON COLUMN reports.definitions.history_from IS
    'What was published before has been pruned; NULL: nothing has been';

ALTER TABLE reports.refreshes
    ADD COLUMN restores       bigint,
    ADD COLUMN withdrawn_at   timestamptz,
    ADD COLUMN withdrawn_why  text,
    ADD CONSTRAINT withdrawn_for_a_reason CHECK ((withdrawn_at IS NULL) = (withdrawn_why IS NULL));
COMMENT ON COLUMN reports.refreshes.restores IS 'The earlier version that this one publishes again; NULL: this one was computed';
COMMENT ON COLUMN reports.refreshes.withdrawn_why IS 'Why nobody should use this version any more; NULL: it stands';
