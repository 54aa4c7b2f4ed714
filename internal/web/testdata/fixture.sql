-- A report of 24,000 schools that was refreshed twice, and the jobs that did it.
INSERT INTO reports.school_onboarding (urn, name, eligibility, stage)
SELECT (100000 + n)::text, 'School ' || n, CASE WHEN n % 10 = 0 THEN 'cip_only' ELSE 'eligible' END,
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
