-- A report of 24,000 schools that was refreshed twice, and the jobs that did it.
INSERT INTO reports.school_onboarding (urn, name, postcode, la_name, region_name, school_phase_name, school_type_name,
                                       cohort_lead_provider, route, flags, register_flags, contacts, tutor_signed_in, first_contacted_at, as_of,
                                       eligibility, stage)
SELECT (100000 + n)::text, CASE n WHEN 7 THEN 'St Mary’s & St <Paul> School' ELSE 'School ' || n END,
       'AB' || n % 90 || ' ' || n % 10 || 'CD', 'Authority ' || n % 150, 'Region ' || n % 150 % 9,
       CASE n % 3 WHEN 0 THEN 'Primary' WHEN 1 THEN 'Secondary' ELSE 'Nursery' END, 'Type ' || n % 30,
       CASE WHEN n % 4 > 0 THEN 'Provider ' || n % 4 END, CASE WHEN n % 2 = 0 THEN 'full_induction_programme' END,
       CASE WHEN n % 7 = 0 THEN '{contact_failed,no_tutor}' WHEN n % 7 = 1 THEN '{no_tutor}' ELSE '{}' END::text[], '{}',
       n % 5, n % 2 = 0, '2026-09-01T08:00:00Z'::timestamptz + n * interval '1 minute', '2026-11-22T06:10:00Z',
       CASE WHEN n % 10 = 0 THEN 'cip_only' ELSE 'eligible' END,
       CASE WHEN n % 1000 < 24 THEN 'no_ects'
            WHEN n % 1000 < 38 THEN 'not_contacted'
            WHEN n % 1000 < 101 THEN 'contacted'
            WHEN n % 1000 < 136 THEN 'email_opened'
            WHEN n % 1000 < 186 THEN 'tutor_nominated'
            WHEN n % 1000 < 274 THEN 'tutor_signed_in'
            WHEN n % 1000 < 379 THEN 'programme_chosen'
            WHEN n % 1000 < 383 THEN 'partnership_challenged'
            WHEN n % 1000 < 525 THEN 'provision_in_place'
            ELSE 'participants_registered' END
FROM generate_series(1, 24000) AS n;

INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
                               definition_version, definition_hash, program_version, inputs, steps)
VALUES
    ('school_onboarding', 1, 1, '2026-11-21T06:10:00Z', '2026-11-21T06:11:02Z', 23998, 23998, 0, 0, 1, '1.0', 'h', '0.1.0', '[]', '[]'),
    ('school_onboarding', 2, 4, '2026-11-22T06:10:00Z', '2026-11-22T06:11:04Z', 24000, 3, 1, 412, 2, '1.0', 'h', '0.1.0',
     '[{"input": "cpd", "version": 2, "as_at": "2026-11-22T06:10:00Z", "rows": 1203456},
       {"input": "gias", "version": 1, "as_at": "2026-11-21T23:00:00Z", "rows": 52141}]', '[]');
UPDATE reports.definitions SET live_version = 2 WHERE report = 'school_onboarding';

INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, errors,
                           created_at, scheduled_at, attempted_at, finalized_at)
VALUES
    (1, 'cpd_sync', 'syncs', 1, 'completed', 1, 5, '{}',
     '{"run_id": 1, "started_by": "schedule refresh 2026-11-22T06:10:00Z", "output": {"changed": true, "version": 2}}', '[]',
     '2026-11-22T06:10:00Z', '2026-11-22T06:10:00Z', '2026-11-22T06:10:00.1Z', '2026-11-22T06:10:41Z'),
    (2, 'report_export', 'exports', 1, 'discarded', 2, 2, '{"report": "school_onboarding", "formats": ["xlsx", "csv"]}',
     '{"run_id": 1, "started_by": "job 1", "failure": "transient"}',
     '[{"attempt": 1, "at": "2026-11-22T06:11:05Z", "error": "write xlsx: <disk> is full", "trace": "goroutine 7 [running]"},
       {"attempt": 2, "at": "2026-11-22T06:11:44Z", "error": "write xlsx: <disk> is full"}]',
     '2026-11-22T06:11:04Z', '2026-11-22T06:11:04Z', '2026-11-22T06:11:40Z', '2026-11-22T06:11:44Z');

INSERT INTO river.river_job (id, kind, queue, state, attempt, max_attempts, args, metadata, created_at, attempted_at, attempted_by)
VALUES (3, 'gias_sync', 'syncs', 'running', 1, 5, '{"source": "it''s here.csv"}',
        '{"run_id": 3, "started_by": "person ann@laptop"}', '2026-11-22T06:49:00Z', '2026-11-22T06:49:01Z', '{worker-1}');

