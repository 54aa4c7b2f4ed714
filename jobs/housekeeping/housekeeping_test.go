package housekeeping_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/jobs/housekeeping"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
)

// Jobs 1 to 6,001 are old, 7,000 is not; 8,000 lives still and has no history.
const fill = `
	INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at,
		scheduled_at, finalized_at)
	SELECT id, 'probe', 'default', 1, 'completed', 1, 3, '{}', '{}', at, at, at
	FROM (SELECT n AS id, now() - interval '401 days' AS at FROM generate_series(1, 6001) AS n
		UNION ALL SELECT 7000, now() - interval '399 days') AS old;
	INSERT INTO queue.steps (job_id, attempt, number, name, state, started_at, updated_at) VALUES
		(1, 1, 1, 'sleep', 'done', now() - interval '401 days', now()),
		(7000, 1, 1, 'sleep', 'done', now() - interval '399 days', now()),
		(8000, 1, 1, 'sleep', 'done', now() - interval '401 days', now()),
		(8000, 1, 2, 'sleep', 'done', now(), now());
	INSERT INTO queue.logs (job_id, attempt, at, level, message) VALUES
		(1, 1, now() - interval '401 days', 'INFO', 'with its job'),
		(7000, 1, now() - interval '91 days', 'INFO', 'before its job'),
		(7000, 1, now() - interval '89 days', 'INFO', 'kept');
	INSERT INTO queue.probes (job_id, run_id, row, made_at) VALUES (1, 1, 1, now() - interval '31 days'), (2, 2, 1, now());
	INSERT INTO queue.workers (id, host, pid, version, heartbeat_at) VALUES
		('gone', 'host', 1, '1', now() - interval '31 days'), ('alive', 'host', 2, '1', now());
	INSERT INTO queue.audit (at, actor, via, action, target, address, outcome) VALUES
		(now() - interval '401 days', 'ann', 'sign-in', 'sign in', 'these pages', '', 'done'), (now() - interval '399 days', 'ann', 'sign-in', 'sign in', 'these pages', '', 'done');
	INSERT INTO queue.tokens (name, hash, roles, created_by, created_at, expires_at, revoked_at) VALUES
		('expired', '1', '{analyst}', 'ann', now() - interval '500 days', now() - interval '401 days', NULL),
		('revoked', '2', '{analyst}', 'ann', now() - interval '500 days', now() - interval '390 days', now() - interval '401 days'),
		('lately', '3', '{analyst}', 'ann', now() - interval '500 days', now() - interval '399 days', NULL), ('good', '4', '{analyst}', 'ann', now(), now() + interval '1 day', NULL);
	INSERT INTO queue.sessions (token, data, expiry) VALUES ('old', '', now() - interval '25 hours'), ('late', '', now() - interval '1 hour'), ('in', '', now() + interval '1 hour');
	INSERT INTO queue.schedules (name, spec, active, generation, accounted_to) VALUES ('hourly', '{}', true, 1, now());
	INSERT INTO queue.ticks (schedule, tick, state, reason, job_id) VALUES
		('hourly', now() - interval '401 days', 'skipped', 'paused', NULL), ('hourly', now() - interval '402 days', 'enqueued', NULL, NULL),
		('hourly', now() - interval '399 days', 'enqueued', NULL, 1);
	INSERT INTO queue.pauses (schedule, from_at, until_at, by) VALUES
		('hourly', now() - interval '500 days', now() - interval '401 days', 'ann'), ('hourly', now() - interval '500 days', NULL, 'ann');
	INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, done_to, by, finished_at) VALUES
		('hourly', now(), now(), 1, now(), 'ann', now() - interval '401 days'), ('hourly', now(), now(), 1, now(), 'ann', NULL);
	INSERT INTO queue.incidents (what, subject, began_at, ended_at) VALUES
		('silent', 'a', now() - interval '402 days', now() - interval '401 days'), ('silent', 'b', now() - interval '402 days', NULL);
	INSERT INTO gias.syncs (run_id, synced_at) VALUES (1, now() - interval '401 days'), (2, now() - interval '401 days');
	INSERT INTO gias.rejects (sync_id, run_id, part, scope, line, reason) SELECT id, run_id, 'establishments', 'row', 2, 'x' FROM gias.syncs;
	INSERT INTO uplift.files (run_id, synced_at, layout, start_year, source, name, sha256, size_bytes, encoding, header, rules, read, merged, unchanged, rejected)
		SELECT n, now() - interval '401 days', 'x', 2024, '', '', '', 0, '', '{}', 1, 0, 0, 0, 0 FROM generate_series(1, 2) AS n;
	INSERT INTO uplift.issues (file_id, run_id, kind, reason) SELECT id, run_id, 'row', 'x' FROM uplift.files;
	INSERT INTO reports.input_versions (input, version, as_at, published_at, content_hash, rows, run_id)
		SELECT 'gias', n, now(), now() - interval '401 days', '', 0, n FROM generate_series(1, 2) AS n;
	INSERT INTO reports.source_profiles (input, version, part, column_name, position, rows, filled, unreadable, distinct_values, frequent, forms)
		SELECT 'gias', n, 'establishments', 'URN', 1, 0, 0, 0, 0, '[]', '' FROM generate_series(1, 2) AS n`

