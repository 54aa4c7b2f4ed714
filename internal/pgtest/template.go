package pgtest

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/migrations"
)

// templatePrefix begins the names of template databases.
const templatePrefix = "cpd_template_"

// templateLock is the advisory lock of whoever makes or removes databases that are not its own.
const templateLock = 0x7067746573740001

// makeTemplate makes the migrated database unless an earlier process did. Its name says which migrations it has.
func (s *shared) makeTemplate() (name string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	print, err := migrations.Fingerprint()
	if err != nil {
		return "", err
	}
	name = templatePrefix + print
	quoted := pgx.Identifier{name}.Sanitize()
	return name, s.locked(ctx, func(conn *pgx.Conn) error {
		var ready bool
		err := conn.QueryRow(ctx, "SELECT coalesce((SELECT datistemplate FROM pg_database WHERE datname = $1), false)", name).Scan(&ready)
		if err == nil && !ready {
			err = s.buildTemplate(ctx, conn, quoted, s.url(name))
		}
		if err != nil {
			return err
		}
		return touch(ctx, conn, quoted)
	})
}

// buildTemplate marks the database as a template last, so that half a template is never taken for a whole one.
func (s *shared) buildTemplate(ctx context.Context, conn *pgx.Conn, quoted, url string) error {
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)", "CREATE DATABASE " + quoted + " TEMPLATE template0"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := migrate(ctx, url); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "ALTER DATABASE "+quoted+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

func migrate(ctx context.Context, url string) error {
	pool, err := pg.Open(ctx, url, pg.PoolOptions{App: "pgtest", MaxConns: 4})
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = migrations.Up(ctx, pool)
	return err
}

// touch notes when the template was last wanted, for removeOld.
func touch(ctx context.Context, conn *pgx.Conn, quoted string) error {
	_, err := conn.Exec(ctx, fmt.Sprintf("COMMENT ON DATABASE %s IS '%d'", quoted, time.Now().Unix()))
	return err
}
