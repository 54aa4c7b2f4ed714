package pgtest

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

const (
	// testPrefix begins the names of tests' databases; the second at which they were made follows.
	testPrefix = "cpd_test_"
	// oldDatabase is when a test's database must be one that a killed test left.
	oldDatabase = 2 * time.Hour
	// oldFilled is how long ago a template that a test has filled was last wanted when its program must be gone: each
	// change of the sources makes another.
	oldFilled = time.Hour
	// oldTemplate is how long ago a template was last wanted when its migrations must have been changed since.
	oldTemplate = 3 * 24 * time.Hour
)

// leftoversSQL lists databases without sessions that are older than the limits, in Unix seconds.
const leftoversSQL = `
	SELECT datname
	FROM pg_database d
	WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
	  AND (datname ~ '^cpd_filled_' AND coalesce(shobj_description(oid, 'pg_database'), '0')::bigint < @filled
	    OR datname ~ '^cpd_test_[0-9]+_' AND split_part(datname, '_', 3)::bigint < @database
	    OR datname ~ '^cpd_template_' AND coalesce(shobj_description(oid, 'pg_database'), '0')::bigint < @template)`

// removeOld drops what killed tests left, and templates of migrations long gone.
func (s *shared) removeOld(ctx context.Context, now time.Time) error {
	return s.locked(ctx, func(conn *pgx.Conn) error {
		rows, _ := conn.Query(ctx, leftoversSQL, pgx.NamedArgs{
			"database": now.Add(-oldDatabase).Unix(), "filled": now.Add(-oldFilled).Unix(), "template": now.Add(-oldTemplate).Unix(),
		})
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("list what killed tests left: %w", err)
		}
		for _, name := range names {
			if err := drop(ctx, conn, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func drop(ctx context.Context, conn *pgx.Conn, name string) error {
	quoted := pg.Ident(name)
	for _, sql := range []string{"ALTER DATABASE " + quoted + " IS_TEMPLATE false", "DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("drop %s, which a killed test left: %w", name, err)
		}
	}
	return nil
}
