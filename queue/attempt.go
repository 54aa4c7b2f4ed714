package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
	"cpd-jobs/queue/riverdb"
)

// attempt is one try at one job on this worker, as the job sees it.
type attempt struct {
	worker  *Worker
	jobID   int64
	kind    string
	number  int // counts across takeovers
	meta    metadata
	trace   trace.Trace
	leases  []string
	log     func() *slog.Logger // made when first asked for: most attempts say nothing
	steps   sync.Mutex          // guards the order of steps
	started []*stepRecord
	// logged is set by the first line or step: only then is there anything to flush when the attempt ends.
	logged atomic.Bool
	// changeFollowed is set once a publishing transaction holds what follows the change.
	changeFollowed atomic.Bool
}

var _ run.Run = (*attempt)(nil)

func (a *attempt) ID() int64    { return a.meta.RunID }
func (a *attempt) JobID() int64 { return a.jobID }
func (a *attempt) Tick() time.Time {
	if a.meta.Tick == nil {
		return time.Time{}
	}
	return *a.meta.Tick
}
func (a *attempt) DryRun() bool      { return a.meta.DryRun }
func (a *attempt) Log() *slog.Logger { return a.log() }

// Step runs f as a step whose progress the recorder writes down once a second.
func (a *attempt) Step(ctx context.Context, name string, f func(ctx context.Context, s *run.Step) error) error {
	record := a.begin(name)
	err := f(ctx, record.step)
	record.finish(a.worker.now(), err)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (a *attempt) begin(name string) *stepRecord {
	a.steps.Lock()
	defer a.steps.Unlock()
	a.logged.Store(true)
	record := &stepRecord{
		jobID: a.jobID, attempt: a.number, number: len(a.started) + 1,
		step: run.NewStep(clean.Text(name, clean.MaxName)), started: a.worker.now(),
	}
	a.started = append(a.started, record)
	a.worker.recorder.watch(record)
	return record
}

// Fence locks River's row of this job and the lease, if it holds one: a worker that takes the job over changes both first.
func (a *attempt) Fence(ctx context.Context, tx pgx.Tx) error {
	running, err := riverdb.LockRunning(ctx, tx, a.jobID, a.worker.id)
	if err != nil {
		return err
	}
	if !running {
		return run.ErrLost
	}
	if len(a.leases) == 0 {
		return nil
	}
	tag, err := tx.Exec(ctx, `
		SELECT FROM queue.leases WHERE key = ANY ($1) AND job_id = $2 AND worker = $3
		ORDER BY key FOR NO KEY UPDATE`, a.leases, a.jobID, a.worker.id)
	if err != nil {
		return fmt.Errorf("lock the leases %v: %w", a.leases, err)
	}
	if tag.RowsAffected() < int64(len(a.leases)) {
		return run.ErrLost
	}
	return nil
}

// takeLeases takes what one attempt at a time may hold. Where another job that is running has one of them, it returns
// which, and holds nothing.
func (a *attempt) takeLeases(ctx context.Context) (busy string, err error) {
	for _, key := range a.leases {
		held, err := riverdb.TakeLease(ctx, a.worker.pool, key, a.jobID, a.meta.RunID, a.worker.id)
		if err != nil || !held {
			a.releaseLeases(ctx)
			return key, err
		}
	}
	return "", nil
}

// releaseLeases gives the leases to the jobs that wait first. Where it cannot, those that wait find that this job no
// longer runs.
func (a *attempt) releaseLeases(ctx context.Context) {
	if len(a.leases) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := riverdb.ReleaseLeases(ctx, a.worker.pool, a.jobID); err != nil {
		a.Log().Warn("leases not given back; they lapse with the job", "leases", a.leases, "error", err)
	}
}
