-- +goose Up
-- What people and programs did through the pages and the API.
CREATE TABLE queue.audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text        NOT NULL,
    via         text        NOT NULL CHECK (via IN ('this machine', 'sign-in', 'token', 'nobody')),
    action      text        NOT NULL,
    target      text        NOT NULL,
    detail      jsonb       NOT NULL DEFAULT '{}',
    address     text        NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('begun', 'done', 'refused', 'failed')),
    finished_at timestamptz
);
CREATE INDEX audit_by_age ON queue.audit (at);
CREATE INDEX audit_by_actor ON queue.audit (actor, id);
COMMENT ON TABLE queue.audit IS 'Sign-ins, exports, downloads of protected data and every action: who, what, when, from where, and what came of it';
COMMENT ON COLUMN queue.audit.via IS 'this machine: no sign-in is configured; nobody: a sign-in that failed';
COMMENT ON COLUMN queue.audit.target IS 'What it was done to: job 17, schedule register, export 3';
COMMENT ON COLUMN queue.audit.outcome IS
    'begun is written before anything is done and stays where the program died meanwhile; refused: by a rule; failed: by an error';
