-- +goose Up
-- The register of schools. A sync stages a whole delivery, compares it with what is here by key and hash, and merges
-- the differences in one transaction. A URN is text everywhere, as in the service's own tables and the reports.

CREATE TABLE gias.syncs (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id    bigint      NOT NULL,
    synced_at timestamptz NOT NULL,
    version   bigint,
    summary   jsonb       NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE gias.syncs IS 'Completed syncs. One that met the very files of the last leaves no row';
COMMENT ON COLUMN gias.syncs.version IS 'The version of the input that it published; NULL when other files had the same content';

CREATE TABLE gias.files (
    sync_id    bigint NOT NULL REFERENCES gias.syncs ON DELETE CASCADE,
    part       text   NOT NULL CHECK (part IN ('establishments', 'links')),
    source     text   NOT NULL,
    name       text   NOT NULL,
    sha256     text   NOT NULL,
    size_bytes bigint NOT NULL,
    encoding   text   NOT NULL,
    layout     text   NOT NULL,
    header     text[] NOT NULL,
    etag       text   NOT NULL DEFAULT '',
    rules      integer NOT NULL,
    read       bigint NOT NULL,
    merged     bigint NOT NULL,
    unchanged  bigint NOT NULL,
    rejected   bigint NOT NULL,
    values_left_out bigint NOT NULL,
    doubts     bigint NOT NULL,
    PRIMARY KEY (sync_id, part),
    CHECK (read = merged + unchanged + rejected)
);
COMMENT ON TABLE gias.files IS 'What each sync received: every row read was merged, unchanged or rejected';
COMMENT ON COLUMN gias.files.sha256 IS 'Of the unpacked bytes';
COMMENT ON COLUMN gias.files.rules IS 'The version of the reading rules: the same bytes are read again when the rules have changed';

CREATE TABLE gias.establishments (
    urn                          text PRIMARY KEY,
    la_code                      text NOT NULL,
    la_name                      text,
    establishment_number         text,
    establishment_name           text NOT NULL,
    type_of_establishment_code   integer NOT NULL,
    type_of_establishment_name   text,
    establishment_status_code    integer NOT NULL,
    establishment_status_name    text,
    open_date                    date,
    close_date                   date,
    phase_of_education_code      integer,
    phase_of_education_name      text,
    ukprn                        text,
    last_changed_date            date,
    street                       text,
    locality                     text,
    address3                     text,
    town                         text,
    postcode                     text,
    school_website               text,
    main_email                   text,
    alternative_email            text,
    section_41_approved_name     text,
    district_administrative_code text,
    district_administrative_name text,
    easting                      integer,
    northing                     integer,
    previous_la_code             text,
    previous_la_name             text,
    ofsted_rating_code           integer,
    ofsted_rating_name           text,
    row_hash                     bigint      NOT NULL DEFAULT 0,
    first_seen                   timestamptz NOT NULL DEFAULT now(),
    last_changed                 timestamptz NOT NULL DEFAULT now(),
    gone_since                   timestamptz
);
COMMENT ON TABLE gias.establishments IS 'Every establishment that the register ever listed, closed ones and those that have gone from it included';
COMMENT ON COLUMN gias.establishments.establishment_status_code IS '1 open, 2 closed, 3 open but proposed to close, 4 proposed to open';
COMMENT ON COLUMN gias.establishments.open_date IS '1900-01-01 is the register''s way to say that the day is not known';
COMMENT ON COLUMN gias.establishments.main_email IS 'Kept to compare; may name a person and is masked wherever it is shown';
COMMENT ON COLUMN gias.establishments.alternative_email IS 'Kept to compare; may name a person and is masked wherever it is shown';
COMMENT ON COLUMN gias.establishments.row_hash IS 'Of the row as it was staged; equal hashes are not compared further';
COMMENT ON COLUMN gias.establishments.first_seen IS 'The first sync that met it, by this database''s clock';
COMMENT ON COLUMN gias.establishments.last_changed IS 'The last sync that changed it; the register''s own date is last_changed_date';
COMMENT ON COLUMN gias.establishments.gone_since IS 'The sync that no longer found it in the file: that is no closure, and nothing is deleted';

CREATE TABLE gias.links (
    urn                   text NOT NULL,
    link_urn              text NOT NULL,
    link_name             text,
    link_type             text NOT NULL,
    link_established_date date,
    row_hash              bigint      NOT NULL DEFAULT 0,
    first_seen            timestamptz NOT NULL DEFAULT now(),
    last_changed          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (urn, link_urn, link_type)
);
CREATE INDEX links_by_other ON gias.links (link_urn);
COMMENT ON TABLE gias.links IS 'link_urn is to urn what link_type says; another type is another link. Links that the register withdraws are deleted; gias.changes keeps them';

CREATE TABLE gias.changes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync_id    bigint      NOT NULL,
    run_id     bigint      NOT NULL,
    changed_at timestamptz NOT NULL,
    urn        text        NOT NULL,
    link_urn   text,
    event      text        NOT NULL,
    field      text        NOT NULL,
    old        text,
    new        text
);
CREATE INDEX changes_by_urn ON gias.changes (urn, id);
CREATE INDEX changes_by_field ON gias.changes (field, id);
CREATE INDEX changes_by_age ON gias.changes (changed_at);
COMMENT ON TABLE gias.changes IS
    'A row for each field that a sync found changed. An establishment that appears, goes or returns has one row, of field URN; '
    'a link that appears or goes has one for each field that it has. The first sync writes none';
