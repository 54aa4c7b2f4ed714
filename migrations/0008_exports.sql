-- +goose Up
-- Exported files. A row appears when its file is whole and verified, in the transaction that publishes it; what is in the
-- store without a row here was never exported as far as anyone can tell.
CREATE TABLE reports.exports (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report             text        NOT NULL,
    version            bigint      NOT NULL,
    definition_version text        NOT NULL,
    definition_hash    text        NOT NULL,
    selection          jsonb       NOT NULL DEFAULT '{}',
    format             text        NOT NULL,
    name               text        NOT NULL,
    key                text        NOT NULL UNIQUE,
    beside             text[]      NOT NULL DEFAULT '{}',
    size               bigint      NOT NULL CHECK (size > 0),
    rows               bigint      NOT NULL,
    checksum           text        NOT NULL,
    altered            bigint      NOT NULL DEFAULT 0,
    sha256             text        NOT NULL,
    as_of              timestamptz NOT NULL,
    run_id             bigint      NOT NULL,
    job_id             bigint      NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (report, version, definition_hash, selection, format)
);
CREATE INDEX exports_by_age ON reports.exports (report, created_at DESC);
COMMENT ON TABLE reports.exports IS 'Exported files, each verified against the report before it got its row';
COMMENT ON COLUMN reports.exports.version IS 'The refresh that the file shows: reports.refreshes (report, version), which may be pruned before the file';
COMMENT ON COLUMN reports.exports.selection IS 'What of the report the file has: {} is all of it, else {"where": {column: value}, "columns": [...]}';
COMMENT ON COLUMN reports.exports.name IS 'What people save the file as';
COMMENT ON COLUMN reports.exports.key IS 'Where the file is in the store';
COMMENT ON COLUMN reports.exports.beside IS 'Keys of the files that belong to it: the description of a CSV file';
COMMENT ON COLUMN reports.exports.checksum IS 'Of the values: files of all formats with the same values have the same one';
COMMENT ON COLUMN reports.exports.altered IS 'Values that the format cannot hold as they are; the file lists them';
COMMENT ON COLUMN reports.exports.sha256 IS 'Of the file';
COMMENT ON COLUMN reports.exports.as_of IS 'The instant that the file describes, as in its name';
