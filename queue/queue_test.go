package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

// testArgs are the arguments of the kinds of these tests.
type testArgs struct {
	Name string `json:"name" default:"nobody" help:"Who."`
}

// bench is a database with a worker on it.
type bench struct {
	t      testing.TB
	pool   *pgxpool.Pool
	worker *queue.Worker
	stop   func() error
}

// start runs a worker with the given kinds until the test ends.
func start(t testing.TB, options func(*queue.WorkerOptions), kinds ...run.Kind) *bench {
	t.Helper()
	b := &bench{t: t, pool: pgtest.New(t)}
	b.worker, b.stop = b.another(options, kinds...)
	return b
}

// another starts one more worker on the same database.
func (b *bench) another(options func(*queue.WorkerOptions), kinds ...run.Kind) (*queue.Worker, func() error) {
	b.t.Helper()
	o := queue.WorkerOptions{
		ID: queue.NewWorkerID("test"), Host: "test", PID: 1, Version: "test", Kinds: kinds,
		Queues: map[string]int{"default": 20}, Log: slog.New(slog.DiscardHandler), Now: clock.System,
	}
	if options != nil {
		options(&o)
	}
	w, err := queue.NewWorker(b.pool, o)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop := func() error { cancel(); err := <-ended; ended <- err; return err }
	b.t.Cleanup(func() { _ = stop() })
	return w, stop
}

func kind(name string, work func(ctx context.Context, r run.Run, a testArgs) (run.Outcome, error)) run.Kind {
	return run.NewKind(run.Kind{Name: name, Queue: "default", Timeout: time.Minute, MaxAttempts: 5}, nil, work)
}

// enqueue inserts a job of the kind.
func (b *bench) enqueue(kind, args string) int64 {
	b.t.Helper()
	ticket, err := b.worker.Client().Enqueue(b.t.Context(), queue.Request{Kind: kind, Args: json.RawMessage(args), By: "person test"})
	if err != nil {
		b.t.Fatal(err)
	}
	return ticket.ID
}

// wait follows a job to its end.
func (b *bench) wait(id int64) queue.Job {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Minute)
	defer cancel()
	job, err := queue.Follow(ctx, b.pool, id, silent{})
	if err != nil {
		b.t.Fatalf("follow job %d: %v (it is %+v)", id, err, job)
	}
	return job
}

// schedules applies a schedules file and waits until the worker knows it.
func (b *bench) schedules(text string) {
	b.t.Helper()
	file, _, err := schedule.Parse([]byte(text), b.worker.Client().Kind, clock.System())
	if err != nil {
		b.t.Fatal(err)
	}
	applied, err := queue.ApplySchedules(b.t.Context(), b.pool, file, []byte(text), "test")
	if err != nil || !applied.Applied {
		b.t.Fatalf("apply: %+v, %v", applied, err)
	}
	for b.worker.Generation() < applied.Generation {
		time.Sleep(10 * time.Millisecond)
	}
}

type silent struct{}

func (silent) State(queue.Job)                {}
func (silent) Progress(queue.Job, queue.Step) {}
func (silent) Line(queue.LogLine)             {}

func TestJobTellsItsStory(t *testing.T) {
	t.Parallel()
	b := start(t, nil, kind("tell", func(ctx context.Context, r run.Run, a testArgs) (run.Outcome, error) {
		r.Log().Info("hello", "name", a.Name)
		err := r.Step(ctx, "count", func(_ context.Context, s *run.Step) error {
			s.SetTotal(3)
			s.Add(3)
			s.SetRows(3, 2)
			return nil
		})
		return run.Outcome{Changed: true, Version: 7, Summary: map[string]int{"rows": 2}}, err
	}))
	job := b.wait(b.enqueue("tell", `{"name":"Ann"}`))
	if job.State != "completed" || job.Attempt != 1 || job.RunID == 0 || job.StartedBy != "person test" {
		t.Fatalf("job is %+v", job)
	}
	if got, want := string(job.Result), `{"changed": true, "summary": {"rows": 2}, "version": 7}`; got != want {
		t.Errorf("result is %s, want %s", got, want)
	}
	if len(job.Steps) != 1 || job.Steps[0].State != "done" || job.Steps[0].RowsIn != 3 || job.Steps[0].RowsOut != 2 {
		t.Errorf("steps are %+v", job.Steps)
	}
	lines, err := queue.Logs(t.Context(), b.pool, job.ID, 0)
	if err != nil || len(lines) != 1 || lines[0].Message != "hello" || !strings.Contains(string(lines[0].Attrs), `"name": "Ann"`) {
		t.Errorf("log is %+v (%v)", lines, err)
	}
}

func TestWrongRequestsInsertNothing(t *testing.T) {
	t.Parallel()
	b := start(t, nil, kind("greet", func(context.Context, run.Run, testArgs) (run.Outcome, error) { return run.Outcome{}, nil }))
	for _, c := range []struct{ kind, args, want string }{
		{"gret", "{}", "did you mean greet?"},
		{"greet", `{"nam":"x"}`, `unknown field "nam"; greet takes name (text, default nobody)`},
		{"greet", `{"name":1}`, "greet takes name (text, default nobody)"},
	} {
		_, err := b.worker.Client().Enqueue(t.Context(), queue.Request{Kind: c.kind, Args: json.RawMessage(c.args)})
		if err == nil || !strings.Contains(err.Error(), c.want) || run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("enqueue %s %s: %v, want it to say %q", c.kind, c.args, err, c.want)
		}
	}
	jobs, err := queue.ListJobs(t.Context(), b.pool, queue.JobFilter{})
	if err != nil || len(jobs) != 0 {
		t.Errorf("jobs are %+v (%v), want none", jobs, err)
	}
}

func TestFailuresSayWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	b := start(t, nil,
		kind("refused", func(context.Context, run.Run, testArgs) (run.Outcome, error) {
			return run.Outcome{}, run.Blocked("look at it", "too many rows are gone")
		}),
		kind("flaky", flaky(1)),
	)
	job := b.wait(b.enqueue("refused", "{}"))
	if job.State != "cancelled" || job.Failure != "refused" || job.Attempt != 1 || !strings.Contains(job.Errors[0].Error, "too many rows are gone; look at it") {
		t.Errorf("refused job is %+v", job)
	}
	if job := b.wait(b.enqueue("flaky", "{}")); job.State != "completed" || job.Attempt != 2 || job.Failure != "" {
		t.Errorf("flaky job is %+v", job)
	}
}

// flaky fails a number of times and then succeeds.
func flaky(times int64) func(context.Context, run.Run, testArgs) (run.Outcome, error) {
	var tries atomic.Int64
	return func(context.Context, run.Run, testArgs) (run.Outcome, error) {
		if n := tries.Add(1); n <= times {
			return run.Outcome{}, errors.New("connection reset")
		}
		return run.Outcome{}, nil
	}
}

func TestOneHolderOfALease(t *testing.T) {
	t.Parallel()
	var inside, most atomic.Int64
	alone := run.NewKind(run.Kind{Name: "alone", Queue: "default", Timeout: time.Minute, MaxAttempts: 3},
		func(a testArgs) string { return "report:" + a.Name },
		func(ctx context.Context, r run.Run, a testArgs) (run.Outcome, error) {
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)
			return run.Outcome{}, pgx.ErrNoRows
		})
	alone.MaxAttempts = 1
	b := start(t, nil, alone)
	b.another(nil, alone)
	ids := []int64{b.enqueue("alone", "{}"), b.enqueue("alone", "{}"), b.enqueue("alone", "{}")}
	for _, id := range ids {
		if job := b.wait(id); job.State != "discarded" {
			t.Errorf("job is %+v", job)
		}
	}
	if most.Load() != 1 {
		t.Errorf("%d attempts held the lease at once", most.Load())
	}
}

func TestSuccessorsAreInsertedWithTheEnd(t *testing.T) {
	t.Parallel()
	done := func(context.Context, run.Run, testArgs) (run.Outcome, error) { return run.Outcome{}, nil }
	b := start(t, nil, kind("first", done), kind("second", done))
	b.schedules("schedules: [{name: chain, kind: second, after: {kind: first}}]")
	first := b.wait(b.enqueue("first", "{}"))
	jobs, err := queue.ListJobs(t.Context(), b.pool, queue.JobFilter{RunID: first.RunID, Kind: "second"})
	if err != nil || len(jobs) != 1 {
		t.Fatalf("jobs of run %d are %+v (%v), want one that follows", first.RunID, jobs, err)
	}
	if second := b.wait(jobs[0].ID); second.State != "completed" {
		t.Errorf("second is %+v", second)
	}
}

func TestCancelEndsARunningJob(t *testing.T) {
	t.Parallel()
	started := make(chan struct{})
	b := start(t, nil, kind("sleep", func(ctx context.Context, r run.Run, _ testArgs) (run.Outcome, error) {
		close(started)
		<-ctx.Done()
		return run.Outcome{}, ctx.Err()
	}))
	id := b.enqueue("sleep", "{}")
	<-started
	if _, err := b.worker.Client().Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if job := b.wait(id); job.State != "cancelled" {
		t.Errorf("job is %+v", job)
	}
}

func TestStoppingHandsBackWithoutUsingAnAttempt(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	started := make(chan struct{}, 2)
	slow := kind("slow", func(ctx context.Context, r run.Run, _ testArgs) (run.Outcome, error) {
		started <- struct{}{}
		if tries.Add(1) == 1 {
			<-ctx.Done()
			return run.Outcome{}, ctx.Err()
		}
		return run.Outcome{}, nil
	})
	b := start(t, nil, slow)
	id := b.enqueue("slow", "{}")
	<-started
	if err := b.stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	b.another(nil, slow)
	if job := b.wait(id); job.State != "completed" || job.Attempt != 1 || len(job.Errors) != 0 {
		t.Errorf("job is %+v", job)
	}
}

func TestSameFailureThreeTimesIsQuarantined(t *testing.T) {
	t.Parallel()
	b := start(t, nil, kind("broken", flaky(100)))
	id := b.enqueue("broken", "{}")
	for range 2 { // do not wait for the pauses between attempts
		waitFor(t, b.pool, "SELECT count(*) FROM river.river_job WHERE state = 'retryable' OR (state = 'available' AND attempt > 0)")
		if _, err := b.worker.Client().Retry(t.Context(), id, "test"); err != nil {
			t.Fatal(err)
		}
	}
	job := b.wait(id)
	last := job.Errors[len(job.Errors)-1].Error
	if job.Attempt != 3 || !strings.Contains(last, `quarantined`) || !strings.Contains(last, `cpd-jobs run broken --local`) {
		t.Errorf("job ended after %d attempts: %s", job.Attempt, last)
	}
}

// waitFor waits until a count is above zero.
func waitFor(t testing.TB, pool *pgxpool.Pool, count string) {
	t.Helper()
	for {
		var n int
		if err := pool.QueryRow(t.Context(), count).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
