package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/pg"
)

// Manifest is what a demo source says of itself.
type Manifest struct {
	Schools  int64     `json:"schools"`
	Seed     uint64    `json:"seed"`
	AsOf     time.Time `json:"as_of"`
	Register string    `json:"register,omitempty"` // where its schools come from; empty: made up
	Cohort   int       `json:"cohort"`             // start year of the current one
	// Tables are the rows of each table, in the service's order; empty until the source is complete.
	Tables []TableRows `json:"tables"`
	Cases  []Case      `json:"cases"`
	// EmailType is citext, or text where the server has no citext.
	EmailType string `json:"email_type"`
}

// TableRows is a table and its size.
type TableRows struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Rows is the size of a table, 0 for one that is not filled.
func (m Manifest) Rows(table string) int64 {
	for _, t := range m.Tables {
		if t.Table == table {
			return t.Rows
		}
	}
	return 0
}

// String names the options that a source was made with.
func (m Manifest) String() string {
	from := "made up"
	if m.Register != "" {
		from = "of " + m.Register
	}
	return fmt.Sprintf("%d schools %s, seed %d, as of %s", m.Schools, from, m.Seed, m.AsOf.Format(time.RFC3339Nano))
}

// same says whether m was made with these options.
func (m Manifest) same(o Options) bool {
	if m.Seed != o.Seed || !m.AsOf.Equal(o.AsOf) || m.Register != o.RegisterName {
		return false
	}
	return o.Register != nil || m.Schools == int64(o.Schools)
}

// State is what a database holds, as far as a demo source goes.
type State string

const (
	// Empty has no tables.
	Empty State = "empty"
	// Unfinished is a demo source whose making was interrupted, or is going on.
	Unfinished State = "unfinished"
	// Complete is a whole demo source.
	Complete State = "complete"
	// Foreign has tables that no demo made. It is never touched.
	Foreign State = "foreign"
)

// querier is a connection or a pool of them.
type querier interface {
	Begin(context.Context) (pgx.Tx, error)
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}

//go:embed marker.sql
var markerSQL string

// Inspect tells what the database at url holds, and the manifest where a demo source was begun in it.
func Inspect(ctx context.Context, url string) (Manifest, State, error) {
	pool, err := pg.Open(ctx, url, pg.PoolOptions{App: appName, MaxConns: 1})
	if err != nil {
		return Manifest{}, "", err
	}
	defer pool.Close()
	return inspect(ctx, pool)
}

func inspect(ctx context.Context, db querier) (Manifest, State, error) {
	var marked bool
	var tables int
	err := db.QueryRow(ctx, `
		SELECT to_regclass('cpd_jobs_demo.manifest') IS NOT NULL,
			(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm'))`,
	).Scan(&marked, &tables)
	switch {
	case err != nil:
		return Manifest{}, "", fmt.Errorf("look into the source database: %w", err)
	case !marked && tables > 0:
		return Manifest{}, Foreign, nil
	case !marked:
		return Manifest{}, Empty, nil
	}
	return readManifest(ctx, db)
}

func readManifest(ctx context.Context, db querier) (Manifest, State, error) {
	var raw []byte
	var complete bool
	err := db.QueryRow(ctx, `SELECT manifest, finished_at IS NOT NULL FROM cpd_jobs_demo.manifest`).Scan(&raw, &complete)
	if errors.Is(err, pgx.ErrNoRows) {
		return Manifest{}, Unfinished, nil
	}
	if err != nil {
		return Manifest{}, "", fmt.Errorf("read the demo source's manifest: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return Manifest{}, "", fmt.Errorf("read the demo source's manifest: %w", err)
	}
	if complete {
		return m, Complete, nil
	}
	return m, Unfinished, nil
}

// begin marks the database as a demo source in the making.
func begin(ctx context.Context, db querier, m Manifest) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the demo source's manifest: %w", err)
	}
	if _, err := db.Exec(ctx, markerSQL); err != nil {
		return fmt.Errorf("mark the database as a demo source: %w", err)
	}
	_, err = db.Exec(ctx, `INSERT INTO cpd_jobs_demo.manifest (manifest) VALUES ($1)`, raw)
	if err != nil {
		return fmt.Errorf("write the demo source's manifest: %w", err)
	}
	return nil
}

// finish completes the source: its clock stands still at as-of from now on.
func finish(ctx context.Context, db querier, m Manifest) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the demo source's manifest: %w", err)
	}
	var database string
	if err := db.QueryRow(ctx, `SELECT current_database()`).Scan(&database); err != nil {
		return fmt.Errorf("ask the demo source for its name: %w", err)
	}
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		// Neither a database's name nor a setting can be a parameter; the instant is of our own making.
		pin := fmt.Sprintf(`ALTER DATABASE %s SET cpd_jobs.demo_clock = '%s'`, pg.Ident(database),
			m.AsOf.Format(time.RFC3339Nano))
		if _, err := tx.Exec(ctx, pin); err != nil {
			return fmt.Errorf("pin the demo source's clock: %w", err)
		}
		_, err := tx.Exec(ctx, `UPDATE cpd_jobs_demo.manifest SET manifest = $1, finished_at = now()`, raw)
		if err != nil {
			return fmt.Errorf("finish the demo source's manifest: %w", err)
		}
		return nil
	})
}
