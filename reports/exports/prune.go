package exports

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/store"
)

// Retention says which exports are kept: the newest of each report and format, and all that are younger than an age.
// The newest file of a whole report is kept whatever it says.
type Retention struct {
	Keep      int
	OlderThan time.Duration
}

// Database is a pool or a connection.
type Database interface {
	pg.Querier
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Fence is called first in every transaction that deletes, and keeps a worker that has lost its job from doing so; nil
// where it cannot be lost.
type Fence func(ctx context.Context, tx pgx.Tx) error

//go:embed sql/prunable.sql
var prunableSQL string

// Prunable lists what [Prune] would delete, oldest first.
func Prunable(ctx context.Context, db pg.Querier, r Retention) ([]Export, error) {
	return query(ctx, db, `SELECT `+columns+` FROM reports.exports WHERE id IN (`+prunableSQL+`) ORDER BY id`,
		pgx.NamedArgs{"keep": r.Keep, "seconds": r.OlderThan.Seconds()})
}

// Prune deletes the files that need not be kept, and what is recorded of them. It gives what it deleted, also where it
// fails part-way.
func Prune(ctx context.Context, db Database, s store.Store, r Retention, fence Fence) (deleted []Export, err error) {
	list, err := Prunable(ctx, db, r)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		gone, err := remove(ctx, db, s, e, fence, func() (bool, error) { return true, nil })
		if err != nil {
			return deleted, fmt.Errorf("delete export %d, %s: %w", e.ID, e.Name, err)
		}
		if gone {
			deleted = append(deleted, e)
		}
	}
	return deleted, nil
}

// remove deletes an export's files and its record, if it is still there and sure says so. The record goes last: while
// its transaction lasts no other process can publish files of those names. A process that dies in between leaves a
// record without a file, which [Repair] removes.
func remove(ctx context.Context, db Database, s store.Store, e Export, fence Fence, sure func() (bool, error)) (gone bool, err error) {
	err = locked(ctx, db, e.Key, fence, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "DELETE FROM reports.exports WHERE id = $1", e.ID)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		if gone, err = sure(); err != nil || !gone {
			return errors.Join(err, errKept)
		}
		for _, key := range append([]string{e.Key}, e.Sidecars...) {
			if err := s.Delete(ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errKept) {
		return false, nil
	}
	return gone && err == nil, err
}

// errKept rolls back a deletion that turned out not to be wanted.
var errKept = errors.New("kept")

// locked runs f in a transaction in which no other publishes or deletes the file of a key.
func locked(ctx context.Context, db Database, key string, fence Fence, f func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if fence != nil {
			if err := fence(ctx, tx); err != nil {
				return err
			}
		}
		if err := lockKey(ctx, tx, key); err != nil {
			return err
		}
		return f(tx)
	})
}

// lockKey waits for other transactions that publish or delete the file of a key.
func lockKey(ctx context.Context, tx pgx.Tx, key string) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('export ' || $1, 0))", key); err != nil {
		return fmt.Errorf("lock %s: %w", key, err)
	}
	return nil
}
