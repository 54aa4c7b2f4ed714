package queue

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
)

// oddRows are rows of river_job that no program of ours writes, as the columns that make them odd.
var oddRows = map[string]string{
	"metadata are a list":              `metadata = '[]'`,
	"metadata are a text":              `metadata = '"taken_over_by"'`,
	"metadata are a number":            `metadata = '7'`,
	"metadata are null":                `metadata = 'null'`,
	"run is a word":                    `metadata = '{"run_id": "seven"}'`,
	"run is a text of digits":          `metadata = '{"run_id": "7"}'`,
	"run is a fraction":                `metadata = '{"run_id": 1.5}'`,
	"run is too large":                 `metadata = '{"run_id": 1e30}'`,
	"run is an object":                 `metadata = '{"run_id": {"a": 1}}'`,
	"run is negative":                  `metadata = '{"run_id": -1}'`,
	"base attempt is a word":           `metadata = '{"base_attempt": "x"}'`,
	"base attempt is too large":        `metadata = '{"base_attempt": 4000000000}'`,
	"taken over by a word":             `metadata = '{"taken_over_by": "x"}'`,
	"taken over by itself":             `metadata = jsonb_build_object('taken_over_by', id, 'previous', id)`,
	"deaths are a word":                `metadata = '{"deaths": "many"}'`,
	"snoozes are a word":               `metadata = '{"snoozes": "x"}'`,
	"tick is a word":                   `metadata = '{"tick": "never"}'`,
	"tick is endless":                  `metadata = '{"tick": "infinity"}'`,
	"backfill is a word":               `metadata = '{"backfill": "x", "schedule": "s"}'`,
	"schedule is a list":               `metadata = '{"schedule": ["s"]}'`,
	"schedule is longer than an index": `metadata = jsonb_build_object('schedule', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 3000) AS n))`,
	"waits for a list":                 `metadata = '{"waits_for": [1]}'`,
	"started by a number":              `metadata = '{"started_by": 5, "traceparent": 6, "report": []}'`,
	"cost is a word":                   `metadata = '{"cost": "x"}'`,
	"costs are words":                  `metadata = '{"cost": {"cpu_seconds": "x", "bytes_read": 1e30, "database_seconds": 1e300}}'`,
	"cancelled by a number":            `metadata = '{"cancel_attempted_at": 5, "dry_run": "yes"}'`,
	"errors are anything":              `errors = ARRAY['1', '[]', '{"attempt": "x", "at": 5, "error": {}}', '{"at": "never"}', 'null']::jsonb[]`,
	"arguments are a list":             `args = '[]'`,
	"arguments are a text":             `args = '"x"'`,
	"arguments are null":               `args = 'null'`,
	"kind is unknown":                  `kind = 'of-a-newer-version'`,
	"kind is strange":                  `kind = E'\t'`,
	"queue is strange":                 `queue = 'A queue!'`,
	"tags are strange":                 `tags = '{" ", ""}'`,
	"last attempts are past":           `attempt = 30000, max_attempts = 1`,
	"no worker attempted it":           `attempted_by = NULL`,
	"attempted by no name":             `attempted_by = '{""}'`,
	"attempted at no time":             `attempted_at = NULL`,
}

// stages are the states in which a row meets a statement of the worker.
var stages = map[string]string{
	"waits":  `state = 'available'`,
	"is due": `state = 'scheduled', scheduled_at = now() - interval '1 second'`,
	"again":  `state = 'retryable', scheduled_at = now() - interval '1 second'`,
	"orphan": `state = 'running', attempt = 1, attempted_at = now() - interval '1 minute', attempted_by = '{gone}'`,
	"lost":   `state = 'running', attempt = 1, attempted_at = now() - interval '1 minute', attempted_by = ARRAY[(SELECT max(id) FROM queue.workers)]`,
	"done":   `state = 'completed', attempt = 1, attempted_at = now(), finalized_at = now() - interval '1 hour'`,
	"failed": `state = 'discarded', attempt = 1, attempted_at = now(), finalized_at = now() - interval '1 hour'`,
}

// oddWorker is a worker on a database that has each odd row in each stage, and the innocent job of each stage.
func oddWorker(t *testing.T) (w *idleWorker, innocent map[string]int64) {
	t.Helper()
	w = idle(t, kindOf("work", true), kindOf("innocent", false))
	innocent = map[string]int64{}
	for stage, set := range stages {
		for _, odd := range oddRows {
			id := w.enqueue(Request{Kind: "work"}).ID
			w.exec("UPDATE river.river_job SET "+set+" WHERE id = $1", id)
			w.exec("UPDATE river.river_job SET "+odd+" WHERE id = $1", id)
		}
		innocent[stage] = w.enqueue(Request{Kind: "innocent"}).ID // after the odd ones
		w.exec("UPDATE river.river_job SET "+set+" WHERE id = $1", innocent[stage])
	}
	return w, innocent
}

