-- +goose Up
-- What an address sent last, so that the next sync asks only for what is newer.
ALTER TABLE uplift.files
    ADD COLUMN etag    text NOT NULL DEFAULT '',
    ADD COLUMN address text NOT NULL DEFAULT '';
ALTER TABLE gias.files
    ADD COLUMN address text NOT NULL DEFAULT '';
COMMENT ON COLUMN uplift.files.etag IS 'The source''s own mark of this content';
COMMENT ON COLUMN uplift.files.address IS
    'SHA-256 of the whole address, with the year that the job named; the query may be secret and is not kept in source. Empty for a path';
COMMENT ON COLUMN gias.files.address IS
    'SHA-256 of the whole address, whose query may be secret and is not kept in source; empty for a path';
