package cpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/inputs"
)

// The swap gives up waiting for a lock before a reader that holds one can be taken for a deadlock (one second), and
// before those who queue behind it notice. Then it comes back.
const (
	swapLockTimeout = 300 * time.Millisecond
	swapRetry       = time.Second
)

var errNotNow = errors.New("reports that read the copy before held it all that time")

// swap makes the copy live, as soon as no reader is in the way.
func (c *tableCopy) swap(ctx context.Context) (outcome run.Outcome, err error) {
	err = c.run.Step(ctx, "swap", func(ctx context.Context, step *run.Step) error {
		ctx, cancel := context.WithTimeoutCause(ctx, c.deps.swapPatience(), errNotNow)
		defer cancel()
		outcome, err = c.trySwap(ctx)
		for tries := 1; inTheWay(err); tries++ {
			if tries == 1 {
				c.run.Log().Info("waiting for readers of the copy before")
			}
			if err := pause(ctx, swapRetry/2+rand.N(swapRetry)); err != nil {
				return err
			}
			outcome, err = c.trySwap(ctx)
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
	if err != nil {
		return run.Outcome{}, err
	}
	return run.Outcome{
		Changed: hash != last.ContentHash, Version: version,
		Summary: summarise(c.asOf, c.tables, c.last.Tables, c.details),
	}, nil
}

// inTheWay says that somebody holds a lock that the swap needs, and will let go of it.
func inTheWay(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (answer.Code == "55P03" || answer.Code == "40P01")
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
