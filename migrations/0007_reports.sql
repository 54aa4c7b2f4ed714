-- +goose Up
-- What a report is, what each refresh of it published, what its checks found; and two lists of facts that reports
-- and analysts look things up in. A report's own tables are made from its definition, by reports.Ensure.

CREATE SCHEMA reports_staging;
COMMENT ON SCHEMA reports_staging IS 'Reports being computed: unlogged tables that a refresh makes and drops. Granted to nobody';

CREATE TABLE reports.definitions (
    report             text PRIMARY KEY,
    title              text        NOT NULL,
    about              text        NOT NULL,
    definition_version text        NOT NULL,
    definition_hash    text        NOT NULL,
    layout_hash        text        NOT NULL,
    live_version       bigint      NOT NULL DEFAULT 0,
    ensured_at         timestamptz NOT NULL
);
COMMENT ON TABLE reports.definitions IS 'The reports that there are. A refresh locks its row while it publishes';
COMMENT ON COLUMN reports.definitions.definition_version IS 'Of the definition that made the report''s table; a program with an older one leaves the report alone';
COMMENT ON COLUMN reports.definitions.layout_hash IS 'Of the definition and of how the program makes tables from it: equal means nothing to do';
COMMENT ON COLUMN reports.definitions.live_version IS 'The version that is live; 0 before the first refresh';

CREATE TABLE reports.refreshes (
    report             text        NOT NULL REFERENCES reports.definitions,
    version            bigint      NOT NULL CHECK (version > 0),
    run_id             bigint      NOT NULL,
    as_of              timestamptz NOT NULL,
    published_at       timestamptz NOT NULL,
    rows               bigint      NOT NULL,
    added              bigint      NOT NULL,
    removed            bigint      NOT NULL,
    changed            bigint      NOT NULL,
    content_version    bigint      NOT NULL,
    definition_version text        NOT NULL,
    definition_hash    text        NOT NULL,
    program_version    text        NOT NULL,
    inputs             jsonb       NOT NULL,
    steps              jsonb       NOT NULL,
    warnings           integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (report, version),
    UNIQUE (report, published_at)
);
CREATE INDEX refreshes_by_run ON reports.refreshes (run_id);
COMMENT ON TABLE reports.refreshes IS 'One row a refresh; the newest of a report is what is live';
COMMENT ON COLUMN reports.refreshes.as_of IS 'The instant that the report describes, by the clock of the source';
COMMENT ON COLUMN reports.refreshes.published_at IS 'When readers got it, by the clock of this database; strictly increasing by report';
COMMENT ON COLUMN reports.refreshes.content_version IS 'The latest version that changed a row or the definition: equal numbers mean equal content but for as_of';
COMMENT ON COLUMN reports.refreshes.inputs IS 'The versions that it was made from: [{input, version, as_at, rows}]';
COMMENT ON COLUMN reports.refreshes.steps IS 'What it did: [{step, seconds, rows}]';
COMMENT ON COLUMN reports.refreshes.warnings IS 'How many checks it was published in spite of; they are in reports.check_results';

CREATE TABLE reports.check_results (
    report     text        NOT NULL REFERENCES reports.definitions,
    run_id     bigint      NOT NULL,
    version    bigint,
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    name       text        NOT NULL,
    about      text        NOT NULL,
    level      text        NOT NULL CHECK (level IN ('error', 'warn')),
    offending  bigint      NOT NULL,
    of_rows    bigint      NOT NULL,
    sample     jsonb       NOT NULL DEFAULT '[]'
);
CREATE INDEX check_results_by_report ON reports.check_results (report, checked_at);
COMMENT ON TABLE reports.check_results IS 'Checks that found something; one that is not here for a version passed';
COMMENT ON COLUMN reports.check_results.version IS 'The version that was published in spite of it; NULL: it stopped the refresh and the last good report stayed';
COMMENT ON COLUMN reports.check_results.sample IS 'Up to 50 offending rows; none of a report with personal data';