COMMENT ON COLUMN gias.changes.field IS 'The register''s own heading';
COMMENT ON COLUMN gias.changes.link_urn IS 'Set where a link changed, NULL where the establishment itself did';
COMMENT ON COLUMN gias.changes.old IS 'As the register writes it: days as DD-MM-YYYY; NULL is blank';
COMMENT ON COLUMN gias.changes.event IS
    'What the change means: opened, closed, reopened, proposed_to_close, proposed_to_open, closure_withdrawn; renamed, moved, '
    'type_changed, authority_changed, district_changed, section_41_changed, opening_date_changed, closing_date_changed, '
    'contact_changed, details_changed; added (first seen already closed), gone, returned; link_added, link_removed, link_changed';

CREATE TABLE gias.rejects (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync_id     bigint  NOT NULL REFERENCES gias.syncs ON DELETE CASCADE,
    run_id      bigint  NOT NULL,
    part        text    NOT NULL,
    scope       text    NOT NULL CHECK (scope IN ('row', 'value', 'doubt')),
    line        integer NOT NULL,
    urn         text,
    column_name text,
    reason      text    NOT NULL,
    value       text
);
CREATE INDEX rejects_by_sync ON gias.rejects (sync_id, part, line);
CREATE INDEX rejects_by_urn ON gias.rejects (urn);
COMMENT ON COLUMN gias.rejects.scope IS
    'row: the row was not used; value: the value was taken for missing; doubt: values contradict each other, nothing was left out';
COMMENT ON COLUMN gias.rejects.line IS 'Of the file, the header being line 1';
COMMENT ON COLUMN gias.rejects.column_name IS 'The register''s heading; NULL where the whole row is meant';
COMMENT ON COLUMN gias.rejects.value IS 'Shortened; never an e-mail address';

-- What the links say about who took over from whom. The register states a succession from either side or from both.
CREATE VIEW gias.successions AS
WITH stated AS (
    SELECT urn, link_urn AS successor, link_type, link_established_date, 'successor' AS side
    FROM gias.links WHERE link_type LIKE 'Successor%'
    UNION ALL
    SELECT link_urn, urn, link_type, link_established_date, 'predecessor'
    FROM gias.links WHERE link_type LIKE 'Predecessor%'
), pairs AS (
    SELECT urn, successor,
           bool_or(link_type ~* 'merged|amalgamated') AS merged,
           bool_or(link_type ~* 'split') AS split,
           bool_or(side = 'successor') AS by_old,
           bool_or(side = 'predecessor') AS by_new,
           max(link_established_date) FILTER (WHERE side = 'successor') AS date_by_old,
           max(link_established_date) FILTER (WHERE side = 'predecessor') AS date_by_new
    FROM stated
    GROUP BY urn, successor
)
SELECT p.urn, p.successor,
       CASE
           WHEN back.urn IS NOT NULL OR p.merged AND p.split THEN 'contradictory'
           WHEN a.establishment_status_code = 4 AND b.establishment_status_code <> 4
             OR b.establishment_status_code = 2 AND a.open_date >= b.close_date AND b.close_date > DATE '1900-01-01' THEN 'reversed'
           WHEN p.split THEN 'split'
           WHEN p.merged THEN 'merged'
           ELSE 'simple'
       END AS kind,
       CASE WHEN p.by_old AND p.by_new THEN 'both' WHEN p.by_old THEN 'predecessor' ELSE 'successor' END AS stated_by,
       coalesce(p.date_by_old, p.date_by_new) AS established
FROM pairs p
LEFT JOIN pairs back ON back.urn = p.successor AND back.successor = p.urn
LEFT JOIN gias.establishments a ON a.urn = p.urn
LEFT JOIN gias.establishments b ON b.urn = p.successor;
COMMENT ON VIEW gias.successions IS 'One step of succession: successor took over from urn, or so the register says';
COMMENT ON COLUMN gias.successions.kind IS
    'simple, merged or split as the links call it; contradictory: each is called the other''s successor, or one side says merged and '
    'the other split; reversed: the dates or statuses say that it is the other way round';
COMMENT ON COLUMN gias.successions.stated_by IS 'Whose links say so: those of the predecessor, of the successor, or both';

