-- +goose Up
-- What the values of each source looked like, version by version: a column that drifts is seen, and guards compare with it.
CREATE TABLE reports.source_profiles (
    input text NOT NULL,
    version bigint NOT NULL,
    part text NOT NULL,
    column_name text NOT NULL,
    position integer NOT NULL,
    rows bigint NOT NULL,
    filled bigint NOT NULL,
    unreadable bigint NOT NULL,
    distinct_values bigint NOT NULL,
    shortest bigint,
    longest bigint,
    smallest text,
    largest text,
    frequent jsonb NOT NULL,
    forms text NOT NULL,
    PRIMARY KEY (input, version, part, column_name)
);
COMMENT ON TABLE reports.source_profiles IS 'A profile of each column of each version of a source';
COMMENT ON COLUMN reports.source_profiles.part IS 'establishments, links, the layout of an uplift file, or a table of the CPD service';
COMMENT ON COLUMN reports.source_profiles.unreadable IS 'Values that say nothing; they replaced none that was here';
COMMENT ON COLUMN reports.source_profiles.distinct_values IS 'Exact where there are few, else near enough; 0 where not known';
COMMENT ON COLUMN reports.source_profiles.shortest IS 'In characters';
COMMENT ON COLUMN reports.source_profiles.smallest IS 'NULL for personal data, as frequent is empty';
