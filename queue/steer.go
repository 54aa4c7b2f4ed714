package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
)

// Cancel stops a job: at once where it waits, and where it runs by ending its context, which cancels its queries.
// A job that has finished already stays as it is; the returned job says so.
func (c *Client) Cancel(ctx context.Context, id int64) (Job, error) {
	if err := riverdb.MakeCancellable(ctx, c.pool, id); err != nil {
		return Job{}, err
	}
	if _, err := c.river.JobCancel(ctx, id); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
		return Job{}, fmt.Errorf("cancel job %d: %w", id, err)
	}
	if err := riverdb.ForgetSetAside(ctx, c.pool, id); err != nil {
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

// Retry runs a finished job again, as a new job of the same run with the same arguments, and one that waits for its next
// attempt at once. A job that is running is refused.
func (c *Client) Retry(ctx context.Context, id int64, by string) (Ticket, error) {
	job, err := FindJob(ctx, c.pool, id)
	if err != nil {
		return Ticket{}, err
	}
	switch {
	case job.State == "running":
		return Ticket{}, run.Blocked(fmt.Sprintf("cancel it first: cpd-jobs jobs cancel %d", id), "job %d is running", id)
	case !job.Finished():
		if _, err := c.river.JobRetry(ctx, id); err != nil {
			return Ticket{}, fmt.Errorf("retry job %d: %w", id, err)
		}
		return Ticket{ID: id, RunID: job.RunID}, nil
	}
	return c.Enqueue(ctx, Request{Kind: job.Kind, Args: job.Args, RunID: job.RunID, By: fmt.Sprintf("%s (job %d again)", by, id)})
}

// Successor finds the job that went on with the work of a job, however many workers died under it: the job itself
// where none did.
func Successor(ctx context.Context, db pg.Querier, job Job) (Job, error) {
	for job.TakenOverBy != 0 {
		next, err := FindJob(ctx, db, job.TakenOverBy)
		if err != nil {
			return job, err
		}
		job = next
	}
	return job, nil
}
