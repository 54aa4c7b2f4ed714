package migrations

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrForeign says that a database has tables and none of them is this program's: it belongs to another.
var ErrForeign = errors.New("the database has tables of another program and none of cpd-jobs")

// ErrSwapped says more than [ErrForeign], which it wraps: the tables are those of the CPD service.
var ErrSwapped = fmt.Errorf("%w: these are the CPD service's", ErrForeign)

// CheckOwn refuses a database that is not this program's, with [ErrForeign]: one that has tables, but not ours. It
// changes nothing. Tables of extensions do not count.
func CheckOwn(ctx context.Context, pool *pgxpool.Pool) error {
	var ours bool
	if err := pool.QueryRow(ctx, "SELECT to_regclass('queue.schedules') IS NOT NULL").Scan(&ours); err != nil || ours {
		return err
	}
	// A migration that was interrupted may have left the ledger and River's tables.
	rows, _ := pool.Query(ctx, `
		SELECT n.nspname || '.' || c.relname
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> ALL ($1) AND n.nspname !~ '^pg_' AND c.relname <> 'goose_db_version'
		  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
		ORDER BY 1`, []string{"information_schema", RiverSchema})
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return fmt.Errorf("list the database's tables: %w", err)
	case len(tables) == 0:
		return nil
	case slices.Contains(tables, "public.induction_records") && slices.Contains(tables, "public.schools"):
		return ErrSwapped
	}
	return fmt.Errorf("%w: %s", ErrForeign, strings.Join(tables[:min(3, len(tables))], ", "))
}

// hasLedger says whether migrations were ever recorded in the database. goose makes its ledger where it is missing,
// also when it only reads.
func hasLedger(ctx context.Context, pool *pgxpool.Pool) (exists bool, err error) {
	err = pool.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&exists)
	return exists, err
}
