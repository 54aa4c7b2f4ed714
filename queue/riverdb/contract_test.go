package riverdb_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/queue/riverdb"
)

// What this package relies on in River, against River itself and the tables that its own migrations make: an upgrade
// that changes any of it fails here.

const worker = "worker-1"

type args struct {
	Do string `json:"do"`
}

func (args) Kind() string { return "contract" }

// lab is a database and a plain River client that works its jobs as worker.
type lab struct {
	t       *testing.T
	pool    *pgxpool.Pool
	client  *river.Client[pgx.Tx]
	started chan int64
	release chan struct{}
}

type working struct {
	river.WorkerDefaults[args]
	lab *lab
}

func (w *working) Work(ctx context.Context, job *river.Job[args]) error {
	switch job.Args.Do {
	case "snooze":
		return river.JobSnooze(time.Hour)
	case "output":
		return river.RecordOutput(ctx, map[string]int{"rows": 3})
	case "wait":
		w.lab.started <- job.ID
		select {
		case <-w.lab.release:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, pool: pgtest.New(t), started: make(chan int64, 10), release: make(chan struct{})}
	workers := river.NewWorkers()
	river.AddWorker(workers, &working{lab: l})
	var err error
	l.client, err = river.NewClient(riverpgxv5.New(l.pool), &river.Config{
		ID: worker, Schema: riverdb.Schema, Workers: workers, Logger: slog.New(slog.DiscardHandler),
		Queues: map[string]river.QueueConfig{"default": {MaxWorkers: 5}}, FetchCooldown: 10 * time.Millisecond,
		LeaderElectionDisabled: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lab) work() {
	l.t.Helper()
	if err := l.client.Start(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.client.StopAndCancel(ctx); err != nil {
			l.t.Error(err)
		}
	})
}

func (l *lab) insert(do, metadata string) int64 {
	l.t.Helper()
	res, err := l.client.Insert(l.t.Context(), args{do}, &river.InsertOpts{Metadata: []byte(metadata)})
	if err != nil {
		l.t.Fatal(err)
	}
	return res.Job.ID
}

func (l *lab) exec(sql string, args ...any) {
	l.t.Helper()
	if _, err := l.pool.Exec(l.t.Context(), sql, args...); err != nil {
		l.t.Fatal(err)
	}
}

// text is the one value of a query, as text.
func (l *lab) text(sql string, args ...any) (s string) {
	l.t.Helper()
	if err := l.pool.QueryRow(l.t.Context(), "SELECT ("+sql+")::text", args...).Scan(&s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// until runs a query until it says true.
func (l *lab) until(sql string, args ...any) {
	l.t.Helper()
	for l.text(sql, args...) != "true" {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-l.t.Context().Done():
			l.t.Fatal(l.t.Context().Err())
		}
	}
}

// running is a job that the client works until it is released.
func (l *lab) running(metadata string) int64 {
	l.t.Helper()
	id := l.insert("wait", metadata)
	l.work()
	<-l.started
	return id
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestRiverTablesHaveTheKnownColumns(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	got := l.text(`SELECT string_agg(column_name || ' ' || udt_name, ', ' ORDER BY column_name)
		FROM information_schema.columns WHERE table_schema = 'river' AND table_name = 'river_job'`)
	want := "args jsonb, attempt int2, attempted_at timestamptz, attempted_by _text, created_at timestamptz, errors _jsonb, " +
		"finalized_at timestamptz, id int8, kind text, max_attempts int2, metadata jsonb, priority int2, queue text, " +
		"scheduled_at timestamptz, state river_job_state, tags _varchar, unique_key bytea, unique_states bit"
	if got != want {
		t.Errorf("columns of river_job are\n%s, want\n%s", got, want)
	}
	got = l.text(`SELECT string_agg(state::text, ' ' ORDER BY state::text) FROM unnest(enum_range(NULL::river.river_job_state)) AS state`)
	if want := "available cancelled completed discarded pending retryable running scheduled"; got != want {
		t.Errorf("states are %s, want %s", got, want)
	}
	if got, want := l.text("SELECT max(version) FROM river.river_migration"), "8"; got != want {
		t.Errorf("River's migrations go to %s; look at what is new, then say so here (%s)", got, want)
	}
}

func TestRunningJobNamesItsWorkerLast(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.running("{}")
	ctx := t.Context()
	if !must[bool](t)(riverdb.LockRunning(ctx, l.pool, id, worker)) {
		t.Error("the job does not run on its worker")
	}
	if must[bool](t)(riverdb.LockRunning(ctx, l.pool, id, "another")) {
		t.Error("the job runs on another worker too")
	}
	if got := must[[]int64](t)(riverdb.LostJobs(ctx, l.pool, worker, 0, nil)); !slices.Equal(got, []int64{id}) {
		t.Errorf("lost jobs of a worker that knows none are %v, want %d", got, id)
	}
	if got := must[[]int64](t)(riverdb.LostJobs(ctx, l.pool, worker, 0, []int64{id})); len(got) != 0 {
		t.Errorf("lost jobs of a worker that knows all are %v", got)
	}
	if got := must[[]string](t)(riverdb.StaleWorkers(ctx, l.pool)); !slices.Equal(got, []string{worker}) {
		t.Errorf("stale workers are %v, want the one that never registered", got)
	}
	l.exec("INSERT INTO queue.workers (id, host, pid, version) VALUES ($1, 'host', 1, 'test')", worker)
	if got := must[[]string](t)(riverdb.StaleWorkers(ctx, l.pool)); len(got) != 0 {
		t.Errorf("stale workers are %v beside one that lives", got)
	}
}

func TestOrphanIsFinalised(t *testing.T) {
	t.Parallel()
	for _, cancelled := range []bool{false, true} {
		l := newLab(t)
		id := l.insert("", `{"run_id": 7}`)
		l.exec("UPDATE river.river_job SET state = 'running', attempt = 2, attempted_by = '{first,gone}' WHERE id = $1", id)
		l.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('k', $1, 7, 'gone')", id)
		if cancelled { // River asks the worker; no one is there to answer
			if _, err := l.client.JobCancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		err := pgx.BeginFunc(t.Context(), l.pool, func(tx pgx.Tx) error {
			if got := must[[]int64](t)(riverdb.Orphans(t.Context(), tx, nil, "v1")); !slices.Equal(got, []int64{id}) {
				t.Fatalf("orphans are %v, want one", got)
			}
			if got := must[[]int64](t)(riverdb.Orphans(t.Context(), tx, []string{"gone"}, "v1")); len(got) != 0 {
				t.Errorf("orphans are %v although their worker is left out", got)
			}
			o := must[*riverdb.Orphan](t)(riverdb.LockOrphan(t.Context(), tx, id))
			if o == nil {
				t.Fatal("the orphan cannot be locked")
			}
			if o.ID != id || o.Worker != "gone" || o.Attempt != 2 || !o.HoldsLease || o.Cancelled != cancelled || o.Kind != "contract" {
				t.Errorf("orphan is %+v (cancelled: %v)", o, cancelled)
			}
			failure := must[[]byte](t)(json.Marshal(rivertype.AttemptError{At: time.Now(), Attempt: 2, Error: "gone"}))
			return riverdb.FinaliseOrphan(t.Context(), tx, *o, failure, 99, true, false)
		})
		if err != nil {
			t.Fatal(err)
		}
		job := must[*rivertype.JobRow](t)(l.client.JobGet(t.Context(), id))
		want := rivertype.JobStateDiscarded
		if cancelled {
			want = rivertype.JobStateCancelled
		}
		if job.State != want || job.FinalizedAt == nil || len(job.Errors) != 1 || job.Errors[0].Error != "gone" {
			t.Errorf("River reads %+v, want %s with its error", job, want)
		}
		if got := l.text("SELECT metadata ->> 'taken_over_by' FROM river.river_job WHERE id = $1", id); got != "99" {
			t.Errorf("taken over by %s, want 99", got)
		}
	}
}

// The reason for a new row: River completes whatever runs under an id.
func TestRiverCompletesByIDAlone(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.running("{}")
	l.exec("UPDATE river.river_job SET attempt = attempt + 1, attempted_by = attempted_by || '{another}' WHERE id = $1", id)
	close(l.release)
	l.until("SELECT state = 'completed' FROM river.river_job WHERE id = $1", id)
}

func TestLostJobIsRequeuedWithNoAttemptUsed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.insert("", "{}")
	l.exec("UPDATE river.river_job SET state = 'running', attempt = 1, attempted_by = '{worker-1}' WHERE id = $1", id)
	if err := riverdb.RequeueLost(t.Context(), l.pool, "another", []int64{id}); err != nil {
		t.Fatal(err)
	}
	if got := l.text("SELECT state FROM river.river_job WHERE id = $1", id); got != "running" {
		t.Fatalf("another worker's job is %s", got)
	}
	if err := riverdb.RequeueLost(t.Context(), l.pool, worker, []int64{id}); err != nil {
		t.Fatal(err)
	}
	if job := must[*rivertype.JobRow](t)(l.client.JobGet(t.Context(), id)); job.State != rivertype.JobStateAvailable || job.Attempt != 0 {
		t.Errorf("job is %s in attempt %d, want available in attempt 0", job.State, job.Attempt)
	}
	l.work()
	l.until("SELECT state = 'completed' FROM river.river_job WHERE id = $1", id)
}

func TestNotificationIsAsRiversOwn(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	conn := must[*pgx.Conn](t)(pgx.ConnectConfig(t.Context(), l.pool.Config().ConnConfig.Copy()))
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), `LISTEN "river.river_insert"`); err != nil {
		t.Fatal(err)
	}
	next := func() (channel string, queue string) {
		n, err := conn.WaitForNotification(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var payload struct{ Queue string }
		if err := json.Unmarshal([]byte(n.Payload), &payload); err != nil {
			t.Fatal(err)
		}
		return n.Channel, payload.Queue
	}
	l.insert("", "{}")
	channel, queue := next()
	if err := riverdb.Notify(t.Context(), l.pool, []string{"default"}); err != nil {
		t.Fatal(err)
	}
	if ours, q := next(); ours != channel || q != queue || queue != "default" {
		t.Errorf("ours is %s %s, River's %s %s", ours, q, channel, queue)
	}
	id := l.insert("", "{}")
	l.exec("UPDATE river.river_job SET state = 'retryable', scheduled_at = now() - interval '1 second' WHERE id = $1", id)
	must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "test"))
	if ours, q := next(); ours != channel || q != "default" {
		t.Errorf("a job whose time has come is notified as %s %s", ours, q)
	}
}

func TestPollMakesDueJobsAvailable(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	due, later := l.insert("", "{}"), l.insert("", "{}")
	l.exec("UPDATE river.river_job SET state = 'scheduled', scheduled_at = now() - interval '1 second' WHERE id = $1", due)
	l.exec("UPDATE river.river_job SET state = 'retryable', scheduled_at = now() + interval '1 hour' WHERE id = $1", later)
	p := must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "test"))
	if p.NextTick != nil || p.Backfills || p.Generation != 0 {
		t.Errorf("polled %+v of an empty ledger", p)
	}
	if got := l.text("SELECT string_agg(state::text, ' ' ORDER BY id) FROM river.river_job"); got != "available retryable" {
		t.Errorf("states are %s, want available retryable", got)
	}
	l.exec(`INSERT INTO queue.schedules (name, spec, accounted_to, generation, next_tick)
		VALUES ('s', '{}', now(), 3, now() + interval '1 minute')`)
	l.exec("INSERT INTO queue.schedule_files (generation, hash, applied_by) VALUES (3, 'h', 'test')")
	l.exec("INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, done_to, by) VALUES ('s', now(), now(), 1, now(), 'test')")
	p = must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "test"))
	if p.NextTick == nil || *p.NextTick > time.Minute || *p.NextTick < time.Second || !p.Backfills || p.Generation != 3 {
		t.Errorf("polled %+v, want a tick within a minute, generation 3 and a backfill", p)
	}
	l.exec("UPDATE queue.schedules SET set_aside_at = now(), set_aside_by = 'test', next_tick = now(), retry_at = now() + interval '1 hour'")
	if p = must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "test")); *p.NextTick < time.Minute {
		t.Errorf("what this version has set aside is due in %s, want when it is tried again", p.NextTick)
	}
	if p = must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "newer")); *p.NextTick > 0 {
		t.Errorf("what another version has set aside is due in %s, want at once", p.NextTick)
	}
}