func left(t *testing.T, db *pgxpool.Pool) []int {
	t.Helper()
	rows, _ := db.Query(t.Context(), `
		SELECT count(*)::int FROM queue.history UNION ALL SELECT count(*) FROM queue.logs UNION ALL
		SELECT count(*) FROM queue.steps UNION ALL SELECT count(*) FROM queue.probes UNION ALL
		SELECT count(*) FROM queue.workers UNION ALL SELECT count(*) FROM queue.audit UNION ALL
		SELECT count(*) FROM queue.tokens UNION ALL SELECT count(*) FROM queue.sessions`)
	list, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestClean(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if _, err := db.Exec(t.Context(), fill); err != nil {
		t.Fatal(err)
	}
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deleted := map[string]int64{"jobs": 6001, "logs": 1, "steps": 1, "probes": 1, "workers": 1, "audit": 1, "tokens": 2, "sessions": 1, "ticks": 1, "pauses": 1, "backfills": 1, "incidents": 1, "rejects": 1, "issues": 1, "profiles": 1, "refreshes": 0, "changes": 0, "checks": 0, "exports": 0, "lost_files": 0, "stray_files": 0, "drafts": 0}
	for _, test := range []struct {
		name string
		run  run.Run
		want map[string]int64
		left []int // jobs, logs, steps, probes, workers, audit, tokens, sessions
	}{
		// Each chore of a dry run is tried alone: the logs and steps of old jobs count with the logs and steps too.
		{"dry run", &run.Local{Dry: true}, map[string]int64{"jobs": 6001, "logs": 2, "steps": 2, "probes": 1, "workers": 1, "audit": 1, "tokens": 2, "sessions": 1, "ticks": 1, "pauses": 1, "backfills": 1, "incidents": 1, "rejects": 1, "issues": 1, "profiles": 1, "refreshes": 0, "changes": 0, "checks": 0, "exports": 0, "lost_files": 0, "stray_files": 0},
			[]int{6002, 3, 4, 2, 2, 2, 4, 3}},
		{"first time", &run.Local{}, deleted, []int{1, 1, 2, 1, 1, 1, 2, 2}},
		{"again", &run.Local{}, map[string]int64{"jobs": 0, "logs": 0, "steps": 0, "probes": 0, "workers": 0, "audit": 0, "tokens": 0, "sessions": 0, "ticks": 0, "pauses": 0, "backfills": 0, "incidents": 0, "rejects": 0, "issues": 0, "profiles": 0, "refreshes": 0, "changes": 0, "checks": 0, "exports": 0, "lost_files": 0, "stray_files": 0, "drafts": 0}, []int{1, 1, 2, 1, 1, 1, 2, 2}},
	} {
		got, err := housekeeping.Kinds(housekeeping.Deps{DB: db, Store: files})[0].Work(t.Context(), test.run, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got.Summary); diff != "" {
			t.Errorf("%s: deleted (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.left, left(t, db)); diff != "" {
			t.Errorf("%s: left of jobs, logs, steps, probes, workers, audit, tokens, sessions (-want +got):\n%s", test.name, diff)
		}
	}
}

// A chore that fails is named, and keeps no other from being done.
func TestChoreThatFailsStopsNoOther(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if _, err := db.Exec(t.Context(), fill+`;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'this row stays'; END $$;
		CREATE TRIGGER poison BEFORE DELETE ON queue.logs FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	storetest.Put(t, files, "schools-2026-11-20T0600Z.csv", "a stray")
	later := func() time.Time { return clock.System().Add(48 * time.Hour) }
	_, err = housekeeping.Kinds(housekeeping.Deps{DB: db, Store: files, Now: later})[0].Work(t.Context(), &run.Local{}, nil)
	for _, chore := range []string{"chore jobs: ", "chore logs: "} { // the logs go with their jobs
		if err == nil || !strings.Contains(err.Error(), chore) {
			t.Errorf("the error is %v, want it to name %s", err, chore)
		}
	}
	if diff := cmp.Diff([]int{6002, 3, 2, 1, 1, 1, 2, 2}, left(t, db)); diff != "" {
		t.Errorf("left of jobs, logs, steps, probes, workers, audit, tokens, sessions (-want +got):\n%s", diff)
	}
	for info, err := range files.List(t.Context()) {
		t.Errorf("the store still has %v (%v)", info, err)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for version := range int64(3) {
		e := exports.Export{Report: "schools", Version: 1 + version, DefinitionVersion: "1.0", DefinitionHash: "abc", Format: "ods", Rows: 1, Checksum: "sum",
			SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("x"))), Size: 1, RunID: 1, JobID: 1, Name: fmt.Sprintf("schools-2026-11-22T06%02dZ.ods", version)}
		e.Key = e.Name
		storetest.Put(t, files, e.Key, "x")
		if err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { _, err := exports.Add(t.Context(), tx, e); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(t.Context(), "UPDATE reports.exports SET created_at = now() - interval '31 days'"); err != nil {
		t.Fatal(err)
	}
	storetest.Put(t, files, "schools-2026-11-20T0600Z.csv", "a stray")
	if err := files.Delete(t.Context(), "schools-2026-11-22T0602Z.ods"); err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return clock.System().Add(48 * time.Hour) }
	kind := housekeeping.Kinds(housekeeping.Deps{DB: db, Store: files, Now: later})[0]
	for _, r := range []run.Run{&run.Local{Dry: true}, &run.Local{}} {
		got, err := kind.Work(t.Context(), r, json.RawMessage(`{"keep": 2}`))
		if err != nil {
			t.Fatal(err)
		}
		counts := got.Summary.(map[string]int64)
		if counts["exports"] != 1 || counts["lost_files"] != 1 || counts["stray_files"] != 1 {
			t.Errorf("dry run %v: %v, want one of each", r.DryRun(), counts)
		}
	}
	if got, want := storetest.Keys(t, files), []string{"schools-2026-11-22T0601Z.ods"}; !slices.Equal(got, want) {
		t.Errorf("in the store %q, want %q", got, want)
	}
}

func TestAges(t *testing.T) {
	t.Parallel()
	kind := housekeeping.Kinds(housekeeping.Deps{})[0]
	for text, valid := range map[string]bool{"30d": true, "0d": true, "12h": true, "-1d": false, "-5h": false, "d": false, "a month": false, "99999999d": false} {
		_, err := kind.Check(json.RawMessage(`{"older_than": "` + text + `"}`))
		if (err == nil) != valid || err != nil && run.ExitStatus(err) != 2 {
			t.Errorf("%s: %v", text, err)
		}
	}
	byDefault, err := kind.Check(nil)
	if err != nil {
		t.Fatal(err)
	}
	var a housekeeping.Args
	if err := json.Unmarshal(byDefault, &a); err != nil {
		t.Fatal(err)
	}
	if kept, err := a.Retention(); err != nil || kept.Keep != retention.FilesKept || kept.OlderThan != retention.Files {
		t.Errorf("by default it keeps %v, %v; package retention says otherwise", kept, err)
	}
	if _, err := kind.Check(json.RawMessage(`{"keep": -1}`)); err == nil {
		t.Error("fewer than no files were accepted")
	}
}

// TestReportsForget what they were more than 400 days ago, and not before.
func TestReportsForget(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if err := reports.EnsureTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	_, err := db.Exec(t.Context(), `
		INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
			definition_version, definition_hash, program_version, inputs, steps)
		SELECT 'schools', n, n, at, at, 1, 1, 0, 0, n, '1.0', '', '', '[]', '[]'
		FROM (VALUES (1, now() - interval '410 days'), (2, now() - interval '405 days'), (3, now() - interval '395 days')) AS r (n, at);
		INSERT INTO reports.schools_changes (version, school_cohort, action) VALUES (1, '100001 2023', 'added'), (2, '100002 2023', 'added'), (3, '100003 2023', 'added')`)
	if err != nil {
		t.Fatal(err)
	}
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got, err := housekeeping.Kinds(housekeeping.Deps{DB: db, Store: files})[0].Work(t.Context(), &run.Local{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Version 2 was live 400 days ago: its record stays, and what came before it goes.
	if counts := got.Summary.(map[string]int64); counts["refreshes"] != 1 || counts["changes"] != 2 {
		t.Errorf("deleted %v, want one refresh and two changes", counts)
	}
}

// TestStoredFilesAreReadNowAndThen: a file that changed in the store is out of use before anybody asks for it, and its
// record goes where no export has made it again.
func TestStoredFilesAreReadNowAndThen(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for version, content := range map[int64]string{1: "x", 2: "y"} { // the second is another byte than was published
		e := exports.Export{Report: "schools", Version: version, DefinitionVersion: "1.0", DefinitionHash: "abc", Format: "ods", Rows: 1, Checksum: "sum",
			SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("x"))), Size: 1, RunID: 1, JobID: 1, Name: fmt.Sprintf("schools-2026-11-22T060%dZ.ods", version)}
		e.Key = e.Name
		storetest.Put(t, files, e.Key, content)
		if err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { _, err := exports.Add(t.Context(), tx, e); return err }); err != nil {
			t.Fatal(err)
		}
	}
	clean := func(now clock.Now) map[string]int64 {
		t.Helper()
		got, err := housekeeping.Kinds(housekeeping.Deps{DB: db, Store: files, Now: now})[0].Work(t.Context(), &run.Local{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Summary.(map[string]int64)
	}
	if counts := clean(clock.System); counts["damaged_files"] != 1 || counts["lost_files"] != 0 {
		t.Errorf("at first %v", counts)
	}
	left, err := exports.List(t.Context(), db, "schools", 10)
	if err != nil || len(left) != 1 || left[0].Version != 1 {
		t.Errorf("people find %+v (%v)", left, err)
	}
	if counts := clean(func() time.Time { return clock.System().Add(48 * time.Hour) }); counts["damaged_files"] != 0 || counts["lost_files"] != 1 {
		t.Errorf("two days later %v", counts)
	}
}
