package cpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/profile"
	"cpd-jobs/reports/inputs"
)

// swapLockTimeout ends the wait for a lock before a reader that holds one can be taken for a deadlock (one second), and
// before those who queue behind the swap notice. Then the swap comes back.
const swapLockTimeout = 300 * time.Millisecond

// swap makes the copy live, as soon as no reader is in the way.
func (c *tableCopy) swap(ctx context.Context) (outcome run.Outcome, err error) {
	err = c.run.Step(ctx, "swap", func(ctx context.Context, step *run.Step) error {
		retry := pg.LockRetry{
			Tries:   c.deps.swapTries(),
			Waiting: func() { c.run.Log().Info("waiting for readers of the copy before") },
		}
		err := pg.WithLockRetry(ctx, retry, func() error {
			outcome, err = c.trySwap(ctx)
			return err
		})
		if errors.Is(err, pg.ErrLocked) {
			err = fmt.Errorf("reports that read the copy before held it all that time: %w", err)
		}
		step.SetRows(c.details.rows(), c.details.rows())
		return err
	})
	return outcome, err
}

// trySwap re-points every view and publishes the version in one short transaction.
func (c *tableCopy) trySwap(ctx context.Context) (outcome run.Outcome, err error) {
	err = pgx.BeginFunc(ctx, c.deps.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", swapLockTimeout.Milliseconds())); err != nil {
			return err
		}
		if err := c.run.Fence(ctx, tx); err != nil {
			return err
		}
		if err := inputs.Claim(ctx, tx, inputs.CPD); err != nil {
			return err
		}
		for _, t := range c.tables {
			if _, err := tx.Exec(ctx, repoint(t, c.number, c.live[t.to()].columns)); err != nil {
				return fmt.Errorf("re-point %s: %w", t, err)
			}
		}
		outcome, err = c.record(ctx, tx)
		return err
	})
	return outcome, err
}

// record publishes a version even where the content is the same: the source was seen at a later moment.
func (c *tableCopy) record(ctx context.Context, tx pgx.Tx) (run.Outcome, error) {
	last, err := lastPublished(ctx, tx)
	if err != nil {
		return run.Outcome{}, err
	}
	details, err := json.Marshal(c.details)
	if err != nil {
		return run.Outcome{}, err
	}
	hash := c.details.contentHash(c.tables)
	version, err := inputs.Publish(ctx, tx, inputs.Version{
		Input: inputs.CPD, AsAt: c.asOf, ContentHash: hash, Rows: c.details.rows(), RunID: c.run.ID(), Details: details,
	})
	if err == nil {
		err = profile.Save(ctx, tx, inputs.CPD, version, c.profiles)
	}
	changed := hash != last.ContentHash
	if err == nil && changed {
		err = c.run.Changed(ctx, tx, version)
	}
	if err != nil {
		return run.Outcome{}, err
	}
	return run.Outcome{
		Changed: changed, Version: version,
		Summary: summarise(c.asOf, c.tables, c.last.Tables, c.details),
	}, nil
}