func TestPollFindsWhatCanBeReleased(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, name := range []string{"idle", "busy", "paused", "backfilled"} {
		l.exec("INSERT INTO queue.schedules (name, spec, accounted_to, generation) VALUES ($1, '{}', now(), 1)", name)
		l.exec("INSERT INTO queue.ticks (schedule, tick, state) VALUES ($1, now(), 'enqueued')", name)
	}
	l.exec("INSERT INTO queue.ticks (schedule, tick, state, job_id) VALUES ('done', now(), 'enqueued', 1)")
	l.exec("INSERT INTO queue.pauses (schedule, from_at, by) VALUES ('paused', now(), 'test')")
	l.exec("INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, done_to, by) VALUES ('backfilled', now(), now(), 1, now(), 'test')")
	l.insert("", `{"schedule": "busy"}`)
	beside := l.insert("", `{"schedule": "backfilled", "backfill": 1}`)
	if p := must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "test")); !slices.Equal(p.Releasable, []string{"backfilled", "idle"}) {
		t.Errorf("releasable are %v, want those without a job of their own and without a pause", p.Releasable)
	}
	l.exec("UPDATE queue.backfills SET shares_overlap = true")
	if p := must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "test")); !slices.Equal(p.Releasable, []string{"idle"}) {
		t.Errorf("releasable are %v, want idle alone", p.Releasable)
	}
	got := must[map[string][]int64](t)(riverdb.UnfinishedBySchedule(t.Context(), l.pool, []string{"backfilled"}))
	if !slices.Equal(got["backfilled"], []int64{beside}) {
		t.Errorf("unfinished are %v, want the job of the backfill that shares the overlap", got)
	}
	l.exec("UPDATE queue.backfills SET shares_overlap = false, paused_at = now()")
	p := must[riverdb.PollResult](t)(riverdb.Poll(t.Context(), l.pool, time.Second, "test"))
	if got = must[map[string][]int64](t)(riverdb.UnfinishedBySchedule(t.Context(), l.pool, []string{"backfilled"})); len(got) > 0 || p.Backfills {
		t.Errorf("unfinished are %v, backfills %t; want neither", got, p.Backfills)
	}
}

