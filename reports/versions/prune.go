package versions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
)

// errDryRun takes back what a dry run did.
var errDryRun = errors.New("dry run")

// Pruned says what [Prune] took away.
type Pruned struct {
	Refreshes int64 `json:"refreshes"`
	Changes   int64 `json:"changes"`
	Checks    int64 `json:"checks"`
}

// Prune forgets how reports were before the instant. What was live at that instant, and everything since, can still be
// rebuilt. It is meant to be called daily with now - the retention of versions; calling it twice does nothing more. A
// dry run takes it back.
func Prune(ctx context.Context, r run.Run, pool *pgxpool.Pool, before time.Time,
	list []*definition.Definition) (Pruned, error) {
	var total Pruned
	var problems []error
	for _, d := range list {
		p, err := pruneOne(ctx, r, pool, d, before)
		total.Refreshes += p.Refreshes
		total.Changes += p.Changes
		total.Checks += p.Checks
		problems = append(problems, err)
	}
	return total, errors.Join(problems...)
}

func pruneOne(ctx context.Context, r run.Run, pool *pgxpool.Pool, d *definition.Definition, before time.Time) (p Pruned, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := r.Fence(ctx, tx); err != nil {
			return err
		}
		if p, err = prune(ctx, tx, d, before); err == nil && r.DryRun() {
			return errDryRun
		}
		return err
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return Pruned{}, fmt.Errorf("prune the history of %s: %w", d.Name, err)
	}
	return p, nil
}

func prune(ctx context.Context, tx pgx.Tx, d *definition.Definition, before time.Time) (p Pruned, err error) {
	oldest, err := oldestToKeep(ctx, tx, d.Name, before)
	if err != nil || oldest == 0 {
		return p, err
	}
	if !d.Restricted() {
		if p.Changes, err = deleted(ctx, tx, "DELETE FROM "+d.Changes().Sanitize()+" WHERE version <= $1", oldest); err != nil {
			return p, err
		}
	}
	if p.Checks, err = deleted(ctx, tx, "DELETE FROM reports.check_results WHERE report = $1 AND checked_at < $2", d.Name, before); err != nil {
		return p, err
	}
	p.Refreshes, err = deleted(ctx, tx, "DELETE FROM reports.refreshes WHERE report = $1 AND version < $2", d.Name, oldest)
	if err != nil || p.Refreshes == 0 {
		return p, err
	}
	_, err = tx.Exec(ctx, `
		UPDATE reports.definitions d SET history_from = f.published_at
		FROM reports.refreshes f WHERE d.report = $1 AND f.report = $1 AND f.version = $2`, d.Name, oldest)
	return p, err
}

// oldestToKeep is the version that was live at the instant, 0 if none was. The report's row is locked, so that no
// refresh is published meanwhile.
func oldestToKeep(ctx context.Context, tx pgx.Tx, report string, at time.Time) (int64, error) {
	switch _, err := LockLive(ctx, tx, report); {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, nil // a report without tables has no history
	case err != nil:
		return 0, err
	}
	var oldest int64
	err := tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM reports.refreshes WHERE report = $1 AND published_at <= $2", report, at).Scan(&oldest)
	return oldest, err
}

func deleted(ctx context.Context, tx pgx.Tx, sql string, args ...any) (int64, error) {
	tag, err := tx.Exec(ctx, sql, args...)
	return tag.RowsAffected(), err
}
