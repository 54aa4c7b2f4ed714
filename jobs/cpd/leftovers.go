package cpd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// dropLeftovers drops the tables of this copy and of those before it that no view shows: the copy that was live, and
// what an attempt that died or failed left behind. A later copy, which may be under way already, is none of ours.
// What cannot be dropped now, because somebody still reads it, the next sync drops.
func (c *tableCopy) dropLeftovers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	names, err := c.leftovers(ctx)
	for _, n := range names {
		dropped := c.drop(ctx, n)
		if errors.Is(dropped, run.ErrLost) {
			return // the worker that has the job now drops them
		}
		err = errors.Join(err, dropped)
	}
	if err != nil {
		c.run.Log().Warn("copies that are no longer needed are still there; the next sync drops them", "error", err)
	}
}

func (c *tableCopy) leftovers(ctx context.Context) ([]name, error) {
	schemas, relations := copySide.names(c.tables)
	rows, _ := c.deps.DB.Query(ctx, `
		SELECT ours.schema, c.relname
		FROM unnest($1::text[], $2::text[]) AS ours (schema, relation)
		JOIN pg_class AS c ON c.relnamespace = ours.schema::regnamespace AND c.relkind = 'r'
		CROSS JOIN LATERAL regexp_match(c.relname, '^(.+)_([0-9]{1,18})$') AS part
		WHERE part[1] = ours.relation AND part[2]::bigint <= $3
			AND NOT EXISTS (
				SELECT FROM pg_depend AS d
				WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
			)
		ORDER BY 1, 2`, schemas, relations, c.number)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n name, err error) {
		return n, row.Scan(&n.schema, &n.relation)
	})
	if err != nil {
		return nil, fmt.Errorf("list the copies: %w", err)
	}
	return list, nil
}

// drop does not wait for locks. Without CASCADE a table that a view shows cannot go, whatever its rows are.
func (c *tableCopy) drop(ctx context.Context, n name) error {
	return pgx.BeginFunc(ctx, c.deps.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", swapLockTimeout.Milliseconds())); err != nil {
			return err
		}
		if err := c.run.Fence(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "DROP TABLE IF EXISTS "+n.quoted())
		return err
	})
}
