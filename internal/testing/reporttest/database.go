// Package reporttest makes databases with reports, and the rows of the service that tests refresh them from. It is for
// tests alone.
package reporttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/schema"
)

// Database is a database of a test's own with every report's tables.
type Database struct{ *pgxpool.Pool }

// New makes a database in which no report was refreshed yet.
func New(t *testing.T) Database {
	t.Helper()
	db := Database{pgtest.New(t)}
	if err := reports.EnsureTables(t.Context(), db.Pool); err != nil {
		t.Fatal(err)
	}
	return db
}

// Sync replaces the service's tables, all of them, and publishes the copy as of the instant.
func (db Database) Sync(t *testing.T, asOf time.Time, source Tables) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if err := inputs.Claim(t.Context(), tx, inputs.CPD); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		fill := func(table string, rows []Row) {
			batch.Queue("DELETE FROM " + table)
			if len(rows) > 0 {
				batch.Queue(fmt.Sprintf("INSERT INTO %[1]s SELECT * FROM jsonb_populate_recordset(NULL::%[1]s, $1)", table), rows)
			}
		}
		for _, name := range allTables {
			fill("cpd."+name, source[name])
		}
		for _, name := range personalTables {
			fill("restricted.cpd_"+name, source[name])
		}
		if err := tx.SendBatch(t.Context(), batch).Close(); err != nil {
			return err
		}
		_, err := inputs.Publish(t.Context(), tx, inputs.Version{Input: inputs.CPD, AsAt: asOf, ContentHash: "test"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Ensured makes the small report's tables and refreshes it once.
func Ensured(t *testing.T, d *definition.Definition) Database {
	t.Helper()
	db := New(t)
	if err := schema.EnsureTables(t.Context(), db.Pool, d); err != nil {
		t.Fatal(err)
	}
	db.Sync(t, Day(t, 0), OneSchool().With(Tables{"schools": Schools(3)}))
	if _, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{}); err != nil {
		t.Fatal(err)
	}
	return db
}

// Refresh refreshes the School onboarding report.
func (db Database) Refresh(t *testing.T) (refresh.Summary, error) {
	t.Helper()
	return db.RefreshWith(t, &run.Local{}, Onboarding(t), refresh.Options{ProgramVersion: "test"})
}

// RefreshWith refreshes a report as the run.
func (db Database) RefreshWith(t *testing.T, r run.Run, d *definition.Definition, o refresh.Options) (refresh.Summary, error) {
	t.Helper()
	outcome, err := refresh.Report(t.Context(), r, db.Pool, d, o)
	summary, _ := outcome.Summary.(refresh.Summary)
	return summary, err
}

// MustRefresh refreshes and fails the test if that fails.
func (db Database) MustRefresh(t *testing.T) refresh.Summary {
	t.Helper()
	summary, err := db.Refresh(t)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// Refreshed refreshes the report and returns what was published.
func (db Database) Refreshed(t *testing.T, d *definition.Definition) refresh.Summary {
	t.Helper()
	summary, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// Published reads the whole School onboarding report in its order.
func (db Database) Published(t *testing.T) []Row {
	t.Helper()
	return Query[Row](t, db, "SELECT to_jsonb(r) FROM reports.school_onboarding r ORDER BY "+Onboarding(t).OrderBy("r"))
}

// RowsOf reads rows as JSON without nulls, by URN.
func (db Database) RowsOf(t *testing.T, from string, args ...any) []string {
	t.Helper()
	return Query[string](t, db, "SELECT jsonb_strip_nulls(to_jsonb(r))::text FROM "+from+" r ORDER BY urn", args...)
}

// Query reads one column.
func Query[T any](t *testing.T, db Database, sql string, args ...any) []T {
	t.Helper()
	rows, _ := db.Query(t.Context(), sql, args...)
	list, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return list
}

// One reads one value.
func One[T any](t *testing.T, db Database, sql string, args ...any) T {
	t.Helper()
	list := Query[T](t, db, sql, args...)
	if len(list) != 1 {
		t.Fatalf("%d rows, want 1: %s", len(list), sql)
	}
	return list[0]
}

// MustExec also works in clean-up, when the test has ended.
func (db Database) MustExec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(context.WithoutCancel(t.Context()), sql, args...); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

// Hooked does something just before it publishes, once.
type Hooked struct {
	*run.Local
	BeforeFence func()
	Fails       error // what the fence fails with
}

// Fence is that of a run that holds its lease, or Fails.
func (h *Hooked) Fence(ctx context.Context, tx pgx.Tx) error {
	if do := h.BeforeFence; do != nil {
		h.BeforeFence = nil
		do()
	}
	return errors.Join(h.Fails, h.Local.Fence(ctx, tx))
}