CREATE TABLE reports.regions (
    code text PRIMARY KEY,
    gor  text NOT NULL UNIQUE,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE reports.regions IS 'The nine regions of England';
COMMENT ON COLUMN reports.regions.code IS 'Code of the Office for National Statistics';
COMMENT ON COLUMN reports.regions.gor IS 'Letter of the government office region, as the register has it';
INSERT INTO reports.regions (code, gor, name) VALUES
    ('E12000001', 'A', 'North East'),
    ('E12000002', 'B', 'North West'),
    ('E12000003', 'D', 'Yorkshire and The Humber'),
    ('E12000004', 'E', 'East Midlands'),
    ('E12000005', 'F', 'West Midlands'),
    ('E12000006', 'G', 'East of England'),
    ('E12000007', 'H', 'London'),
    ('E12000008', 'J', 'South East'),
    ('E12000009', 'K', 'South West');

CREATE TABLE reports.region_by_la (
    la_code     text PRIMARY KEY,
    region_code text NOT NULL REFERENCES reports.regions,
    region_name text NOT NULL
);
COMMENT ON TABLE reports.region_by_la IS
    'Region by local authority code, abolished ones included. By authority and not by district: districts are abolished more often';
INSERT INTO reports.region_by_la (la_code, region_code, region_name)
SELECT la.code::text, r.code, r.name
FROM (VALUES
    ('A', 390, 394), ('A', 805, 808), ('A', 840, 841), ('A', 929, 929),
    ('B', 340, 344), ('B', 350, 359), ('B', 876, 877), ('B', 888, 890), ('B', 895, 896), ('B', 909, 909), ('B', 942, 943),
    ('D', 370, 373), ('D', 380, 384), ('D', 810, 813), ('D', 815, 816),
    ('E', 830, 831), ('E', 855, 857), ('E', 891, 892), ('E', 925, 925), ('E', 928, 928), ('E', 940, 941),
    ('F', 330, 336), ('F', 860, 861), ('F', 884, 885), ('F', 893, 894), ('F', 937, 937),
    ('G', 821, 823), ('G', 873, 874), ('G', 881, 883), ('G', 919, 919), ('G', 926, 926), ('G', 935, 935),
    ('H', 201, 213), ('H', 301, 320),
    ('J', 825, 826), ('J', 845, 846), ('J', 850, 852), ('J', 867, 872), ('J', 886, 887), ('J', 921, 921), ('J', 931, 931),
    ('J', 936, 936), ('J', 938, 938),
    ('K', 420, 420), ('K', 800, 803), ('K', 835, 839), ('K', 865, 866), ('K', 878, 880), ('K', 908, 908), ('K', 916, 916),
    ('K', 933, 933)
) AS block (gor, first, last)
JOIN reports.regions r USING (gor)
CROSS JOIN LATERAL generate_series(block.first, block.last) AS la (code);

CREATE TABLE reports.school_types (
    code       integer PRIMARY KEY,
    name       text    NOT NULL,
    class      text    NOT NULL CHECK (class IN ('eligible', 'cip_only', 'neither')),
    type_group text    NOT NULL,
    mailed     boolean NOT NULL
);
COMMENT ON TABLE reports.school_types IS 'Establishment types of the register, and what the service makes of them';
COMMENT ON COLUMN reports.school_types.class IS
    'eligible: may have funded training; cip_only: may use the service without it; neither, unless section 41 approves the school';
COMMENT ON COLUMN reports.school_types.mailed IS 'The service leaves children''s centres out of its mailings';
INSERT INTO reports.school_types (code, name, class, type_group, mailed)
SELECT code, name, class, type_group, class <> 'neither' AND code NOT IN (47, 48)
FROM (VALUES
    (1, 'Community school', 'eligible', 'LA maintained'),
    (2, 'Voluntary aided school', 'eligible', 'LA maintained'),
    (3, 'Voluntary controlled school', 'eligible', 'LA maintained'),
    (5, 'Foundation school', 'eligible', 'LA maintained'),
    (6, 'City technology college', 'eligible', 'Independent'),
    (7, 'Community special school', 'eligible', 'Special'),
    (8, 'Non-maintained special school', 'eligible', 'Special'),
    (10, 'Other independent special school', 'cip_only', 'Special'),
    (11, 'Other independent school', 'cip_only', 'Independent'),
    (12, 'Foundation special school', 'eligible', 'Special'),
    (14, 'Pupil referral unit', 'eligible', 'LA maintained'),
    (15, 'Local authority nursery school', 'eligible', 'LA maintained'),
    (18, 'Further education', 'eligible', 'Colleges'),
    (24, 'Secure units', 'neither', 'Other'),
    (25, 'Offshore schools', 'neither', 'Other'),
    (26, 'Service children''s education', 'neither', 'Other'),
    (27, 'Miscellaneous', 'neither', 'Other'),
    (28, 'Academy sponsor led', 'eligible', 'Academies'),
    (29, 'Higher education institutions', 'neither', 'Universities'),
    (30, 'Welsh establishment', 'cip_only', 'Welsh'),
    (31, 'Sixth form centres', 'eligible', 'Colleges'),
    (32, 'Special post 16 institution', 'eligible', 'Other'),
    (33, 'Academy special sponsor led', 'eligible', 'Academies'),
    (34, 'Academy converter', 'eligible', 'Academies'),
    (35, 'Free schools', 'eligible', 'Free schools'),
    (36, 'Free schools special', 'eligible', 'Free schools'),
    (37, 'British schools overseas', 'cip_only', 'Other'),
    (38, 'Free schools alternative provision', 'eligible', 'Free schools'),
    (39, 'Free schools 16 to 19', 'eligible', 'Free schools'),
    (40, 'University technical college', 'eligible', 'Free schools'),
    (41, 'Studio schools', 'eligible', 'Free schools'),
    (42, 'Academy alternative provision converter', 'eligible', 'Academies'),
    (43, 'Academy alternative provision sponsor led', 'eligible', 'Academies'),
    (44, 'Academy special converter', 'eligible', 'Academies'),
    (45, 'Academy 16-19 converter', 'eligible', 'Academies'),
    (46, 'Academy 16 to 19 sponsor led', 'eligible', 'Academies'),
    (47, 'Children''s centre', 'eligible', 'Children''s centres'),
    (48, 'Children''s centre linked site', 'eligible', 'Children''s centres'),
    (49, 'Online provider', 'neither', 'Online'),
    (56, 'Institution funded by other government department', 'neither', 'Other'),
    (57, 'Academy secure 16 to 19', 'eligible', 'Academies')
) AS facts (code, name, class, type_group);

ANALYZE reports.regions;
ANALYZE reports.region_by_la;
ANALYZE reports.school_types;
