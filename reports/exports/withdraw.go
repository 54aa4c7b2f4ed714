package exports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/store"
)

// Withdraw deletes the files of some versions of a report, of all of them where versions is nil, with what is recorded
// of them. The files go before tx ends, and do not come back where it fails: they were not to be had any more, and
// [Repair] removes records without files. A job that is just making files of such a version waits, and is refused.
func Withdraw(ctx context.Context, tx pgx.Tx, s store.Store, report string, versions []int64) ([]Export, error) {
	list, err := query(ctx, tx, `SELECT `+columns+` FROM reports.exports
		WHERE report = $1 AND ($2::bigint[] IS NULL OR version = ANY ($2)) ORDER BY key`, report, versions)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if err := withdraw(ctx, tx, s, e); err != nil {
			return nil, fmt.Errorf("withdraw export %d, %s: %w", e.ID, e.Name, err)
		}
	}
	return list, nil
}

func withdraw(ctx context.Context, tx pgx.Tx, s store.Store, e Export) error {
	if err := lockKey(ctx, tx, e.Key); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM reports.exports WHERE id = $1", e.ID); err != nil {
		return err
	}
	for _, key := range slices.Concat([]string{e.Key}, e.Sidecars) {
		if err := s.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// refuseWithdrawn keeps files of a withdrawn version from being published.
func refuseWithdrawn(ctx context.Context, tx pgx.Tx, e Export) error {
	var why *string
	err := tx.QueryRow(ctx, "SELECT withdrawn_why FROM reports.refreshes WHERE report = $1 AND version = $2 FOR SHARE", e.Report, e.Version).Scan(&why)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil // pruned since
	case err != nil:
		return fmt.Errorf("see whether version %d of %s stands: %w", e.Version, e.Report, err)
	case why != nil:
		return run.Blocked("export the latest version", "version %d of %s was withdrawn: %s", e.Version, e.Report, *why)
	}
	return nil
}