func TestArchivedJobReadsAsBefore(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	failed := l.insert("", `{"run_id": 7}`)
	l.exec(`UPDATE river.river_job SET state = 'discarded', finalized_at = now() - interval '1 hour', attempted_by = '{a,b}',
		errors = ARRAY['{"error": "first"}'::jsonb, '{"error": "second"}'] WHERE id = $1`, failed)
	done, young, waiting := l.insert("", "{}"), l.insert("", "{}"), l.insert("", "{}")
	l.exec("UPDATE river.river_job SET state = 'completed', finalized_at = now() - interval '1 hour' WHERE id = $1", done)
	l.exec("UPDATE river.river_job SET state = 'completed', finalized_at = now() WHERE id = $1", young)
	const all = "SELECT string_agg(j::text, E'\\n' ORDER BY id) FROM queue.jobs AS j"
	before := l.text(all)
	if n := must[int64](t)(riverdb.Archive(t.Context(), l.pool, 10*time.Minute, 100)); n != 2 {
		t.Errorf("%d jobs archived, want 2", n)
	}
	if after := l.text(all); after != before {
		t.Errorf("jobs read\n%s, before\n%s", after, before)
	}
	if got := l.text("SELECT array_agg(id ORDER BY id) = ARRAY[$1, $2]::bigint[] FROM river.river_job", young, waiting); got != "true" {
		t.Error("what is young or unfinished is not what is left")
	}
}