-- Twelve steps are three times the longest real chain; the limit is for links that were made to explode.
CREATE VIEW gias.successors AS
WITH RECURSIVE steps AS MATERIALIZED (
    SELECT urn, successor, kind, kind IN ('simple', 'merged', 'split') AS sound FROM gias.successions
), onward AS MATERIALIZED (
    SELECT urn, bool_or(sound) AS goes_on, min(kind) FILTER (WHERE NOT sound) AS doubt,
           array_agg(successor ORDER BY successor) AS all_successors
    FROM steps
    GROUP BY urn
), walk AS (
    SELECT urn, successor AS stand, ARRAY[urn, successor] AS path,
           kind = 'merged' AS merged, kind = 'split' AS split, false AS looped
    FROM steps
    WHERE sound
    UNION ALL
    SELECT w.urn, s.successor, w.path || s.successor,
           w.merged OR s.kind = 'merged', w.split OR s.kind = 'split', s.successor = ANY (w.path)
    FROM walk w
    JOIN steps s ON s.urn = w.stand AND s.sound
    WHERE NOT w.looped AND cardinality(w.path) <= 12
), ends AS (
    SELECT w.urn, w.stand, w.path, w.merged, w.split, w.looped, o.doubt
    FROM walk w
    LEFT JOIN onward o ON o.urn = w.stand
    WHERE w.looped OR o.goes_on IS NOT TRUE OR cardinality(w.path) > 12
), resolved AS (
    SELECT urn,
           CASE
               WHEN bool_or(looped) THEN 'cycle'
               WHEN bool_or(doubt IS NOT NULL) THEN min(doubt)
               WHEN bool_or(split) THEN 'split'
               WHEN count(DISTINCT stand) > 1 THEN 'several'
               WHEN bool_or(merged) THEN 'merged'
               ELSE 'simple'
           END AS kind,
           array_agg(DISTINCT stand) AS candidates,
           max(cardinality(path)) - 1 AS steps,
           (array_agg(path ORDER BY cardinality(path) DESC, path))[1] AS path
    FROM ends
    GROUP BY urn
    UNION ALL
    SELECT urn, doubt, all_successors, 1, NULL
    FROM onward
    WHERE NOT goes_on
)
SELECT urn, kind,
       CASE WHEN kind IN ('simple', 'merged') THEN candidates[1] END AS successor,
       candidates, steps, path
FROM resolved;
COMMENT ON VIEW gias.successors IS 'Where each establishment''s successions end, over as many steps as there are';
COMMENT ON COLUMN gias.successors.successor IS 'The one that stands at the end, where the links leave no doubt; NULL otherwise: nothing is guessed';
COMMENT ON COLUMN gias.successors.kind IS
    'simple; merged; split; several: more than one plain successor; cycle; contradictory; reversed. The doubt may lie at any step';
COMMENT ON COLUMN gias.successors.candidates IS 'Every establishment at which a path ends';
COMMENT ON COLUMN gias.successors.path IS 'The longest path, from the establishment itself to its end';

-- +goose StatementBegin
CREATE FUNCTION gias.plain_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN btrim(regexp_replace(
        translate(name, U&'\0091\0092\0093\0094\0096\00A0\200B\200C\200D\2060\FEFF', U&'\2018\2019\201C\201D\2013 '),
        '\s+', ' ', 'g'));
-- +goose StatementEnd
COMMENT ON FUNCTION gias.plain_name IS
    'A name as it is compared: without invisible characters and doubled spaces, and with the quotes that the service lost when it '
    'read the register as ISO-8859-1';

CREATE VIEW gias.lag AS
WITH succeeded AS MATERIALIZED (
    SELECT DISTINCT p.urn
    FROM gias.successions p
    LEFT JOIN gias.establishments e ON e.urn = p.urn
    WHERE p.kind IN ('simple', 'merged') OR p.kind = 'split' AND e.establishment_status_code = 2
), compared AS (
    SELECT s.urn::text AS urn, array_remove(ARRAY[
        CASE WHEN e.establishment_status_code = 2 AND s.school_status_code IN (1, 3) THEN 'closed_in_register' END,
        CASE WHEN e.district_administrative_code <> coalesce(s.administrative_district_code, '') THEN 'district_differs' END,
        CASE WHEN x.urn IS NOT NULL THEN 'has_successor' END,
        CASE WHEN e.urn IS NULL THEN 'not_in_register' END,
        CASE WHEN e.establishment_name <> s.name
                  AND gias.plain_name(e.establishment_name) <> gias.plain_name(s.name) THEN 'renamed' END,
        CASE WHEN (e.section_41_approved_name = 'Approved') <> coalesce(s.section_41_approved, false) THEN 'section_41_differs' END,
        CASE WHEN e.type_of_establishment_code <> coalesce(s.school_type_code, 0) THEN 'type_differs' END
    ], NULL) AS flags
    FROM cpd.schools s
    LEFT JOIN gias.establishments e ON e.urn = s.urn AND e.gone_since IS NULL
    LEFT JOIN succeeded x ON x.urn = s.urn
    WHERE EXISTS (SELECT FROM gias.establishments)
)
SELECT urn, flags FROM compared WHERE flags <> '{}';
COMMENT ON VIEW gias.lag IS
    'Schools of the CPD service that differ from the register, flags in alphabetical order. No rows while no register was synced, and '
    'a column that the register''s file lacks is not compared';
COMMENT ON COLUMN gias.lag.flags IS
    'has_successor: the register says without contradiction that another establishment took over; a split counts once the school has closed';
