package demo

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
)

var (
	//go:embed schema.sql
	schemaSQL string
	//go:embed keys.sql
	keysSQL string
	//go:embed foreign_keys.sql
	foreignKeysSQL string
)

const appName = "cpd-jobs demo"

// oneMaker is the advisory lock that keeps two makers out of one database.
const oneMaker = 7241003

// Source makes a demo source in the database at url and returns its manifest. A complete one made with the same
// options is left as it is; one whose making was interrupted is made afresh. It refuses a database that holds
// tables of its own, and a demo source made with other options unless o.Replace is set.
func Source(ctx context.Context, url string, o Options) (Manifest, error) {
	o, err := o.checked()
	if err != nil {
		return Manifest{}, err
	}
	pool, err := pg.Open(ctx, url, pg.PoolOptions{App: appName, MaxConns: 1 + loaders})
	if err != nil {
		return Manifest{}, err
	}
	defer pool.Close()
	if pool.Config().MaxConns < 1+loaders {
		return Manifest{}, run.Invalid("leave pool_max_conns out of its address", "a demo source needs %d connections", 1+loaders)
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return Manifest{}, fmt.Errorf("connect to the source database: %w", err)
	}
	defer conn.Release()
	if err := lock(ctx, conn); err != nil {
		return Manifest{}, err
	}
	defer unlock(ctx, conn)
	found, state, err := inspect(ctx, conn)
	if err != nil {
		return Manifest{}, err
	}
	switch {
	case state == Foreign:
		return Manifest{}, run.Invalid("give an empty database", "this database holds tables that no demo made")
	case state == Complete && !o.Replace && found.same(o):
		return found, nil
	case state == Complete && !o.Replace:
		return Manifest{}, run.Invalid("use the same options, or start afresh", "this demo source was made with other options (%s)", found)
	}
	return makeSource(ctx, pool, conn, o)
}

// lock keeps other makers out. It waits a little, as the server may take a moment to notice that an interrupted
// maker is gone.
func lock(ctx context.Context, conn *pgxpool.Conn) error {
	_, err := conn.Exec(ctx, fmt.Sprintf(`SET lock_timeout = '10s'; SELECT pg_advisory_lock(%d); RESET lock_timeout`, oneMaker))
	if pg.IsLocked(err) {
		return run.Blocked("wait for it to finish", "another process is making this demo source")
	}
	if err != nil {
		return fmt.Errorf("lock the source database: %w", err)
	}
	return nil
}

// unlock lets the next maker in at once. Should it fail, the lock goes with the connection.
func unlock(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, oneMaker)
}

func makeSource(ctx context.Context, pool *pgxpool.Pool, conn *pgxpool.Conn, o Options) (Manifest, error) {
	w, err := newWorld(o)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{Schools: int64(w.schools), Seed: o.Seed, AsOf: o.AsOf, Register: o.RegisterName, Cohort: w.year}
	if err := begin(ctx, conn, m); err != nil {
		return Manifest{}, err
	}
	if m.EmailType, err = createTables(ctx, conn); err != nil {
		return Manifest{}, err
	}
	g, err := load(ctx, pool, w, o)
	if err != nil {
		return Manifest{}, err
	}
	if err := index(ctx, pool, o.Progress); err != nil {
		return Manifest{}, err
	}
	m.Schools, m.Cases = g.rows[schools], g.built
	for t, rows := range g.rows {
		m.Tables = append(m.Tables, TableRows{tables[t].name, rows})
	}
	return m, finish(ctx, conn, m)
}

// createTables makes the service's tables, in place of those that an earlier run left.
func createTables(ctx context.Context, conn querier) (emailType string, err error) {
	var names []string
	for _, name := range allTables() {
		names = append(names, pgx.Identifier{"public", name}.Sanitize())
	}
	if _, err := conn.Exec(ctx, `DROP TABLE IF EXISTS `+strings.Join(names, ", ")+` CASCADE`); err != nil {
		return "", fmt.Errorf("drop what is left of an earlier demo source: %w", err)
	}
	ddl, emailType := schemaSQL, "citext"
	if _, err := conn.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public`); err != nil {
		// A server without the contrib package, or a user who may not: the addresses are plain text then.
		ddl, emailType = strings.ReplaceAll(ddl, " citext ", " text "), "text"
	}
	if _, err := conn.Exec(ctx, ddl); err != nil {
		return "", fmt.Errorf("create the demo source's tables: %w", err)
	}
	return emailType, nil
}