func TestLeases(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	holder, other := l.insert("", "{}"), l.insert("", "{}")
	l.exec("UPDATE river.river_job SET state = 'running' WHERE id = $1", holder)
	take := func(id int64) bool {
		return must[bool](t)(riverdb.TakeLease(t.Context(), l.pool, "k", id, id, worker))
	}
	taken, retaken := take(holder), take(holder)
	if !taken || !retaken {
		t.Fatal("a free lease cannot be taken, or not again by its holder")
	}
	if take(other) {
		t.Fatal("a lease of a job that runs is taken from it")
	}
	l.exec("UPDATE river.river_job SET state = 'completed', finalized_at = now() WHERE id = $1", holder)
	if !take(other) {
		t.Fatal("a lease of a job that has ended is not free")
	}
	second, first := l.insert("", `{"waits_for": "k"}`), l.insert("", `{"waits_for": "k"}`)
	l.exec("UPDATE river.river_job SET state = 'scheduled', scheduled_at = now() + interval '1 hour' WHERE id IN ($1, $2)", first, second)
	l.exec("UPDATE river.river_job SET priority = 2 WHERE id = $1", second)
	if err := riverdb.ReleaseLeases(t.Context(), l.pool, other); err != nil {
		t.Fatal(err)
	}
	if got := l.text("SELECT string_agg(state::text, ' ' ORDER BY id) FROM river.river_job WHERE id IN ($1, $2)", first, second); got != "scheduled available" {
		t.Errorf("of two jobs that wait, that of the better priority is not the one that is woken: %s", got)
	}
	if got := l.text("SELECT count(*) FROM queue.leases"); got != "0" {
		t.Errorf("%s leases are left", got)
	}
}

