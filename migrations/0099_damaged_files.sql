-- +goose Up
-- A stored file that is not the one that was published, sessions that can be ended, links that can be revoked one by one, and a
-- row by which the pages find out whether the database can be written.
ALTER TABLE reports.exports ADD COLUMN verified_at timestamptz, ADD COLUMN damaged_at timestamptz;
COMMENT ON COLUMN reports.exports.verified_at IS 'When housekeeping last read the whole file and found it as published; null: not since it was made';
COMMENT ON COLUMN reports.exports.damaged_at IS 'When the file was found to be another than was published: it is not given out, and the next export makes it again';

ALTER TABLE queue.incidents DROP CONSTRAINT incidents_what_check;
ALTER TABLE queue.incidents ADD CONSTRAINT incidents_what_check CHECK (what IN ('failed', 'stale', 'silent', 'damaged'));
COMMENT ON COLUMN queue.incidents.what IS
    'failed: a job failed for good; stale: a report''s data are older than its target; silent: a schedule had no success for too long; damaged: a stored file of a report is not as it was published';

ALTER TABLE queue.sessions ADD COLUMN person text, ADD COLUMN person_id text, ADD COLUMN roles text[],
    ADD COLUMN begun_at timestamptz DEFAULT clock_timestamp(), ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN queue.sessions.person IS 'Who is signed in; null: nobody yet';
COMMENT ON COLUMN queue.sessions.ended_at IS 'When it was ended: a request that is under way then must not bring it back';

CREATE TABLE queue.revoked_links (
    link       text PRIMARY KEY,
    revoked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_by text        NOT NULL
);
COMMENT ON TABLE queue.revoked_links IS 'Share links that are good no longer, by the name that the audit has for them';

CREATE TABLE queue.write_probe (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    at     timestamptz NOT NULL
);
COMMENT ON TABLE queue.write_probe IS 'Written by /health, which so finds out that the database can be written';
