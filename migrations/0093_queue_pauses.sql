-- +goose Up
-- River knows that a queue is paused; who did it, and until when, is ours.
CREATE TABLE queue.queue_pauses (
    queue    text PRIMARY KEY,
    from_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    until_at timestamptz,
    by       text        NOT NULL,
    note     text        NOT NULL DEFAULT ''
);
COMMENT ON TABLE queue.queue_pauses IS 'Queues that are paused: no job of theirs begins; any worker ends a pause whose time is over';
