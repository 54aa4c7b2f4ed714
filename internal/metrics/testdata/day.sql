-- A day in the life of the product, told from now: something of everything that is measured.
INSERT INTO queue.workers (id, host, pid, version, heartbeat_at, stopped_at) VALUES
    ('alive-1', 'a', 1, 'v1', now(), NULL), ('alive-2', 'b', 1, 'v1', now(), NULL),
    ('dead-1', 'c', 1, 'v1', now() - interval '1 minute', NULL), ('gone-1', 'd', 1, 'v1', now(), now());

INSERT INTO queue.schedules (name, spec, accounted_to, next_tick, generation) VALUES
    ('register', '{"kind": "gias_sync"}', now(), now() + interval '10 hours', 1),
    ('onboarding', '{"kind": "school_onboarding_refresh"}', now(), now() - interval '90 seconds', 1),
    ('exports', '{"kind": "report_export", "after": {"kind": "school_onboarding_refresh"}}', now(), NULL, 1),
    ('uplift', '{"kind": "uplift_sync"}', now(), now() + interval '5 days', 1);
INSERT INTO queue.schedules (name, spec, active, accounted_to, generation) VALUES ('forgotten', '{}', false, now(), 1);
INSERT INTO queue.pauses (schedule, from_at, by) VALUES ('uplift', now() - interval '1 day', 'test');
INSERT INTO queue.ticks (schedule, tick, state, reason) VALUES
    ('onboarding', now() - interval '3 hours', 'enqueued', NULL), ('onboarding', now() - interval '2 hours', 'enqueued', NULL),
    ('onboarding', now() - interval '1 hour', 'missed', 'too_old'), ('uplift', now() - interval '4 hours', 'skipped', 'paused'),
    ('onboarding', now() - interval '2 days', 'missed', 'catch_up_none');

INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at, attempted_at, finalized_at) VALUES
    (1, 'gias_sync', 'syncs', 1, 'completed', 1, 5, '{}', '{"run_id": 1, "schedule": "register"}', now(), now(), now(), now() - interval '26 hours'),
    (2, 'gias_sync', 'syncs', 1, 'completed', 1, 5, '{}', '{"run_id": 2, "schedule": "register"}', now(), now(), now(), now() - interval '2 hours'),
    (3, 'gias_sync', 'syncs', 1, 'discarded', 5, 5, '{}', '{"run_id": 3, "schedule": "register"}', now(), now(), now(), now() - interval '1 hour'),
    (4, 'cpd_sync', 'syncs', 1, 'discarded', 1, 5, '{}', '{"run_id": 4, "taken_over_by": 5}', now(), now(), now(), now() - interval '1 hour');
INSERT INTO river.river_job (id, kind, queue, state, attempt, max_attempts, args, metadata, scheduled_at, attempted_at, attempted_by, finalized_at) VALUES
    (5, 'cpd_sync', 'syncs', 'running', 1, 5, '{}', '{"run_id": 4}', now(), now() - interval '10 minutes', '{alive-1}', NULL),
    (6, 'school_onboarding_refresh', 'reports', 'completed', 1, 5, '{}', '{"run_id": 5, "schedule": "onboarding"}', now(), now(), '{alive-1}', now() - interval '5 minutes'),
    (7, 'report_export', 'exports', 'available', 0, 5, '{}', '{"run_id": 5, "schedule": "exports"}', now() - interval '40 seconds', NULL, NULL, NULL),
    (8, 'report_export', 'exports', 'available', 0, 5, '{}', '{"run_id": 5, "schedule": "exports"}', now() - interval '20 seconds', NULL, NULL, NULL);

INSERT INTO queue.incidents (what, subject, began_at) VALUES ('stale', 'school_onboarding', now());
INSERT INTO queue.incidents (what, subject, began_at, ended_at) VALUES ('failed', 'register', now(), now());

INSERT INTO reports.definitions (report, title, about, definition_version, definition_hash, layout_hash, live_version, ensured_at) VALUES
    ('school_onboarding', 'School onboarding', '', '1.0', 'h', 'l', 2, now()), ('never_refreshed', 'Never', '', '1.0', 'h', 'l', 0, now());
INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
    definition_version, definition_hash, program_version, inputs, steps) VALUES
    ('school_onboarding', 1, 1, now() - interval '5 hours', now() - interval '5 hours', 23998, 23998, 0, 0, 1, '1.0', 'h', 'v1', '[]', '[]'),
    ('school_onboarding', 2, 2, now() - interval '4 hours', now() - interval '4 hours', 24000, 3, 1, 412, 2, '1.0', 'h', 'v1', '[]', '[]');
INSERT INTO reports.check_results (report, run_id, version, checked_at, name, about, level, offending, of_rows) VALUES
    ('school_onboarding', 2, 2, now() - interval '4 hours', 'districts', '', 'warn', 2, 24000),
    ('school_onboarding', 2, NULL, now() - interval '6 hours', 'older', '', 'error', 2, 24000),
    ('school_onboarding', 3, NULL, now() - interval '2 hours', 'first try', '', 'error', 2, 24000),
    ('school_onboarding', 4, NULL, now() - interval '1 hour', 'unique', '', 'error', 2, 24000),
    ('school_onboarding', 4, NULL, now() - interval '1 hour', 'totals', '', 'error', 2, 24000);
INSERT INTO reports.exports (report, version, definition_version, definition_hash, format, name, key, size, rows, checksum, sha256, as_of, run_id, job_id, created_at) VALUES
    ('school_onboarding', 1, '1.0', 'h', 'xlsx', 'a', 'a', 3900000, 23998, 'c', 's', now(), 1, 1, now() - interval '5 hours'),
    ('school_onboarding', 2, '1.0', 'h', 'xlsx', 'b', 'b', 4000000, 24000, 'c', 's', now(), 1, 1, now() - interval '4 hours');

UPDATE reports.exports SET lint = '[{"rule": "colour"}, {"rule": "width"}]' WHERE name = 'b';
INSERT INTO queue.steps (job_id, attempt, number, name, state, started_at, finished_at, updated_at) VALUES
    (1, 1, 1, 'write', 'failed', now() - interval '2 hours', now() - interval '1 hour', now()),
    (1, 2, 1, 'write', 'done', now() - interval '60 seconds', now() - interval '52 seconds', now()),
    (1, 2, 2, 'verify', 'done', now() - interval '52 seconds', now() - interval '50 seconds', now());

INSERT INTO reports.input_versions (input, version, as_at, published_at, content_hash, rows, run_id, details) VALUES
    ('cpd', 1, now() - interval '4 hours', now() - interval '4 hours', 'h', 1203456, 1, '{"replica": {"lag_seconds": 1.5}}'),
    ('gias', 1, now() - interval '9 hours', now() - interval '8 hours', 'h', 52141, 1, '{}');
UPDATE reports.inputs SET version = 1 WHERE input IN ('cpd', 'gias');
INSERT INTO gias.syncs (run_id, synced_at) VALUES (1, now());
INSERT INTO gias.files (sync_id, part, source, name, sha256, size_bytes, encoding, layout, header, rules, read, merged, unchanged, rejected, values_left_out, doubts)
    SELECT id, 'establishments', 's', 'n', 'h', 1, 'utf-8', 'l', '{URN}', 1, 52150, 41, 52100, 9, 0, 0 FROM gias.syncs;
