-- +goose Up
-- A person can be erased from what reports keep of people. That it was done is kept, of whom is not.
CREATE TABLE restricted.erasures (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_by  text        NOT NULL,
    why        text        NOT NULL,
    rows       jsonb       NOT NULL,
    files      integer     NOT NULL
);
COMMENT ON TABLE restricted.erasures IS 'Every erasure of a person: when, by whom and why, how much; nothing of the person';
COMMENT ON COLUMN restricted.erasures.why IS 'Such as the number of the request';
COMMENT ON COLUMN restricted.erasures.rows IS 'Rows deleted, or emptied of a mention, by table';
COMMENT ON COLUMN restricted.erasures.files IS 'Exported files deleted: all of the reports that hold personal data, as nobody can tell which held the person';

ALTER TABLE reports.definitions ADD COLUMN erasures bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN reports.definitions.erasures IS
    'How many people were erased from the report: a refresh that computed before the last one must not publish what it has';
