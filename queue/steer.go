package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
	"cpd-jobs/queue/riverdb"
)

// Cancel stops a job, under whatever id it goes on: at once where it waits, and where it runs by ending its context, which
// cancels its queries. A job that has finished already stays as it is, but for one in quarantine, which leaves it; the
// returned job says so.
func (c *Client) Cancel(ctx context.Context, id int64) (Job, error) {
	job, err := FindJob(ctx, c.pool, id)
	if err != nil {
		return Job{}, err
	}
	if job.RunState == quarantined {
		if err := riverdb.Unquarantine(ctx, c.pool, job.latest()); err != nil {
			return Job{}, err
		}
		return FindJob(ctx, c.pool, id)
	}
	if err := riverdb.MakeCancellable(ctx, c.pool, job.latest()); err != nil {
		return Job{}, err
	}
	if _, err := c.river.JobCancel(ctx, job.latest()); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
		return Job{}, fmt.Errorf("cancel job %d: %w", id, err)
	}
	if err := riverdb.ForgetSetAside(ctx, c.pool, job.latest()); err != nil {
		return Job{}, err
	}
	return FindJob(ctx, c.pool, id)
}

// cancelAll cancels jobs within tx.
func (c *Client) cancelAll(ctx context.Context, tx pgx.Tx, ids []int64) error {
	for _, id := range ids {
		if _, err := c.river.JobCancelTx(ctx, tx, id); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
			return fmt.Errorf("cancel job %d: %w", id, err)
		}
	}
	return nil
}

// Retry runs a finished job again, as a new job of the same run that goes on in its place and keeps all of its request, and
// one that waits for its next attempt at once. A job that is running is refused.
func (c *Client) Retry(ctx context.Context, id int64, by string) (Ticket, error) {
	job, err := FindJob(ctx, c.pool, id)
	if err != nil {
		return Ticket{}, err
	}
	last := job.latest()
	switch {
	case job.State == "running":
		return Ticket{}, run.Blocked(fmt.Sprintf("cancel it first: cpd-jobs jobs cancel %d", id), "job %d is running", id)
	case !job.Finished():
		if _, err := c.river.JobRetry(ctx, last); err != nil {
			return Ticket{}, fmt.Errorf("retry job %d: %w", id, err)
		}
		return Ticket{ID: last, RunID: job.RunID}, nil
	}
	var ticket Ticket
	err = pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		ticket, err = c.again(ctx, tx, job, by)
		return err
	})
	return ticket, err
}

// again inserts the job that goes on in place of a finished one.
func (c *Client) again(ctx context.Context, tx pgx.Tx, job Job, by string) (Ticket, error) {
	last := job.latest()
	var raw json.RawMessage
	if err := tx.QueryRow(ctx, "SELECT metadata FROM queue.jobs WHERE id = $1", last).Scan(&raw); err != nil {
		return Ticket{}, fmt.Errorf("read job %d: %w", last, err)
	}
	meta, _ := decodeMetadata(raw) // a person asks for it: what cannot be read is left out
	maxAttempts := max(1, job.MaxAttempts-meta.BaseAttempt)
	if kind, known := c.kinds[job.Kind]; known {
		maxAttempts = kind.MaxAttempts
	}
	runs := []Request{{RunID: meta.RunID}}
	if err := c.giveRunIDs(ctx, tx, runs); err != nil {
		return Ticket{}, err
	}
	meta.RunID, meta.StartedBy, meta.Traceparent = runs[0].RunID, fmt.Sprintf("%s (job %d again)", by, job.ID), trace.Of(ctx).String()
	meta.BaseAttempt, meta.Previous = job.Attempt, last
	meta.Deaths, meta.Snoozes, meta.Cost = 0, 0, nil // of the attempts so far
	next, err := c.insertAgain(ctx, tx, job.Kind, job.Args, &river.InsertOpts{
		Queue: job.Queue, Priority: job.Priority, MaxAttempts: maxAttempts, Metadata: meta.encode(),
	})
	if err != nil {
		return Ticket{}, err
	}
	superseded, err := riverdb.Supersede(ctx, tx, last, next)
	if err == nil && !superseded {
		err = run.Blocked(fmt.Sprintf("cpd-jobs jobs show %d", job.ID), "job %d was run again meanwhile", job.ID)
	}
	return Ticket{ID: next, RunID: meta.RunID}, err
}
