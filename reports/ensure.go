package reports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
)

const (
	// layout is raised with each change of how tables are made from a definition, so that they are looked at again.
	layout = 2
	// ensureLock keeps processes that start together from making the same tables: "reports" in ASCII.
	ensureLock = 0x7265706f727473
	// busyTries times busyWait is how long readers with long queries may keep a column from being added.
	busyTries = 20
	busyWait  = 500 * time.Millisecond
)

// Ensure makes the tables and views of every report of this program, extends them with new columns, and writes the
// comments. It is to be called after the migrations, at start; with nothing new it only reads. Where a reader is in the
// way of a new column it waits without blocking others. One report's trouble does not keep it from the others.
func Ensure(ctx context.Context, pool *pgxpool.Pool) error {
	list, problem := embedded()
	problems := []error{problem}
	for _, d := range neededFirst(list) {
		problems = append(problems, EnsureOne(ctx, pool, d))
	}
	return errors.Join(problems...)
}

// neededFirst puts reports before those whose views read them. One that needs itself by way of others comes somewhere.
func neededFirst(list []*Definition) []*Definition {
	var sorted []*Definition
	seen := map[string]bool{}
	var add func(*Definition)
	add = func(d *Definition) {
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

// EnsureOne does what [Ensure] does for one definition.
func EnsureOne(ctx context.Context, pool *pgxpool.Pool, d *Definition) error {
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return d.ensure(ctx, tx) })
		if err == nil {
			return nil
		}
		if !isBusy(err) || try == busyTries {
			return fmt.Errorf("make the tables of report %s: %w", d.Name, err)
		}
		if err := wait(ctx, busyWait); err != nil {
			return err
		}
	}
}

// isBusy says that lock_timeout ended the statement.
func isBusy(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "55P03"
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (d *Definition) layoutHash() string { return fmt.Sprintf("%d-%s", layout, d.Hash) }

func (d *Definition) ensure(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(ensureLock)); err != nil {
		return err
	}
	known, err := d.recorded(ctx, tx)
	if err != nil {
		return err
	}
	if known.newer || known.layoutHash == d.layoutHash() {
		return nil
	}
	// Short: whoever waits for a lock makes later readers wait behind it.
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '250ms'"); err != nil {
		return err
	}
	return d.ensureAll(ctx, tx)
}

func (d *Definition) ensureAll(ctx context.Context, tx pgx.Tx) error {
	for _, make := range []func(context.Context, pgx.Tx) error{d.ensureTable, d.ensureChanges, d.ensureHistory, d.comment, d.ensureViews, d.record} {
		if err := make(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// onRecord is what the database knows of a report.
type onRecord struct {
	layoutHash  string
	liveVersion int64
	erasures    int64
	// newer says that the tables were made by a newer version of the definition than ours.
	newer   bool
	version string
	exists  bool
}

// recorded reads what the database knows of the report; a report or table that is not there is no error.
func (d *Definition) recorded(ctx context.Context, db querier) (onRecord, error) {
	rows, _ := db.Query(ctx, `
		SELECT d.layout_hash, d.live_version, d.erasures, d.definition_version,
		       string_to_array(d.definition_version, '.')::int[] > string_to_array($2, '.')::int[],
		       to_regclass($3) IS NOT NULL
		FROM reports.definitions d WHERE d.report = $1`, d.Name, d.Version, d.Table().Sanitize())
	known, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (k onRecord, err error) {
		return k, row.Scan(&k.layoutHash, &k.liveVersion, &k.erasures, &k.version, &k.newer, &k.exists)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return onRecord{}, nil
	}
	if !known.exists {
		known.layoutHash = "" // somebody has dropped the table: make it again
	}
	return known, err
}

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func (d *Definition) record(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO reports.definitions (report, title, about, definition_version, definition_hash, layout_hash, ensured_at)
		VALUES ($1, $2, $3, $4, $5, $6, now())
		ON CONFLICT (report) DO UPDATE
		SET title = excluded.title, about = excluded.about, definition_version = excluded.definition_version,
		    definition_hash = excluded.definition_hash, layout_hash = excluded.layout_hash, ensured_at = excluded.ensured_at`,
		d.Name, d.Title, d.About, d.Version, d.Hash, d.layoutHash())
	return err
}

// migrateHint is the next step where a table cannot be extended in place.
func (d *Definition) migrateHint() string {
	return "raise the definition's major version and run `cpd-jobs reports migrate " + d.Name + "`"
}

// refuseRetype says that the definition no longer fits the table.
func (d *Definition) refuseRetype(format string, args ...any) error {
	return run.Blocked(d.migrateHint(), format, args...)
}