INSERT INTO queue.steps (job_id, attempt, number, name, state, unit, done, total, rows_in, rows_out, started_at, finished_at, updated_at)
VALUES
    (1, 1, 1, 'check the source', 'done', 'rows', 0, 0, 0, 0, '2026-11-22T06:10:00.1Z', '2026-11-22T06:10:00.4Z', '2026-11-22T06:10:00.4Z'),
    (1, 1, 2, 'copy tables', 'done', 'rows', 1203456, 1203456, 1203456, 1203456, '2026-11-22T06:10:00.4Z', '2026-11-22T06:10:38Z', '2026-11-22T06:10:38Z'),
    (1, 1, 3, 'publish', 'done', 'rows', 0, 0, 0, 0, '2026-11-22T06:10:38Z', '2026-11-22T06:10:41Z', '2026-11-22T06:10:41Z'),
    (2, 1, 1, 'write xlsx', 'failed', 'rows', 1100, 24000, 1100, 0, '2026-11-22T06:11:04Z', '2026-11-22T06:11:05Z', '2026-11-22T06:11:05Z'),
    (2, 2, 1, 'write xlsx', 'failed', 'rows', 1100, 24000, 1100, 0, '2026-11-22T06:11:40Z', '2026-11-22T06:11:44Z', '2026-11-22T06:11:44Z'),
    (3, 1, 1, 'read establishments', 'running', 'rows', 12500, 52141, 12500, 0, '2026-11-22T06:49:01Z', NULL, '2026-11-22T06:49:59Z');

INSERT INTO queue.logs (job_id, attempt, at, level, message, attrs)
SELECT 1, 1, timestamptz '2026-11-22T06:10:01Z' + n * interval '2 seconds', 'info', 'copied table',
       jsonb_build_object('table', name, 'rows', 100 * n)
FROM unnest(ARRAY ['schools', 'school_cohorts', 'partnerships', 'induction_records', 'participant_profiles']) WITH ORDINALITY AS t (name, n);
INSERT INTO queue.logs (job_id, attempt, at, level, message, attrs)
VALUES (2, 2, '2026-11-22T06:11:44Z', 'error', 'attempt failed', '{"error": "write xlsx: <disk> is full"}');
SELECT setval('river.river_job_id_seq', 100), setval('queue.run_ids', 100);

-- What runs by itself: by the clock, after another, and one that is paused.
INSERT INTO queue.schedules (name, spec, accounted_to, next_tick, generation)
VALUES
    ('cpd', '{"name": "cpd", "cron": "5 * * * *", "timezone": "Europe/London", "kind": "cpd_sync", "args": {}, "catch_up": {"policy": "latest", "max_age": "50m"}, "overlap": "skip", "deadline": "15m"}',
     '2026-11-22T06:45:00Z', '2026-11-22T07:05:00Z', 1),
    ('onboarding-after-cpd', '{"name": "onboarding-after-cpd", "timezone": "Europe/London", "kind": "school_onboarding_refresh", "args": {}, "catch_up": {"policy": "none"}, "overlap": "skip", "after": {"kind": "cpd_sync", "when": "changed"}}',
     '2026-11-22T06:45:00Z', NULL, 1),
    ('uplift', '{"name": "uplift", "cron": "30 5 * * 1", "timezone": "Europe/London", "kind": "uplift_sync", "args": {}, "catch_up": {"policy": "latest", "max_age": "3d"}, "overlap": "skip", "deadline": "1h"}',
     '2026-11-22T06:45:00Z', '2026-11-23T05:30:00Z', 1);
INSERT INTO queue.schedule_spans (schedule, after_at, spec, generation)
SELECT name, '2026-11-01T00:00:00Z', spec, 1 FROM queue.schedules WHERE spec ? 'cron';
INSERT INTO queue.pauses (schedule, from_at, by, note) VALUES ('uplift', '2026-11-01T00:00:00Z', 'person bob', 'No files in <winter>');

INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, errors, created_at, scheduled_at, attempted_at, finalized_at)
SELECT 10 + n, 'cpd_sync', 'syncs', 1, CASE n WHEN 4 THEN 'discarded' ELSE 'completed' END, 1, 5, '{}', jsonb_build_object('run_id', 10 + n), '[]',
       tick, tick, tick + interval '1 second', tick + CASE n WHEN 3 THEN interval '20 minutes' ELSE interval '40 seconds' END
