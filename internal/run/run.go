// Package run is what a job and its runner say to each other. A job describes itself as a [Kind] and, while it
// works, speaks through a [Run]: steps with progress, log lines, and the fence that keeps a dead attempt from
// publishing. The runner (package queue, or [Local] in this process) listens. Neither side knows the other.
package run

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// Run is one attempt at one job, as the job sees it. It is safe for concurrent use.
type Run interface {
	// ID spans a chain of jobs and every takeover of each; it is 0 when the job runs outside the queue.
	ID() int64
	// JobID is the River job's, 0 outside the queue.
	JobID() int64
	// Tick is what the job is for where a schedule started it: its due moment, the zero time otherwise. Dates that the
	// work depends on come from here, so that a tick made up late does what it would have done.
	Tick() time.Time
	// DryRun says that the job must change nothing and report what it would have changed.
	DryRun() bool
	// Log writes lines that are kept with the job and shown by `cpd-jobs jobs logs`. No personal data.
	Log() *slog.Logger
	// Step runs f as a named step of the job. The error is f's, with the name of the step in front. Steps do not nest.
	Step(ctx context.Context, name string, f func(ctx context.Context, s *Step) error) error
	// Fence must be called first in every transaction that publishes. It locks the attempt's lease until the
	// transaction ends and fails with [ErrLost] where another worker has taken the job over.
	Fence(ctx context.Context, tx pgx.Tx) error
	// Changed must be called last in every transaction that publishes something different from before, with the data
	// version that it publishes, 0 for none. What follows a change is committed with it: a worker that dies right after
	// takes none of it along.
	Changed(ctx context.Context, tx pgx.Tx, version int64) error
}

// Outcome is what a job that succeeded leaves behind.
type Outcome struct {
	// Changed is true when something that others read is different now. Where the job has not called [Run.Changed], what
	// follows a change follows its end.
	Changed bool `json:"changed"`
	// Version is the data version that was published, or that was found to be current already; 0 if none.
	Version int64 `json:"version,omitempty"`
	// Summary is shown with the job as its result; it must marshal to JSON and hold no personal data.
	Summary any `json:"summary,omitempty"`
}
