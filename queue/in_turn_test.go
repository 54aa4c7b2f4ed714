package queue_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

// apply makes a file live whose kinds this test's worker need not know.
func (b *bench) apply(text string, kinds ...run.Kind) {
	b.t.Helper()
	file, _, err := schedule.Parse([]byte(text), queue.KindFinder(kinds), clock.System())
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := queue.ApplySchedules(b.t.Context(), b.pool, file, []byte(text), "test"); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) exec(statement string, args ...any) {
	b.t.Helper()
	if _, err := b.pool.Exec(b.t.Context(), statement, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) schedule(name string) queue.ScheduleInfo {
	b.t.Helper()
	s, err := queue.FindSchedule(b.t.Context(), b.pool, name)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// An older worker meets a kind, arguments and an entry of a newer version: each is set aside, the others go on, and a
// worker of the newer version makes them at once. Nothing is lost.
func TestScheduleThatCannotBeMadeIsSetAside(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	b.apply(`schedules:
- {name: fine, kind: tick, cron: "* * * * * *", seconds: true, timezone: UTC}
- {name: newer-kind, kind: newer, cron: "0 0 1 1 *", timezone: UTC, catch_up: {policy: latest}}
- {name: newer-args, kind: tick, cron: "0 0 1 1 *", timezone: UTC, catch_up: {policy: latest}}
- {name: newer-form, kind: tick, cron: "0 0 1 1 *", timezone: UTC, catch_up: {policy: latest}}
`, noop("tick"), noop("newer"))
	for _, name := range []string{"schedules", "schedule_spans"} {
		key := map[string]string{"schedules": "name", "schedule_spans": "schedule"}[name]
		b.exec("UPDATE queue." + name + ` SET spec = spec || '{"args": {"unheard": 1}}' WHERE ` + key + " = 'newer-args'")
		b.exec("UPDATE queue." + name + ` SET spec = spec || '{"jitter": {"most": "5m"}}' WHERE ` + key + " = 'newer-form'")
	}
	for _, name := range []string{"newer-kind", "newer-args", "newer-form"} {
		b.away(name, 366*24*time.Hour)
	}
	waitFor(t, b.pool, "SELECT greatest(count(*) - 2, 0) FROM queue.schedules WHERE set_aside_at IS NOT NULL")
	waitFor(t, b.pool, "SELECT greatest(count(*) - 1, 0) FROM queue.ticks WHERE schedule = 'fine' AND recorded_at > (SELECT max(set_aside_at) FROM queue.schedules)")
	for name, reason := range map[string]string{
		"newer-kind": `no kind of job is called "newer"`, "newer-args": `unknown field "unheard"`, "newer-form": "not written as this version",
	} {
		if s := b.schedule(name); !strings.Contains(s.SetAside, reason) || len(b.counts(name)) > 0 {
			t.Errorf("schedule %s is set aside because %q, its ticks are %v; want the reason to hold %q, no ticks", name, s.SetAside, b.counts(name), reason)
		}
	}
	if s := b.schedule("fine"); s.SetAside != "" {
		t.Errorf("schedule fine is set aside: %s", s.SetAside)
	}
	expected, err := queue.Expect(t.Context(), b.pool)
	overdue := 0
	for _, e := range expected {
		if e.Silent(clock.System().Add(time.Second)) {
			overdue++
		}
	}
	if err != nil || overdue != 3 {
		t.Errorf("%d schedules are overdue (%v), want the three that are set aside: %+v", overdue, err, expected)
	}

	b.another(func(o *queue.WorkerOptions) { o.Version = "newer" }, noop("tick"), noop("newer"))
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE kind = 'newer' AND state = 'completed'")
	if s := b.schedule("newer-kind"); s.SetAside != "" {
		t.Errorf("schedule newer-kind is still set aside: %s", s.SetAside)
	}
}

// gate is a kind whose jobs wait until the test lets them go, and tells which ticks they were for.
type gate struct {
	mutex sync.Mutex
	begun []time.Time
	open  chan struct{} // takes one value for each job that may end; closed: all may
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) kind(name string) run.Kind {
	return kind(name, func(ctx context.Context, r run.Run, _ testArgs) (run.Outcome, error) {
		g.mutex.Lock()
		g.begun = append(g.begun, r.Tick())
		g.mutex.Unlock()
		select {
		case <-g.open:
			return run.Outcome{}, nil
		case <-ctx.Done():
			return run.Outcome{}, ctx.Err()
		}
	})
}

func (g *gate) ticks() []time.Time {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return slices.Clone(g.begun)
}

// inHalfAnHour is an hourly cron expression none of whose ticks is near.
func inHalfAnHour() string { return fmt.Sprintf("%d * * * *", (clock.System().Minute()+30)%60) }

func TestQueuedTicksRunInOrderWithoutPolling(t *testing.T) {
	t.Parallel()
	g := newGate()
	close(g.open)
	b := start(t, nil, g.kind("job"))
	b.another(nil, g.kind("job"))
	b.schedules(fmt.Sprintf(`schedules: [{name: hourly, kind: job, cron: %q, timezone: UTC, overlap: queue, catch_up: {policy: all}}]`, inHalfAnHour()))
	b.away("hourly", 40*time.Hour)
	waitFor(t, b.pool, "SELECT greatest(count(*) - 39, 0) FROM queue.jobs WHERE state = 'completed'")
	if got := g.ticks(); len(got) != 40 || !slices.IsSortedFunc(got, time.Time.Compare) {
		t.Errorf("ran %d ticks, in the order %v; want 40 in their own", len(got), got)
	}
	var snoozed int
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM queue.jobs WHERE metadata ? 'snoozes'").Scan(&snoozed); err != nil || snoozed > 0 {
		t.Errorf("%d jobs asked for their turn and were put off (%v), want none", snoozed, err)
	}
}

func TestPauseStopsACatchUp(t *testing.T) {
	t.Parallel()
	g := newGate()
	b := start(t, nil, g.kind("job"))
	b.schedules(fmt.Sprintf(`schedules: [{name: hourly, kind: job, cron: %q, timezone: UTC, catch_up: {policy: all}}]`, inHalfAnHour()))
	b.away("hourly", 9*time.Hour)
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE state = 'running'")
	if s := b.schedule("hourly"); s.Waiting != 8 {
		t.Errorf("%d ticks wait, want 8", s.Waiting)
	}
	if err := queue.Pause(t.Context(), b.pool, "hourly", time.Time{}, "person test", ""); err != nil {
		t.Fatal(err)
	}
	g.open <- struct{}{}
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE state = 'completed'")
	b.polled()
	if n := len(g.ticks()); n != 1 {
		t.Errorf("%d jobs began, want that before the pause alone", n)
	}
	if err := queue.Resume(t.Context(), b.pool, "hourly"); err != nil {
		t.Fatal(err)
	}
	g.open <- struct{}{}
	waitFor(t, b.pool, "SELECT greatest(count(*) - 1, 0) FROM queue.jobs WHERE state = 'completed'")
	if got := g.ticks(); !slices.IsSortedFunc(got, time.Time.Compare) {
		t.Errorf("ticks ran in the order %v", got)
	}
}

// polled waits until the worker has looked at its schedules twice: once may have begun before.
func (b *bench) polled() {
	b.t.Helper()
	for i := range 2 {
		name := fmt.Sprintf("polled-%d", i)
		b.exec(`INSERT INTO queue.schedules (name, spec, active, accounted_to, next_tick, generation)
			SELECT $1, '{}', false, clock_timestamp(), clock_timestamp(), 1`, name)
		waitFor(b.t, b.pool, "SELECT count(*) FROM queue.schedules WHERE name = '"+name+"' AND next_tick IS NULL")
	}
}

func TestBackfillsRunBesideTheirScheduleAndEachOther(t *testing.T) {
	t.Parallel()
	past, live := newGate(), newGate()
	close(live.open)
	boundary := clock.System().Add(-time.Minute)
	b := start(t, nil, kind("job", func(ctx context.Context, r run.Run, a testArgs) (run.Outcome, error) {
		if g := live; r.Tick().After(boundary) {
			return g.kind("").Work(ctx, r, []byte("{}"))
		}
		return past.kind("").Work(ctx, r, []byte("{}"))
	}))
	entry := `{name: %s, kind: job, cron: "* * * * * *", seconds: true, timezone: UTC}`
	b.schedules(fmt.Sprintf("schedules: ["+entry+", "+entry+"]", "one", "two"))
	for _, name := range []string{"one", "two"} {
		s := b.schedule(name)
		from := boundary.Add(-time.Hour).Truncate(time.Second)
		if _, err := queue.StartBackfill(t.Context(), b.pool, s.Schedule, queue.Backfill{Schedule: name, From: from, To: from.Add(4 * time.Second), AtOnce: 1, By: "person test"}); err != nil {
			t.Fatal(err)
		}
	}
	// Both backfills have one job, which waits; the live ticks run all the same.
	waitFor(t, b.pool, "SELECT greatest(count(*) - 1, 0) FROM queue.jobs WHERE metadata ? 'backfill' AND state = 'running'")
	waitFor(t, b.pool, `SELECT greatest(count(*) - 1, 0) FROM queue.ticks WHERE schedule = 'one' AND state = 'enqueued' AND tick > now() - interval '30 minutes'
		AND recorded_at > (SELECT max(attempted_at) FROM queue.jobs WHERE metadata ? 'backfill')`)
	if n := len(past.ticks()); n != 2 {
		t.Errorf("%d jobs of backfills began, want one each", n)
	}
	close(past.open)
	waitFor(t, b.pool, "SELECT greatest(count(*) - 1, 0) FROM queue.backfills WHERE finished_at IS NOT NULL")
	waitFor(t, b.pool, "SELECT greatest(count(*) - 9, 0) FROM queue.jobs WHERE metadata ? 'backfill' AND state = 'completed'")
	var disordered int
	err := b.pool.QueryRow(t.Context(), `
		SELECT count(*) FROM (
			SELECT metadata ->> 'tick' AS tick, lag(metadata ->> 'tick') OVER (PARTITION BY metadata -> 'backfill' ORDER BY id) AS before
			FROM queue.jobs WHERE metadata ? 'backfill') AS j WHERE before > tick`).Scan(&disordered)
	if err != nil || disordered > 0 {
		t.Errorf("%d jobs of backfills came before an earlier tick's (%v)", disordered, err)
	}
}

func TestBackfillsArePausedResumedAndCancelled(t *testing.T) {
	t.Parallel()
	g := newGate()
	b := start(t, nil, g.kind("job"))
	b.schedules(fmt.Sprintf(`schedules: [{name: hourly, kind: job, cron: %q, timezone: UTC, catch_up: {policy: none}}]`, inHalfAnHour()))
	b.away("hourly", 8*time.Hour)
	b.settled("hourly")
	now, client := clock.System(), b.worker.Client()
	id, err := queue.StartBackfill(t.Context(), b.pool, b.schedule("hourly").Schedule,
		queue.Backfill{Schedule: "hourly", From: now.Add(-9 * time.Hour), To: now, AtOnce: 2, By: "person test"})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, b.pool, "SELECT greatest(count(*) - 1, 0) FROM queue.jobs WHERE state = 'running'")
	if info, err := client.PauseBackfill(t.Context(), id); err != nil || info.State != "paused" || info.Unfinished != 2 {
		t.Fatalf("paused: %+v (%v)", info, err)
	}
	g.open <- struct{}{}
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE state = 'completed'")
	b.polled()
	if n := len(g.ticks()); n != 2 {
		t.Errorf("%d jobs began, want the two before the pause", n)
	}
	if info, err := client.ResumeBackfill(t.Context(), id); err != nil || info.State != "running" {
		t.Fatalf("resumed: %+v (%v)", info, err)
	}
	waitFor(t, b.pool, "SELECT greatest(count(*) - 2, 0) FROM queue.jobs")
	if info, err := client.CancelBackfill(t.Context(), id); err != nil || info.State != "cancelled" {
		t.Fatalf("cancelled: %+v (%v)", info, err)
	}
	waitFor(t, b.pool, "SELECT (count(*) = 0)::integer FROM river.river_job WHERE finalized_at IS NULL")
	if _, err := client.ResumeBackfill(t.Context(), id); run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("resuming a cancelled backfill: %v, want it refused", err)
	}
	if list, err := queue.Backfills(t.Context(), b.pool, true); err != nil || len(list) != 1 || list[0].Schedule != "hourly" {
		t.Errorf("backfills are %+v (%v)", list, err)
	}
}

