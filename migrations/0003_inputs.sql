-- +goose Up
-- Every completed sync publishes a version of its input. A refresh shares a lock on the rows of reports.inputs that it
-- reads before it takes its snapshot, and a sync that swaps tables takes them exclusively: a repeatable-read
-- reader that met a swapped table would see no rows and no error.
CREATE TABLE reports.inputs (
    input   text PRIMARY KEY CHECK (input IN ('cpd', 'gias', 'uplift')),
    version bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE reports.inputs IS 'The live version of each input; 0 before the first sync';
INSERT INTO reports.inputs (input) VALUES ('cpd'), ('gias'), ('uplift');

CREATE TABLE reports.input_versions (
    input        text        NOT NULL REFERENCES reports.inputs,
    version      bigint      NOT NULL CHECK (version > 0),
    as_at        timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    content_hash text        NOT NULL,
    rows         bigint      NOT NULL,
    run_id       bigint      NOT NULL,
    details      jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (input, version)
);
COMMENT ON COLUMN reports.input_versions.as_at IS 'The instant that the data describe, by the source''s own clock';
COMMENT ON COLUMN reports.input_versions.content_hash IS 'Equal hashes mean equal content';
COMMENT ON COLUMN reports.input_versions.details IS 'What else the sync said: counts by table or file, lag of the replica';