FROM generate_series(0, 33) AS n CROSS JOIN LATERAL (SELECT timestamptz '2026-11-22T06:05:00Z' - n * interval '1 hour' AS tick) AS at;
INSERT INTO queue.ticks (schedule, tick, state, reason, run_id, job_id, recorded_at)
SELECT 'cpd', tick, CASE WHEN n IN (1, 2) THEN 'skipped' WHEN n = 6 THEN 'missed' ELSE 'enqueued' END,
       CASE n WHEN 1 THEN 'overlap' WHEN 2 THEN 'paused' WHEN 6 THEN 'too_old' END,
       CASE WHEN n NOT IN (1, 2, 6) THEN 10 + n END, CASE WHEN n NOT IN (1, 2, 6) THEN 10 + n END,
       tick + CASE n WHEN 5 THEN interval '3 hours' ELSE interval '0.2 seconds' END
FROM generate_series(0, 33) AS n CROSS JOIN LATERAL (SELECT timestamptz '2026-11-22T06:05:00Z' - n * interval '1 hour' AS tick) AS at;

INSERT INTO queue.audit (at, actor, via, action, target, detail, address, outcome)
VALUES ('2026-11-22T06:00:00Z', 'somebody at this machine', 'this machine', 'pause', 'schedule uplift', '{"note": "No files in <winter>"}', '127.0.0.1', 'done');

INSERT INTO reports.school_onboarding_changes (version, urn, action, reason, column_name, old, new)
VALUES
    (1, '100007', 'added', NULL, NULL, NULL, NULL),
    (2, '100007', 'changed', NULL, 'stage', '"contacted"', '"email_opened"'),
    (2, '100007', 'changed', NULL, 'flags', '[]', '["contact_failed", "no_tutor"]'),
    (2, '100007', 'changed', NULL, 'first_contacted_at', NULL, '"2026-09-01T08:07:00+00:00"'),
    (2, '99999', 'removed', 'closed', NULL, '{"urn": "99999", "name": "Old <School>"}', NULL);
INSERT INTO gias.establishments (urn, la_code, establishment_name, type_of_establishment_code, establishment_status_code, establishment_status_name, open_date, last_changed)
VALUES ('100007', '201', 'St Mary and St Paul', 1, 1, 'Open', '1987-09-01', '2026-11-01T05:00:00Z');
INSERT INTO gias.links (urn, link_urn, link_name, link_type, link_established_date) VALUES ('100007', '100008', 'School 8', 'Predecessor', '1987-09-01');
INSERT INTO gias.changes (sync_id, run_id, changed_at, urn, event, field, old, new)
VALUES (1, 1, '2026-11-01T05:00:00Z', '100007', 'renamed', 'EstablishmentName', 'St Mary', 'St Mary and St Paul'),
       (1, 1, '2026-11-01T05:00:00Z', '100007', 'contact_changed', 'MainEmail', 'head@example.org', NULL);

-- A hundred days of the trend, and checks: one that was found in the live version, one that stopped a refresh since.
INSERT INTO reports.school_onboarding_trend (day, version, as_of, eligibility, schools, contacted, opened, with_tutor, tutor_signed_in, programme_chosen,
                                             provision_in_place, partnered, challenged, with_participants, no_ects, early_career_teachers, mentors)
SELECT date '2026-11-22' - n, 2, '2026-11-22T06:10:00Z', group_name, 24000, 23000 - 20 * n, 1, 19000 - 150 * n, 1, 16000 - 130 * n, 14000 - 120 * n, 1, 1, 11000 - 100 * n, 1, 1, 1
FROM generate_series(0, 99) AS n, unnest(ARRAY ['all', 'eligible', 'cip_only']) AS group_name
WHERE n <> 40;
INSERT INTO reports.check_results (report, run_id, version, checked_at, name, about, level, offending, of_rows)
VALUES ('school_onboarding', 4, 2, '2026-11-22T06:11:03Z', 'districts_differ', 'A school''s district is the same as text and as link; sparsity goes by the link.', 'warn', 12, 24000),
       ('school_onboarding', 5, NULL, '2026-11-22T06:40:00Z', 'not_shrunk', 'The report has not shrunk by more than 2%.', 'error', 900, 24000);
UPDATE reports.refreshes SET warnings = 1 WHERE version = 2;
UPDATE reports.school_onboarding SET stage = 'email_opened' WHERE urn = '100007';
UPDATE reports.school_onboarding SET stage_rank = array_position(ARRAY['not_contacted', 'contacted', 'email_opened', 'tutor_nominated', 'tutor_signed_in', 'programme_chosen',
    'provision_in_place', 'participants_registered'], replace(stage, 'partnership_challenged', 'programme_chosen')) - 1;
