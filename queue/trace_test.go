package queue_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/log"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
	"cpd-jobs/queue"
)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

// lines keeps what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// about has the JSON lines about a job.
func (l *lines) about(t *testing.T, job int64) (list []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if id, ok := fields["labels.job"].(float64); ok && int64(id) == job {
			list = append(list, fields)
		}
	}
	return list
}

// TestTraceGoesFromRequestToJobToFollowUp looks at the rows and at every log line of all three.
func TestTraceGoesFromRequestToJobToFollowUp(t *testing.T) {
	t.Parallel()
	said := &lines{}
	ended := make(chan int64, 10)
	b := start(t, func(o *queue.WorkerOptions) {
		o.Log = log.New(said, log.Options{Format: "json", Level: slog.LevelDebug})
		o.Observe = func(e queue.Ended) { ended <- e.JobID }
	}, kind("first", func(_ context.Context, r run.Run, _ testArgs) (run.Outcome, error) {
		r.Log().Info("first says")
		return run.Outcome{Changed: true}, nil
	}), kind("second", func(ctx context.Context, r run.Run, _ testArgs) (run.Outcome, error) {
		r.Log().Info("second says", "under", trace.From(ctx).ID())
		return run.Outcome{}, nil
	}))
	b.schedules(`schedules: [{name: chain, kind: second, after: {kind: first, when: changed}}]`)
	ctx := trace.With(t.Context(), trace.Parse("00-"+traceID+"-00f067aa0ba902b7-01"))
	ticket, err := b.worker.Client().Enqueue(ctx, queue.Request{Kind: "first", By: "test"})
	if err != nil {
		t.Fatal(err)
	}
	first := b.wait(ticket.ID)
	jobs, err := queue.ListJobs(t.Context(), b.pool, queue.JobFilter{RunID: ticket.RunID})
	if err != nil || len(jobs) != 2 {
		t.Fatalf("%d jobs (%v), want the one and what follows it", len(jobs), err)
	}
	second := b.wait(jobs[0].ID)
	for seen := []int64{}; !slices.Contains(seen, first.ID) || !slices.Contains(seen, second.ID); {
		seen = append(seen, <-ended)
	}
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	for _, job := range []queue.Job{first, second} {
		if job.TraceID != traceID {
			t.Errorf("job %d (%s) has the trace %s, want %s", job.ID, job.Kind, job.TraceID, traceID)
		}
		list := said.about(t, job.ID)
		if len(list) != 2 {
			t.Errorf("%d lines about job %d (%s), want its own and its end", len(list), job.ID, job.Kind)
		}
		for _, line := range list {
			if line["trace.id"] != traceID || line["labels.kind"] != job.Kind || line["labels.run"] != float64(ticket.RunID) {
				t.Errorf("a line about job %d (%s) of run %d: %v", job.ID, job.Kind, ticket.RunID, line)
			}
			if under, ok := line["labels.under"]; ok && under != traceID {
				t.Errorf("the second job works under the trace %v", under)
			}
		}
	}
}

func TestEachRequestBeginsATrace(t *testing.T) {
	t.Parallel()
	b := start(t, nil, kind("greet", func(context.Context, run.Run, testArgs) (run.Outcome, error) { return run.Outcome{}, nil }))
	one, other := b.wait(b.enqueue("greet", "{}")), b.wait(b.enqueue("greet", "{}"))
	if len(one.TraceID) != 32 || one.TraceID == other.TraceID {
		t.Errorf("traces %q and %q, want two", one.TraceID, other.TraceID)
	}
}

// TestCostIsKeptWithTheJob has a job read a known number of bytes in two attempts.
func TestCostIsKeptWithTheJob(t *testing.T) {
	t.Parallel()
	const bytes = 200_000
	var b *bench
	failed := false
	told := make(chan cost.Cost, 10)
	b = start(t, func(o *queue.WorkerOptions) { o.ObserveCost = func(_ string, c cost.Cost) { told <- c } },
		kind("read", func(ctx context.Context, _ run.Run, _ testArgs) (run.Outcome, error) {
			var text string
			if err := b.pool.QueryRow(ctx, "SELECT repeat('x', $1)", bytes).Scan(&text); err != nil {
				return run.Outcome{}, err
			}
			if !failed {
				failed = true
				return run.Outcome{}, context.DeadlineExceeded
			}
			return run.Outcome{Changed: true}, nil
		}),
		kind("nothing", func(context.Context, run.Run, testArgs) (run.Outcome, error) { return run.Outcome{}, nil }))
	id := b.enqueue("read", "{}")
	once := <-told
	if once.BytesRead < bytes || once.BytesRead > bytes*11/10 || once.DatabaseSeconds <= 0 {
		t.Errorf("one attempt cost %+v, want a little over %d bytes read", once, bytes)
	}
	if _, err := b.worker.Client().Retry(t.Context(), id, "test"); err != nil {
		t.Logf("not hurried: %v", err) // its own retry comes in five seconds
	}
	job := b.wait(id)
	if job.Cost == nil || job.Cost.BytesRead < 2*bytes || job.Cost.BytesRead > 2*bytes*11/10 || job.Cost.BytesWritten == 0 {
		t.Errorf("the job cost %+v, want a little over %d bytes read in two attempts", job.Cost, 2*bytes)
	}
	var seen cost.Cost
	err := b.pool.QueryRow(t.Context(), "SELECT cpu_seconds, database_seconds, bytes_read, bytes_written FROM queue.costs WHERE job_id = $1", id).
		Scan(&seen.CPUSeconds, &seen.DatabaseSeconds, &seen.BytesRead, &seen.BytesWritten)
	if err != nil || job.Cost != nil && seen != *job.Cost {
		t.Errorf("queue.costs has %+v (%v), want %+v", seen, err, job.Cost)
	}
	if job := b.wait(b.enqueue("nothing", "{}")); job.Cost != nil {
		t.Errorf("a job that did nothing keeps %+v", job.Cost)
	}
}
