-- +goose Up
-- Pupil premium and sparsity uplifts as the policy files give them, beside what the service itself stores.

CREATE TABLE uplift.files (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id     bigint      NOT NULL,
    synced_at  timestamptz NOT NULL,
    version    bigint,
    layout     text        NOT NULL,
    start_year smallint    NOT NULL,
    source     text        NOT NULL,
    name       text        NOT NULL,
    sha256     text        NOT NULL,
    size_bytes bigint      NOT NULL,
    encoding   text        NOT NULL,
    header     text[]      NOT NULL,
    rules      integer     NOT NULL,
    read       bigint      NOT NULL,
    merged     bigint      NOT NULL,
    unchanged  bigint      NOT NULL,
    rejected   bigint      NOT NULL,
    summary    jsonb       NOT NULL DEFAULT '{}',
    CHECK (read = merged + unchanged + rejected)
);
CREATE INDEX files_by_year ON uplift.files (start_year, id DESC);
COMMENT ON TABLE uplift.files IS 'The files that were loaded. The same file again leaves no row';
COMMENT ON COLUMN uplift.files.layout IS 'incentives (3 columns), incentives wide, allocations (2021), sparse districts';
COMMENT ON COLUMN uplift.files.start_year IS 'The cohort year that it is for; the calendar year from which its districts are sparse';

CREATE TABLE uplift.schools (
    urn           text     NOT NULL,
    start_year    smallint NOT NULL,
    pupil_premium boolean  NOT NULL,
    sparsity      boolean,
    basis         text     NOT NULL CHECK (basis IN ('policy', 'allocation')),
    first_seen    timestamptz NOT NULL DEFAULT now(),
    last_changed  timestamptz NOT NULL DEFAULT now(),
    missing_since timestamptz,
    PRIMARY KEY (urn, start_year)
);
CREATE INDEX schools_by_year ON uplift.schools (start_year);
COMMENT ON TABLE uplift.schools IS 'Both uplift flags of a school for a cohort year. Rows whose URN nobody knows are kept too: the register may learn of it later';
COMMENT ON COLUMN uplift.schools.sparsity IS 'NULL where the file says nothing of it (allocations)';
COMMENT ON COLUMN uplift.schools.basis IS 'policy: the file says so; allocation: at least 40 % of the pupils were eligible (the rule until August 2022)';
COMMENT ON COLUMN uplift.schools.missing_since IS 'A newer file for the same year no longer has it; the row stays, as in the service';

CREATE TABLE uplift.districts (
    district_code text     NOT NULL,
    start_year    smallint NOT NULL,
    end_year      smallint,
    district_name text,
    PRIMARY KEY (district_code, start_year)
);
COMMENT ON TABLE uplift.districts IS 'Spells in which a district was sparse';
COMMENT ON COLUMN uplift.districts.end_year IS 'The first year that is not sparse; NULL while it is';

CREATE TABLE uplift.issues (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id     bigint NOT NULL REFERENCES uplift.files ON DELETE CASCADE,
    run_id      bigint NOT NULL,
    kind        text   NOT NULL,
    line        integer,
    urn         text,
    column_name text,
    reason      text   NOT NULL,
    value       text
);
CREATE INDEX issues_by_file ON uplift.issues (file_id, kind, line);
CREATE INDEX issues_by_urn ON uplift.issues (urn);
COMMENT ON COLUMN uplift.issues.kind IS
    'rejected: the row was not used; repeat: the same school again with the same flags; conflict: with others, and the last row counts; '
    'value: a flag that is neither 0 nor 1 and counts as 0; unknown: neither the register nor the service has the URN; '
    'not_in_file: an earlier file for the year had it; missing_since_last_year: the file of the year before had it; '
    'abolished: the district exists no more; authority_missing: the file has less than half of an authority''s schools';
COMMENT ON COLUMN uplift.issues.line IS 'Of the file, the header being line 1; NULL where no row is meant';

CREATE VIEW uplift.reconciliation AS
WITH service AS (
    SELECT s.urn::text AS urn, p.start_year::smallint AS start_year,
           bool_or(p.pupil_premium_incentive) AS pupil_premium, bool_or(p.sparsity_incentive) AS sparsity
    FROM cpd.pupil_premiums p
    JOIN cpd.schools s ON s.id = p.school_id
    WHERE p.start_year IN (SELECT u.start_year FROM uplift.schools u)
    GROUP BY 1, 2
), compared AS (
    SELECT coalesce(f.urn, v.urn) AS urn, coalesce(f.start_year, v.start_year) AS start_year,
           f.pupil_premium AS file_pupil_premium, v.pupil_premium AS service_pupil_premium,
           f.sparsity AS file_sparsity, v.sparsity AS service_sparsity,
           f.basis, f.missing_since, f.urn IS NOT NULL AS in_file, v.urn IS NOT NULL AS in_service
    FROM uplift.schools f
    FULL JOIN service v ON v.urn = f.urn AND v.start_year = f.start_year
)
SELECT c.urn, c.start_year, s.name,
       c.file_pupil_premium, c.service_pupil_premium, c.file_sparsity, c.service_sparsity, c.basis,
       array_remove(ARRAY[
           CASE WHEN NOT c.in_file THEN 'not_in_file' END,
           CASE WHEN NOT c.in_service AND s.urn IS NOT NULL THEN 'not_in_service' END,
           CASE WHEN c.missing_since IS NOT NULL THEN 'not_in_newest_file' END,
           CASE WHEN c.file_pupil_premium <> c.service_pupil_premium THEN 'pupil_premium_differs' END,
           CASE WHEN c.file_sparsity <> c.service_sparsity THEN 'sparsity_differs' END,
           CASE WHEN s.urn IS NULL THEN 'unknown_school' END
       ], NULL) AS differences
FROM compared c
LEFT JOIN cpd.schools s ON s.urn = c.urn;
COMMENT ON VIEW uplift.reconciliation IS
    'The files'' flags beside the service''s own, one row a school and year for which a file was loaded. Several rows of the service '
    'for one year read as true if any is, which is its own test';
COMMENT ON COLUMN uplift.reconciliation.differences IS 'In alphabetical order, {} where both say the same';
