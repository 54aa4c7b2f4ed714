package queue

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// idleWorker is a worker whose loops do not run: a test makes each of its moves by itself, on a real database.
type idleWorker struct {
	*Worker
	t   testing.TB
	log *logged
}

// logged keeps what a worker logs.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// idle makes a registered worker with the given kinds; its heartbeats count as healthy.
func idle(t testing.TB, kinds ...run.Kind) *idleWorker {
	t.Helper()
	return idleOn(t, pgtest.New(t), kinds...)
}

func idleOn(t testing.TB, pool *pgxpool.Pool, kinds ...run.Kind) *idleWorker {
	t.Helper()
	return idleWithin(t, pool, answerWithin, kinds...)
}

// idleWithin is one that waits for an answer of the database for no longer than within.
func idleWithin(t testing.TB, pool *pgxpool.Pool, within time.Duration, kinds ...run.Kind) *idleWorker {
	t.Helper()
	w := &idleWorker{t: t, log: &logged{}}
	var err error
	w.Worker, err = newWorker(pool, WorkerOptions{
		ID: NewWorkerID("idle"), Host: "idle", PID: 1, Version: "test", Kinds: kinds, Queues: map[string]int{"default": 5},
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: time.Now,
	}, within)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.pool.Close)
	if err := w.register(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

type noArgs struct {
	Note string `json:"note" default:""`
}

// kindOf is a kind of five attempts that does nothing; its lease is the note of its arguments where leased.
func kindOf(name string, leased bool) run.Kind {
	lease := func(a noArgs) string { return "note:" + a.Note }
	if !leased {
		lease = nil
	}
	return run.NewKind(run.Kind{Name: name, Queue: "default", Timeout: time.Minute, MaxAttempts: 5}, lease,
		func(context.Context, run.Run, noArgs) (run.Outcome, error) { return run.Outcome{}, nil })
}

func (w *idleWorker) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// scan reads the one row of a query.
func (w *idleWorker) scan(sql string, args []any, into ...any) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(into...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *idleWorker) count(sql string, args ...any) (n int) {
	w.t.Helper()
	w.scan("SELECT count(*) FROM "+sql, args, &n)
	return n
}

func (w *idleWorker) enqueue(r Request) Ticket {
	w.t.Helper()
	if r.Args == nil {
		r.Args = json.RawMessage("{}")
	}
	ticket, err := w.client.Enqueue(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return ticket
}

// runsOn inserts a job and marks it as running on a worker in its first attempt, as River does when it fetches one.
func (w *idleWorker) runsOn(workerID string, r Request) Ticket {
	w.t.Helper()
	ticket := w.enqueue(r)
	w.exec(`UPDATE river.river_job SET state = 'running', attempt = attempt + 1, attempted_at = now(),
		attempted_by = array_append(attempted_by, $2) WHERE id = $1`, ticket.ID, workerID)
	return ticket
}

// attemptAt is the attempt that this worker makes at a job that runs on it.
func (w *idleWorker) attemptAt(id int64) *attempt {
	w.t.Helper()
	job, err := w.river.JobGet(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	kind, err := w.client.Kind(job.Kind)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := (&kindWorker{kind: kind, worker: w.Worker}).attempt(&river.Job[payload]{JobRow: job, Args: payload{job.Kind, job.EncodedArgs}})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// job is the one row that has the id, whatever has gone on in its place.
func (w *idleWorker) job(id int64) Job {
	w.t.Helper()
	jobs, err := ListJobs(w.t.Context(), w.pool, JobFilter{Before: id + 1, Limit: 1, All: true})
	if err != nil || len(jobs) != 1 || jobs[0].ID != id {
		w.t.Fatalf("job %d: %v, %v", id, jobs, err)
	}
	return jobs[0]
}

// found is what a person is told who asks for an id.
func (w *idleWorker) found(id int64) Job {
	w.t.Helper()
	job, err := FindJob(w.t.Context(), w.pool, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return job
}

// metadata is that of a job's row.
func (w *idleWorker) metadata(id int64) metadata {
	w.t.Helper()
	var raw []byte
	w.scan("SELECT metadata FROM queue.jobs WHERE id = $1", []any{id}, &raw)
	meta, err := decodeMetadata(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return meta
}

// takesOver has this worker look after the jobs that run nowhere.
func (w *idleWorker) takesOver() {
	w.t.Helper()
	if err := w.takeOver(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *idleWorker) inTx(f func(tx pgx.Tx) error) error {
	w.t.Helper()
	return pgx.BeginFunc(w.t.Context(), w.pool, f)
}
