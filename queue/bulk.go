package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
)

// JobSelection names jobs by what they have in common; what is empty does not narrow it.
type JobSelection struct {
	State    string    `json:"state,omitempty"`
	Kind     string    `json:"kind,omitempty"`
	Schedule string    `json:"schedule,omitempty"`
	Since    time.Time `json:"since,omitzero"` // created then or later
}

// Empty says that the selection names no jobs in particular.
func (s JobSelection) Empty() bool { return s == JobSelection{} }

// The states of jobs that can be cancelled, and of those that are retried where no state is given.
var (
	cancellable = []string{"available", "pending", "scheduled", "retryable", "running"}
	retried     = []string{"discarded"}
)

// Cancellable lists the jobs of a selection that [Client.CancelJobs] would cancel, oldest first.
func Cancellable(ctx context.Context, db pg.Querier, s JobSelection) ([]int64, error) {
	if s.State != "" && s.State != quarantined && !slices.Contains(cancellable, s.State) {
		return nil, run.Invalid("leave the state out, or name one of "+strings.Join(cancellable, ", ")+", "+quarantined,
			"jobs that are %s cannot be cancelled", s.State)
	}
	return selected(ctx, db, s, cancellable)
}

// Retryable lists the jobs of a selection that [Client.RetryJobs] would run again, oldest first: the discarded ones
// where the selection names no state. A job that was taken over or run again is not
// among them: what goes on in its place is.
func Retryable(ctx context.Context, db pg.Querier, s JobSelection) ([]int64, error) {
	if s.State == "running" {
		return nil, run.Invalid("cancel them first: cpd-jobs jobs cancel --state running", "jobs that are running cannot be run again")
	}
	return selected(ctx, db, s, retried)
}

func selected(ctx context.Context, db pg.Querier, s JobSelection, states []string) ([]int64, error) {
	if s.Empty() {
		return nil, run.Invalid("give an id, or --state, --kind, --schedule or --since", "no jobs are named")
	}
	if s.State != "" {
		states = []string{s.State}
	}
	rows, _ := db.Query(ctx, `
		SELECT id FROM queue.jobs
		WHERE (state = ANY ($1) OR run_state = ANY ($1)) AND ($2 = '' OR kind = $2) AND ($3 = '' OR metadata ->> 'schedule' = $3) AND created_at >= $4
		  AND superseded_by IS NULL
		ORDER BY id`, states, s.Kind, s.Schedule, s.Since)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("select jobs: %w", err)
	}
	return ids, nil
}

// CancelJobs cancels the jobs of a selection, and says which. The ticks of a selected schedule that wait for their turn
// are cancelled before, unless the selection names a state: else the end of one job would let the next begin. The jobs
// that could not be cancelled are in the error; the others are.
func (c *Client) CancelJobs(ctx context.Context, s JobSelection) (done []int64, ticks int64, err error) {
	if s.Schedule != "" && s.State == "" {
		if ticks, err = cancelWaiting(ctx, c.pool, s.Schedule, s.Since); err != nil {
			return nil, 0, err
		}
	}
	ids, err := Cancellable(ctx, c.pool, s)
	if err != nil {
		return nil, ticks, err
	}
	var failures []error
	for _, id := range ids {
		if _, err := c.Cancel(ctx, id); err != nil {
			failures = append(failures, err)
			continue
		}
		done = append(done, id)
	}
	return done, ticks, errors.Join(failures...)
}

// RetryJobs runs the jobs of a selection again, and says which jobs do. Those that could not are in the error.
func (c *Client) RetryJobs(ctx context.Context, s JobSelection, by string) (begun []Ticket, err error) {
	ids, err := Retryable(ctx, c.pool, s)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, id := range ids {
		ticket, err := c.Retry(ctx, id, by)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		begun = append(begun, ticket)
	}
	return begun, errors.Join(failures...)
}
