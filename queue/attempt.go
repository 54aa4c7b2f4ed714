package queue

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
)

// attempt is one try at one job on this worker, as the job sees it.
type attempt struct {
	worker  *Worker
	jobID   int64
	number  int // counts across takeovers
	meta    metadata
	trace   trace.Trace
	leases  []string
	log     func() *slog.Logger // made when first asked for: most attempts say nothing
	steps   sync.Mutex          // guards the order of steps
	started []*stepRecord
	// logged is set by the first line or step: only then is there anything to flush when the attempt ends.
	logged atomic.Bool
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
		step: run.NewStep(name), started: a.worker.now(),
	}
	a.started = append(a.started, record)
	a.worker.recorder.watch(record)
	return record
}

// Fence locks River's row of this job and the lease, if it holds one: whoever takes the job over changes both first.
func (a *attempt) Fence(ctx context.Context, tx pgx.Tx) error {
	tag, err := tx.Exec(ctx, `
		SELECT FROM river.river_job
		WHERE id = $1 AND state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $2
		FOR NO KEY UPDATE`, a.jobID, a.worker.id)
	if err != nil {
		return fmt.Errorf("lock the job's row: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return run.ErrLost
	}
	if len(a.leases) == 0 {
		return nil
	}
	tag, err = tx.Exec(ctx, `SELECT FROM queue.leases WHERE key = ANY ($1) AND job_id = $2 AND worker = $3 ORDER BY key FOR NO KEY UPDATE`,
		a.leases, a.jobID, a.worker.id)
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
		held, err := a.takeLease(ctx, key)
		if err != nil || !held {
			a.dropLeases(ctx)
			return key, err
		}
	}
	return "", nil
}

func (a *attempt) takeLease(ctx context.Context, key string) (bool, error) {
	tag, err := a.worker.pool.Exec(ctx, `
		INSERT INTO queue.leases AS held (key, job_id, run_id, worker) VALUES ($1, $2, $3, $4)
		ON CONFLICT (key) DO UPDATE
		SET job_id = excluded.job_id, run_id = excluded.run_id, worker = excluded.worker, taken_at = now()
		WHERE held.job_id = excluded.job_id OR NOT EXISTS (
			SELECT FROM river.river_job AS j WHERE j.id = held.job_id AND j.state = 'running'
		)`, key, a.jobID, a.meta.RunID, a.worker.id)
	if err != nil {
		return false, fmt.Errorf("take the lease %s: %w", key, err)
	}
	return tag.RowsAffected() == 1, nil
}

//go:embed sql/drop_leases.sql
var dropLeasesSQL string

// dropLeases gives the leases to whoever waits first. Where it cannot, those who wait find that this job no longer runs.
func (a *attempt) dropLeases(ctx context.Context) {
	if len(a.leases) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := a.worker.pool.Exec(ctx, dropLeasesSQL, a.jobID, riverSchema)
	if err != nil {
		a.Log().Warn("leases not given back; they lapse with the job", "leases", a.leases, "error", err)
	}
}
