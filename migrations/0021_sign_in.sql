-- +goose Up
-- Who is signed in, and the tokens of programs. Neither table has anything that would let its reader in.
CREATE TABLE queue.sessions (
    token  text PRIMARY KEY,
    data   bytea       NOT NULL,
    expiry timestamptz NOT NULL
);
CREATE INDEX sessions_by_expiry ON queue.sessions (expiry);
COMMENT ON COLUMN queue.sessions.token IS 'SHA-256 of what the cookie has';

CREATE TABLE queue.tokens (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text        NOT NULL,
    hash         bytea       NOT NULL UNIQUE,
    roles        text[]      NOT NULL CHECK (cardinality(roles) > 0),
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    revoked_by   text,
    last_used_at timestamptz,
    CHECK (expires_at > created_at)
);
COMMENT ON COLUMN queue.tokens.hash IS 'SHA-256 of the token, which is 256 random bits: a slow hash would protect nothing and cost every request';
COMMENT ON COLUMN queue.tokens.last_used_at IS 'To the minute';