func TestUnfinishedJobs(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var want []int64
	for _, state := range []string{"available", "scheduled", "retryable", "running", "pending"} {
		id := l.insert("", `{"schedule": "s", "backfill": 4}`)
		l.exec("UPDATE river.river_job SET state = $2::river.river_job_state WHERE id = $1", id, state)
		want = append(want, id)
	}
	for _, state := range []string{"completed", "cancelled", "discarded"} {
		id := l.insert("", `{"schedule": "s", "backfill": 4}`)
		l.exec("UPDATE river.river_job SET state = $2::river.river_job_state, finalized_at = now() WHERE id = $1", id, state)
	}
	l.insert("", `{"schedule": "other", "backfill": 5}`)
	got := must[map[string][]int64](t)(riverdb.UnfinishedBySchedule(t.Context(), l.pool, []string{"s", "none"}))
	if len(got) != 1 || !slices.Equal(got["s"], want) {
		t.Errorf("unfinished are %v, want %v of s", got, want)
	}
	if ids := must[[]int64](t)(riverdb.UnfinishedOfBackfill(t.Context(), l.pool, 4)); !slices.Equal(ids, want) {
		t.Errorf("of the backfill %v are unfinished, want %v", ids, want)
	}
}

func TestHeartbeatSeesTrouble(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.exec("INSERT INTO queue.workers (id, host, pid, version) VALUES ($1, 'host', 1, 'test'), ('other', 'host', 2, 'test')", worker)
	beat := func(active ...int64) (alive, trouble bool) {
		alive, trouble, err := riverdb.Beat(t.Context(), l.pool, riverdb.Heartbeat{Worker: worker, DeadAfter: 12 * time.Second, Active: active})
		if err != nil {
			t.Fatal(err)
		}
		return alive, trouble
	}
	if alive, trouble := beat(); !alive || trouble {
		t.Errorf("two workers that live: alive %v, trouble %v", alive, trouble)
	}
	id := l.insert("", "{}")
	l.exec("UPDATE river.river_job SET state = 'running', attempted_at = now() - interval '1 minute', attempted_by = '{other}' WHERE id = $1", id)
	if _, trouble := beat(); trouble {
		t.Error("a job on a worker that lives is trouble")
	}
	l.exec("UPDATE river.river_job SET attempted_by = '{other,worker-1}' WHERE id = $1", id)
	if _, trouble := beat(id); trouble {
		t.Error("a job of this worker that it knows of is trouble")
	}
	if _, trouble := beat(); !trouble {
		t.Error("a job that was lost on its way here is no trouble")
	}
	l.exec("UPDATE river.river_job SET attempted_by = '{other}' WHERE id = $1", id)
	l.exec("UPDATE queue.workers SET stopped_at = now() WHERE id = 'other'")
	if _, trouble := beat(); !trouble {
		t.Error("a job of a worker that has stopped is no trouble")
	}
	l.exec("DELETE FROM river.river_job")
	l.exec("UPDATE queue.workers SET stopped_at = NULL, heartbeat_at = now() + interval '1 hour' WHERE id = 'other'")
	if _, trouble := beat(); !trouble {
		t.Error("a heartbeat of the future is no trouble")
	}
	l.exec("UPDATE queue.workers SET stopped_at = now() WHERE id = $1", worker)
	if alive, _ := beat(); alive {
		t.Error("a worker that was marked as dead is alive")
	}
}

func TestMetadataThatRiverWrites(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	snoozed, said := l.insert("snooze", "{}"), l.insert("output", "{}")
	l.work()
	l.until("SELECT metadata ->> 'snoozes' = '1' AND attempt = 0 AND state = 'scheduled' FROM river.river_job WHERE id = $1", snoozed)
	l.until(`SELECT metadata -> 'output' = '{"rows": 3}' FROM river.river_job WHERE id = $1`, said)
}

// No other part of the program knows River's tables, but for the migrations that make the views over them.
func TestNoOtherFolderKnowsRiversTables(t *testing.T) {
	t.Parallel()
	table := regexp.MustCompile(`river\.river_|river_(job|queue|leader|client|migration|insert)\b`)
	allowed := []string{
		"queue/riverdb/", "migrations/",
		"internal/metrics/sql/tables.sql", // measures the table by its name
	}
	root := must[string](t)(filepath.Abs("../.."))
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, root+"/")
		isSource := strings.HasSuffix(name, ".sql") || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "chaos" || d.Name() == "bench"):
			return filepath.SkipDir
		case d.IsDir() || !isSource || slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(name, a) }):
			return nil
		}
		text := must[[]byte](t)(os.ReadFile(path))
		if found := table.Find(text); found != nil {
			t.Errorf("%s names %s: move the statement to queue/riverdb", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