// A backfill whose ticks have all run looks at a bounded number of them in one transaction, and comes to its end.
func TestBackfillStepIsBounded(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	b.schedules(`schedules: [{name: yearly, kind: tick, cron: "0 0 1 1 *", timezone: UTC}]`)
	b.exec(`UPDATE queue.schedules SET spec = spec || '{"cron": "* * * * * *", "seconds": true}' WHERE name = 'yearly'`)
	b.exec(`INSERT INTO queue.ticks (schedule, tick, state, job_id)
		SELECT 'yearly', tick, 'enqueued', 1 FROM generate_series('2026-01-01Z'::timestamptz, '2026-01-01 02:00Z', '1 second') AS tick`)
	b.exec(`INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, done_to, by)
		VALUES ('yearly', '2026-01-01Z', '2026-01-01 02:00Z', 1, '2025-12-31 23:59:59Z', 'test')`)
	waitFor(t, b.pool, "SELECT count(*) FROM queue.backfills WHERE finished_at IS NOT NULL")
	var jobs int
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM queue.jobs").Scan(&jobs); err != nil || jobs > 0 {
		t.Errorf("%d jobs (%v), want none", jobs, err)
	}
}

func TestManyJobsAreCancelledAndRetried(t *testing.T) {
	t.Parallel()
	g := newGate()
	b := start(t, nil, g.kind("job"), noop("other"))
	b.schedules(fmt.Sprintf(`schedules:
- {name: hourly, kind: job, cron: %q, timezone: UTC, overlap: queue, catch_up: {policy: all}}
- {name: beside, kind: job, cron: "0 0 1 1 *", timezone: UTC}
`, inHalfAnHour()))
	b.away("hourly", 5*time.Hour)
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE state = 'running'")
	client := b.worker.Client()
	bystander, err := client.Trigger(t.Context(), b.schedule("beside").Schedule, "person test")
	if err != nil {
		t.Fatal(err)
	}
	done, ticks, err := client.CancelJobs(t.Context(), queue.JobSelection{Schedule: "hourly"})
	if err != nil || len(done) != 1 || ticks != 4 {
		t.Fatalf("cancelled %v and %d ticks (%v), want one job and four ticks", done, ticks, err)
	}
	if job := b.wait(done[0]); job.State != "cancelled" {
		t.Errorf("job is %s", job.State)
	}
	if got := b.counts("hourly"); got["skipped/cancelled"] != 4 || got["enqueued"] != 1 {
		t.Errorf("ticks are %v", got)
	}
	if _, err := queue.Cancellable(t.Context(), b.pool, queue.JobSelection{}); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("an empty selection: %v, want it refused", err)
	}
	close(g.open)
	begun, err := client.RetryJobs(t.Context(), queue.JobSelection{Schedule: "hourly", State: "cancelled"}, "person test")
	if err != nil || len(begun) != 1 {
		t.Fatalf("retried %v (%v), want one", begun, err)
	}
	if job := b.wait(begun[0].ID); job.State != "completed" {
		t.Errorf("the job that runs again is %s", job.State)
	}
	if job := b.wait(bystander.ID); job.State != "completed" {
		t.Errorf("a job of another schedule is %s", job.State)
	}
}

