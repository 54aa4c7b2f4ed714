package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
)

// BackfillInfo is a backfill and how far it has come.
type BackfillInfo struct {
	ID       int64     `json:"id"`
	Schedule string    `json:"schedule"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	AtOnce   int       `json:"at_once"`
	// SharesOverlap says that its jobs count as those of the schedule where ticks overlap.
	SharesOverlap bool `json:"shares_overlap"`
	// State is running, paused, set_aside (no worker can go on with it: Reason says why), finished or cancelled.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	// DoneTo is the last tick that it has dealt with; Unfinished are its jobs that have not ended.
	DoneTo     time.Time  `json:"done_to"`
	Unfinished int        `json:"unfinished"`
	By         string     `json:"by"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

// Backfills lists backfills, latest first: those that have not ended, or with all the last hundred.
func Backfills(ctx context.Context, db riverdb.DB, all bool) ([]BackfillInfo, error) {
	return readBackfills(ctx, db, "WHERE $1 OR finished_at IS NULL ORDER BY id DESC LIMIT 100", all)
}

// FindBackfill finds a backfill by number; where there is none the error is of class Invalid.
func FindBackfill(ctx context.Context, db riverdb.DB, id int64) (BackfillInfo, error) {
	list, err := readBackfills(ctx, db, "WHERE id = $1", id)
	if err != nil {
		return BackfillInfo{}, err
	}
	if len(list) == 0 {
		return BackfillInfo{}, run.Invalid("cpd-jobs backfills list shows them", "there is no backfill %d", id)
	}
	return list[0], nil
}

func readBackfills(ctx context.Context, db riverdb.DB, where string, args ...any) ([]BackfillInfo, error) {
	rows, _ := db.Query(ctx, `
		SELECT id, schedule, from_at AS from, to_at AS to, at_once, shares_overlap, CASE
			WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN finished_at IS NOT NULL THEN 'finished'
			WHEN paused_at IS NOT NULL THEN 'paused' WHEN set_aside_at IS NOT NULL THEN 'set_aside' ELSE 'running' END AS state,
			coalesce(set_aside_reason, '') AS reason, done_to, 0 AS unfinished, by, created_at, finished_at
		FROM queue.backfills `+where, args...)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[BackfillInfo])
	if err != nil {
		return nil, fmt.Errorf("read the backfills: %w", err)
	}
	for i := range list {
		b := &list[i]
		jobs, err := riverdb.UnfinishedOfBackfill(ctx, db, b.ID)
		if err != nil {
			return nil, err
		}
		b.Unfinished = len(jobs)
		b.From, b.To, b.DoneTo, b.CreatedAt, b.FinishedAt = b.From.UTC(), b.To.UTC(), b.DoneTo.UTC(), b.CreatedAt.UTC(), inUTC(b.FinishedAt)
	}
	return list, nil
}

// PauseBackfill lets no further job of a backfill begin; those that have begun go on.
func (c *Client) PauseBackfill(ctx context.Context, id int64) (BackfillInfo, error) {
	return c.steerBackfill(ctx, id, "UPDATE queue.backfills SET paused_at = coalesce(paused_at, clock_timestamp()) WHERE id = $1 AND finished_at IS NULL")
}

// ResumeBackfill lets a backfill go on that was paused or set aside.
func (c *Client) ResumeBackfill(ctx context.Context, id int64) (BackfillInfo, error) {
	return c.steerBackfill(ctx, id, "UPDATE queue.backfills SET paused_at = NULL, retry_at = NULL WHERE id = $1 AND finished_at IS NULL")
}

// CancelBackfill ends a backfill and cancels its jobs that have not ended. Ticks that it has not come to stay as they
// are.
func (c *Client) CancelBackfill(ctx context.Context, id int64) (BackfillInfo, error) {
	return c.steerBackfill(ctx, id, `
		UPDATE queue.backfills SET cancelled_at = clock_timestamp(), finished_at = clock_timestamp() WHERE id = $1 AND finished_at IS NULL`)
}

// steerBackfill changes a backfill that has not ended; one that is cancelled takes its jobs with it.
func (c *Client) steerBackfill(ctx context.Context, id int64, update string) (BackfillInfo, error) {
	var info BackfillInfo
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, update, id)
		if err != nil {
			return err
		}
		if info, err = FindBackfill(ctx, tx, id); err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return run.Blocked("start another one: cpd-jobs schedules backfill "+info.Schedule, "backfill %d is %s", id, info.State)
		}
		if info.State != "cancelled" {
			return nil
		}
		jobs, err := riverdb.UnfinishedOfBackfill(ctx, tx, id)
		if err != nil {
			return err
		}
		return c.cancelAll(ctx, tx, jobs)
	})
	if f, ok := errors.AsType[*run.Failure](err); ok {
		return info, f
	}
	if err != nil {
		return info, fmt.Errorf("change backfill %d: %w", id, err)
	}
	return info, nil
}
