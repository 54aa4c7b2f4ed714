-- +goose Up
-- Links by which a file is handed on: they are signed, not stored. Who made and who used one is in the audit.
CREATE TABLE queue.link_key (
    single  boolean     PRIMARY KEY DEFAULT true CHECK (single),
    key     bytea       NOT NULL CHECK (length(key) = 32),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE queue.link_key IS
    'What links that hand a file on are signed with (HMAC-SHA-256); made when the first link is. Without this row no link works: deleting it revokes them all';

ALTER TABLE queue.audit DROP CONSTRAINT audit_via_check;
ALTER TABLE queue.audit ADD CONSTRAINT audit_via_check
    CHECK (via IN ('this machine', 'sign-in', 'token', 'link', 'terminal', 'nobody'));
COMMENT ON COLUMN queue.audit.via IS
    'this machine: no sign-in is configured; link: whoever has it; terminal: a command of the program; nobody: a sign-in that failed';
