-- +goose Up
-- The schemas are fixed: others rely on their names. Nobody but the owner may enter any of them; the reader role
-- is let into `reports` alone, because that is what analysts and BI tools read. `restricted` is granted to nobody.
CREATE SCHEMA IF NOT EXISTS queue;
CREATE SCHEMA IF NOT EXISTS cpd;
CREATE SCHEMA IF NOT EXISTS gias;
CREATE SCHEMA IF NOT EXISTS uplift;
CREATE SCHEMA IF NOT EXISTS reports;
CREATE SCHEMA IF NOT EXISTS restricted;
COMMENT ON SCHEMA queue IS 'Schedules, their ticks, workers, leases, and the history and logs of jobs';
COMMENT ON SCHEMA cpd IS 'A copy of the CPD service''s own tables, all of one snapshot';
COMMENT ON SCHEMA gias IS 'The register of schools, its links, and what changed in it';
COMMENT ON SCHEMA uplift IS 'Pupil premium and sparsity uplift files';
COMMENT ON SCHEMA reports IS 'Published reports and their provenance: what analysts and BI tools read';
COMMENT ON SCHEMA restricted IS 'Reports with personal data: granted to nobody by default';

-- A managed server may not let us make roles; its administrator then makes this one by hand.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cpd_jobs_reader') THEN
        CREATE ROLE cpd_jobs_reader NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE WARNING 'role cpd_jobs_reader cannot be made by %: ask the server''s administrator for it', current_user;
    WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database of the same server made it at this moment
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cpd_jobs_reader') THEN
        GRANT USAGE ON SCHEMA reports TO cpd_jobs_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA reports GRANT SELECT ON TABLES TO cpd_jobs_reader;
    END IF;
END
$$;
-- +goose StatementEnd
