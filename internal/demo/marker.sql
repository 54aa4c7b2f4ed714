-- The demo's own schema tells a demo source from anybody else's tables, and a whole one from a half-made one.
DROP SCHEMA IF EXISTS cpd_jobs_demo CASCADE;
CREATE SCHEMA cpd_jobs_demo;
COMMENT ON SCHEMA cpd_jobs_demo IS 'This database is a demo source: made-up data, replaced without asking.';
CREATE TABLE cpd_jobs_demo.manifest (
    manifest jsonb NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
