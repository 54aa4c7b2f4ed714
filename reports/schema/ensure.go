// Package schema makes and extends the tables, views and functions of reports in the database, as their definitions
// say. Filling them is left to package refresh.
package schema

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
)

const (
	// layout is raised with each change of how tables are made from a definition, so that they are looked at again.
	layout = 2
	// ensureLock keeps processes that start together from making the same tables: "reports" in ASCII.
	ensureLock = 0x7265706f727473
	// busyTries is how often readers with long queries may keep a column from being added.
	busyTries = 12
)

// EnsureTables makes the tables and views of reports, those first that others need, extends them with new columns, and
// writes the comments. It is to be called after the migrations, at start; with nothing new it only reads. Where a
// reader is in the way of a new column it waits without blocking others. One report's trouble does not keep it from the
// others.
func EnsureTables(ctx context.Context, pool *pgxpool.Pool, list ...*definition.Definition) error {
	var problems []error
	for _, d := range neededFirst(list) {
		problems = append(problems, ensureTables(ctx, pool, report{d}))
	}
	return errors.Join(problems...)
}

// report is a definition whose tables are made here.
type report struct{ *definition.Definition }

// neededFirst puts reports before those whose views read them. One that needs itself by way of others comes somewhere.
func neededFirst(list []*definition.Definition) []*definition.Definition {
	var sorted []*definition.Definition
	seen := map[string]bool{}
	var add func(*definition.Definition)
	add = func(d *definition.Definition) {
		if seen[d.Name] {
			return
		}
		seen[d.Name] = true
		for _, other := range list {
			if slices.Contains(d.Needs, other.Name) {
				add(other)
			}
		}
		sorted = append(sorted, d)
	}
	for _, d := range list {
		add(d)
	}
	return sorted
}

func ensureTables(ctx context.Context, pool *pgxpool.Pool, d report) error {
	err := pg.WithLockRetry(ctx, pg.LockRetry{Tries: busyTries}, func() error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return d.ensure(ctx, tx) })
	})
	if err != nil {
		return fmt.Errorf("make the tables of report %s: %w", d.Name, err)
	}
	return nil
}

// LayoutHash is that of tables made by this program from the definition.
func LayoutHash(d *definition.Definition) string { return fmt.Sprintf("%d-%s", layout, d.Hash) }

func (d report) ensure(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(ensureLock)); err != nil {
		return err
	}
	known, err := ReadState(ctx, tx, d.Definition)
	if err != nil {
		return err
	}
	if known.Newer || known.LayoutHash == LayoutHash(d.Definition) {
		return nil
	}
	// Short: a session that waits for a lock makes later readers wait behind it.
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '250ms'"); err != nil {
		return err
	}
	return Make(ctx, tx, d.Definition)
}

// Make makes or extends everything of one report within tx, whether it was made before or not.
func Make(ctx context.Context, tx pgx.Tx, def *definition.Definition) error {
	d := report{def}
	for _, make := range []func(context.Context, pgx.Tx) error{d.ensureTable, d.ensureChanges, d.ensureHistory, d.comment, d.ensureViews, d.record} {
		if err := make(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// State is what the database knows of a report.
type State struct {
	LayoutHash  string
	LiveVersion int64
	// Erasures is how many people were erased from it.
	Erasures int64
	// Version is that of the definition that made the tables; Newer says that it is newer than ours.
	Version string
	Newer   bool
	Exists  bool
}

// ReadState reads what the database knows of the report; a report or table that is not there is no error.
func ReadState(ctx context.Context, db pg.Querier, d *definition.Definition) (State, error) {
	rows, _ := db.Query(ctx, `
		SELECT d.layout_hash, d.live_version, d.erasures, d.definition_version AS version,
		       string_to_array(d.definition_version, '.')::int[] > string_to_array($2, '.')::int[] AS newer,
		       to_regclass($3) IS NOT NULL AS exists
		FROM reports.definitions d WHERE d.report = $1`, d.Name, d.Version, d.Table().Sanitize())
	known, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[State])
	if errors.Is(err, pgx.ErrNoRows) {
		return State{}, nil
	}
	if !known.Exists {
		known.LayoutHash = "" // somebody has dropped the table: make it again
	}
	return known, err
}

func (d report) record(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO reports.definitions (report, title, about, definition_version, definition_hash, layout_hash, ensured_at)
		VALUES ($1, $2, $3, $4, $5, $6, now())
		ON CONFLICT (report) DO UPDATE
		SET title = excluded.title, about = excluded.about, definition_version = excluded.definition_version,
		    definition_hash = excluded.definition_hash, layout_hash = excluded.layout_hash, ensured_at = excluded.ensured_at`,
		d.Name, d.Title, d.About, d.Version, d.Hash, LayoutHash(d.Definition))
	return err
}

// migrateHint is the next step where a table cannot be extended in place.
func (d report) migrateHint() string {
	return "raise the definition's major version and run `cpd-jobs reports migrate " + d.Name + "`"
}

// refuseRetype says that the definition no longer fits the table.
func (d report) refuseRetype(format string, args ...any) error {
	return run.Blocked(d.migrateHint(), format, args...)
}
