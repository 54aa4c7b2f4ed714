// Package migrations holds the numbered SQL files of the product's schema and applies them, River's own migrations
// with them, under one lock: River's migrator takes none, and of several processes that start together all but one
// fail.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// Files are the numbered SQL files.
//
//go:embed *.sql
var Files embed.FS

// RiverSchema is the schema of River's own tables.
const RiverSchema = "river"

// lockKey is the advisory lock that everyone who migrates holds. Any constant will do; this one is "cpdjobs" in ASCII.
const lockKey = 0x6370646a6f6273

// Up brings the database that pool connects to up to date: schemas, then River's tables, then ours. It returns those of
// our migrations that it applied. Other processes that call it wait and then find nothing to do. Each migration is a
// transaction that waits a moment at most for a lock, and is tried again: see [ErrBusy]. See [CheckOwn] for databases
// that Up should not be called on.
func Up(ctx context.Context, pool *pgxpool.Pool) (applied []Migration, err error) {
	lock, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig.Copy())
	if err != nil {
		return nil, fmt.Errorf("connect to migrate: %w", err)
	}
	defer lock.Close(context.WithoutCancel(ctx))
	// The lock is a transaction's and not a session's: it holds through a pooler as well.
	const take = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_advisory_xact_lock(%d)"
	if _, err := lock.Exec(ctx, fmt.Sprintf(take, int64(lockKey))); err != nil {
		return nil, fmt.Errorf("wait for others who migrate: %w", err)
	}
	if err := riverUp(ctx, pool); err != nil {
		return nil, fmt.Errorf("migrate River's tables: %w", err)
	}
	err = withProvider(pool, func(p *goose.Provider) error {
		return withLockRetry(ctx, func() error {
			one, err := p.UpByOne(ctx)
			if one != nil && err == nil {
				applied = append(applied, Migration{Version: one.Source.Version, Name: one.Source.Path, State: string(goose.StateApplied)})
			}
			return err
		})
	})
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// Migration is one numbered file and whether the database has it.
type Migration struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	State   string `json:"state"` // applied or pending
}

// Status lists every migration of this program, oldest first. It changes nothing.
func Status(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	var list []Migration
	err := withProvider(pool, func(p *goose.Provider) error {
		if exists, err := hasLedger(ctx, pool); err != nil {
			return err
		} else if !exists {
			for _, s := range p.ListSources() {
				list = append(list, Migration{Version: s.Version, Name: s.Path, State: string(goose.StatePending)})
			}
			return nil
		}
		status, err := p.Status(ctx)
		for _, s := range status {
			list = append(list, Migration{Version: s.Source.Version, Name: s.Source.Path, State: string(s.State)})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the state of migrations: %w", err)
	}
	return list, nil
}

func riverUp(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+RiverSchema); err != nil {
		return err
	}
	migrator, err := riverMigrator(pool)
	if err != nil {
		return err
	}
	return withLockRetry(ctx, func() error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, waitBriefly); err != nil {
				return err
			}
			//lint:ignore SA1019 it warns of several migrations in one transaction; here each has its own
			result, err := migrator.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{MaxSteps: 1})
			if err == nil && len(result.Versions) == 0 {
				return goose.ErrNoNextVersion
			}
			return err
		})
	})
}

func riverMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	return rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: RiverSchema})
}

func withProvider(pool *pgxpool.Pool, use func(*goose.Provider) error) error {
	db := stdlib.OpenDBFromPool(pool)
	defer func(db *sql.DB) { _ = db.Close() }(db)
	// Numbers are given out in ranges: one that is lower than another's comes late at times.
	provider, err := goose.NewProvider(goose.DialectPostgres, db, brief{Files}, goose.WithAllowOutofOrder(true))
	if err != nil {
		return err
	}
	return use(provider)
}

// Pending counts the migrations of this program that the database does not have yet.
func Pending(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	list, err := Status(ctx, pool)
	pending := 0
	for _, m := range list {
		if m.State != string(goose.StateApplied) {
			pending++
		}
	}
	return pending, err
}