func TestOddRowStopsNoOther(t *testing.T) {
	t.Parallel()
	w, innocent := oddWorker(t)
	w.do("poll", func(ctx context.Context) error { _, err := w.poll(ctx); return err })
	for range 2 {
		w.do("hand lost jobs back", w.requeueLost)
	}
	w.do("take over", w.takeOver)
	for stage, want := range map[string]string{"is due": "available", "again": "available", "orphan": "discarded", "lost": "available"} {
		if got := w.job(innocent[stage]); got.State != want {
			t.Errorf("the innocent job that %s is %s, want %s", stage, got.State, want)
		}
	}
	if got := w.job(innocent["orphan"]); got.TakenOverBy == 0 {
		t.Error("the innocent orphan was not taken over")
	}
	if _, trouble, err := w.beat(t.Context()); err != nil || trouble {
		t.Errorf("a heartbeat after it finds trouble %v: %v", trouble, err)
	}
	w.archive()
	if n := w.count("queue.history"); n < 2*len(oddRows) {
		t.Errorf("%d rows are in the history, want at least %d", n, 2*len(oddRows))
	}
	w.works(innocent["waits"])
	for _, stage := range []string{"waits", "is due", "again", "lost"} {
		for w.job(innocent[stage]).State != "completed" {
			w.works(innocent[stage])
		}
	}
}

func TestOddRowBreaksNoList(t *testing.T) {
	t.Parallel()
	w, _ := oddWorker(t)
	for _, moved := range []bool{false, true} {
		if moved {
			w.archive()
		}
		w.reads(t)
	}
	var ids []int64
	w.scan("SELECT array_agg(id) FROM river.river_job WHERE state = 'available'", nil, &ids)
	for _, id := range ids {
		if job, err := w.client.Cancel(t.Context(), id); err != nil || job.State != "cancelled" {
			t.Errorf("cancel job %d: %s, %v", id, job.State, err)
		}
	}
}

// reads makes every list and reads every view.
func (w *idleWorker) reads(t *testing.T) {
	t.Helper()
	jobs, err := ListJobs(t.Context(), w.pool, JobFilter{Limit: 10_000, All: true})
	if err != nil || len(jobs) < len(oddRows)*len(stages) {
		t.Errorf("%d jobs are listed: %v", len(jobs), err)
	}
	for _, j := range jobs {
		if got, err := FindJob(t.Context(), w.pool, j.ID); err != nil || got.Kind != j.Kind {
			t.Errorf("find job %d: %v", j.ID, err)
		}
	}
	for name, read := range map[string]func(context.Context) error{
		"a run":     func(ctx context.Context) error { _, err := ListJobs(ctx, w.pool, JobFilter{RunID: 1}); return err },
		"runs":      func(ctx context.Context) error { _, _, err := Runs(ctx, w.pool, 0, 10_000); return err },
		"queues":    func(ctx context.Context) error { _, err := Queues(ctx, w.pool); return err },
		"workers":   func(ctx context.Context) error { _, err := Workers(ctx, w.pool); return err },
		"set aside": func(ctx context.Context) error { _, err := SetAsideJobs(ctx, w.pool); return err },
		"silence":   func(ctx context.Context) error { _, err := Expect(ctx, w.pool); return err },
		"ticks":     func(ctx context.Context) error { _, err := LatestTicks(ctx, w.pool, []string{"s"}, 10); return err },
		"cancellable": func(ctx context.Context) error {
			_, err := Cancellable(ctx, w.pool, JobSelection{Kind: "work"})
			return err
		},
		"retryable": func(ctx context.Context) error {
			_, err := Retryable(ctx, w.pool, JobSelection{Kind: "work"})
			return err
		},
		"unfinished": func(ctx context.Context) error {
			_, err := riverdb.UnfinishedBySchedule(ctx, w.pool, []string{"s"})
			return err
		},
		"of a backfill": func(ctx context.Context) error { _, err := riverdb.UnfinishedOfBackfill(ctx, w.pool, 1); return err },
		"heartbeat":     func(ctx context.Context) error { _, _, err := w.beat(ctx); return err },
	} {
		w.do(name, read)
	}
	rows, _ := w.pool.Query(t.Context(), "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v' AND relnamespace = 'queue'::regnamespace")
	views, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(views) < 4 {
		t.Errorf("views are %v: %v", views, err)
	}
	for _, view := range views {
		w.exec("SELECT v::text FROM " + view + " AS v")
	}
}

// archive moves every job to the history that ended over a minute ago.
func (w *idleWorker) archive() {
	w.t.Helper()
	w.do("archive", func(ctx context.Context) error {
		_, err := riverdb.Archive(ctx, w.pool, time.Minute, 10_000)
		return err
	})
}

func (w *idleWorker) do(what string, f func(context.Context) error) {
	w.t.Helper()
	if err := f(w.t.Context()); err != nil {
		w.t.Errorf("%s: %v", what, err)
	}
}