// After a rollback the end of a job brings about jobs that this version cannot make: the job ends all the same, and
// what follows waits for a worker of the newer version.
func TestFollowUpsOfANewerVersionWaitForIt(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("first"), noop("second"))
	b.apply(`schedules:
- {name: newer-kind, kind: newer, args: {name: Ann}, after: {kind: first}}
- {name: newer-args, kind: second, after: {kind: first}}
- {name: fine, kind: second, after: {kind: first}}
`, noop("first"), noop("second"), noop("newer"))
	b.exec(`UPDATE queue.schedules SET spec = spec || '{"args": {"unheard": 1}}' WHERE name = 'newer-args'`)
	b.exec("UPDATE queue.schedule_files SET generation = generation + 1") // workers read their followers again
	for b.worker.Generation() < 2 {
		b.polled()
	}
	if job := b.wait(b.enqueue("first", "{}")); job.State != "completed" || job.Attempt != 1 {
		t.Fatalf("the first job is %+v", job)
	}
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE metadata ->> 'schedule' = 'fine' AND state = 'completed'")
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE metadata ->> 'schedule' = 'newer-args' AND state = 'cancelled' AND errors::text LIKE '%unheard%'")
	waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE kind = 'newer' AND state = 'available'")
	b.another(func(o *queue.WorkerOptions) { o.Version = "newer" }, noop("first"), noop("second"), noop("newer"))
	waitFor(t, b.pool, `SELECT count(*) FROM queue.jobs WHERE kind = 'newer' AND state = 'completed' AND args = '{"name": "Ann"}'`)
}