// What cannot be taken over says why, is tried again after a while, at once by another version, and can be cancelled.
func TestOrphanThatCannotBeTakenOverIsSetAside(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	newer := idleOn(t, w.pool, kindOf("work", false))
	newer.Version = "newer"
	bad := w.deadJob(Request{Kind: "work"}, `{"deaths": "many"}`)
	good := w.deadJob(Request{Kind: "work"}, "{}")
	w.takesOver()
	if w.job(good.ID).TakenOverBy == 0 {
		t.Error("the other orphan was not taken over")
	}
	aside := w.job(bad.ID)
	if aside.State != "running" || !strings.Contains(aside.SetAside, "metadata of a job") {
		t.Errorf("the bad one is %s, set aside because %q", aside.State, aside.SetAside)
	}
	if list, err := SetAsideJobs(t.Context(), w.pool); err != nil || len(list) != 1 || list[0].ID != bad.ID {
		t.Errorf("set aside are %+v: %v", list, err)
	}
	w.exec(`UPDATE river.river_job SET metadata = '{"deaths": 0}' WHERE id = $1`, bad.ID)
	w.takesOver()
	if got := w.job(bad.ID); got.State != "running" {
		t.Errorf("it is %s before its time", got.State)
	}
	if _, trouble, err := w.beat(t.Context()); err != nil || trouble {
		t.Errorf("trouble is %v for the version that set it aside: %v", trouble, err)
	}
	if _, trouble, err := newer.beat(t.Context()); err != nil || !trouble {
		t.Errorf("trouble is %v for another version: %v", trouble, err)
	}
	newer.takesOver()
	if got := w.job(bad.ID); got.TakenOverBy == 0 || got.SetAside != "" {
		t.Errorf("another version left it %+v", got)
	}
	if n := w.count("queue.set_aside_jobs"); n != 0 {
		t.Errorf("%d records are left", n)
	}

	ended := w.deadJob(Request{Kind: "work"}, `{"deaths": "many"}`)
	again := w.deadJob(Request{Kind: "work"}, `{"deaths": "many"}`)
	w.takesOver()
	if _, err := w.client.Cancel(t.Context(), ended.ID); err != nil {
		t.Fatal(err)
	}
	w.takesOver()
	if got := w.job(ended.ID); got.State != "cancelled" {
		t.Errorf("one that was cancelled is %s", got.State)
	}
	w.exec("UPDATE queue.set_aside_jobs SET retry_at = now()")
	w.exec("UPDATE river.river_job SET metadata = '{}' WHERE id = $1", again.ID)
	w.takesOver()
	if got := w.job(again.ID); got.TakenOverBy == 0 {
		t.Error("it was not tried again when its time came")
	}
}

// A dead worker whose sessions do not end keeps its own jobs, and no others.
func TestSessionsThatDoNotEndKeepTheirWorkersJobsAlone(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	kept := w.runsOn("frozen", Request{Kind: "work"})
	good := w.runsOn("gone", Request{Kind: "work"})
	ids, err := riverdb.Orphans(t.Context(), w.pool, []string{"frozen"}, "test")
	if err != nil || fmt.Sprint(ids) != fmt.Sprint([]int64{good.ID}) {
		t.Errorf("orphans without those of a worker are %v (%v), want %d and not %d", ids, err, good.ID, kept.ID)
	}
}

func TestStartsBeyondTheCalendarAreRefused(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	for _, year := range []int{-5, 0, 9999, 12000} {
		_, err := w.client.Enqueue(t.Context(), Request{Kind: "work", At: time.Date(year, 12, 31, 23, 59, 59, 999_999_999, time.UTC)})
		if run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("a job in year %d is refused with %v", year, err)
		}
	}
	w.enqueue(Request{Kind: "work", At: time.Date(9998, 12, 31, 23, 59, 59, 999_999_999, time.UTC)})
	w.enqueue(Request{Kind: "work", At: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)})
}

// River could not read these, and would fetch nothing any more.
func TestRowsThatRiverCannotReadAreRefused(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	id := w.enqueue(Request{Kind: "work"}).ID
	for _, set := range []string{
		"attempted_by = ARRAY[NULL]::text[]", "attempted_by = '{{a},{b}}'", "tags = ARRAY[NULL]::text[]", "tags = '{{a},{b}}'",
		"errors = ARRAY[ARRAY['{}'::jsonb]]", "errors = ARRAY[NULL]::jsonb[]", "attempt = 32767", "scheduled_at = 'infinity'", "created_at = '-infinity'",
		"attempted_at = 'infinity'", "state = 'completed', finalized_at = 'infinity'", "scheduled_at = '12000-01-01'",
	} {
		if _, err := w.pool.Exec(t.Context(), "UPDATE river.river_job SET "+set+" WHERE id = $1", id); err == nil {
			t.Errorf("a row with %s is taken", set)
		}
	}
}
