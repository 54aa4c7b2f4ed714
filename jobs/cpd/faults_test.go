package cpd_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
)

// blockedSQL makes the source stop half-way through a table: row 3,000 waits for a lock that the test holds.
const blockedSQL = `
	ALTER TABLE induction_records RENAME TO records;
	ALTER TABLE records ADD number bigint GENERATED ALWAYS AS IDENTITY;
	CREATE VIEW induction_records AS SELECT * FROM records
	WHERE CASE WHEN number = 3000 THEN pg_advisory_xact_lock_shared(42) IS NOT NULL ELSE true END`

// block holds that lock until the test ends or the returned function is called.
func (w world) block() (release func()) {
	w.t.Helper()
	w.inSource(blockedSQL)
	tx, err := w.source.Begin(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := tx.Exec(w.t.Context(), "SELECT pg_advisory_xact_lock(42)"); err != nil {
		w.t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = tx.Rollback(context.Background()) })
	w.t.Cleanup(release)
	return release
}

// whenBlocked waits until the copy is in the middle of the table, and then does something with its session.
func (w world) whenBlocked(ctx context.Context, sql string) {
	for ctx.Err() == nil {
		var done bool
		err := w.source.QueryRow(ctx, `SELECT coalesce(bool_or(ok), false) FROM (
			SELECT `+sql+` AS ok FROM pg_stat_activity
			WHERE application_name = 'cpd-jobs sync' AND datname = current_database() AND wait_event = 'advisory') AS s`).Scan(&done)
		if ctx.Err() != nil || done {
			return
		}
		if err != nil {
			w.t.Errorf("%s: %v", sql, err)
			return
		}
	}
}

// soonStalled passes no time but that until the copy is blocked in the middle of the table.
func (w world) soonStalled(ctx context.Context, _ time.Duration) error {
	w.whenBlocked(ctx, "true")
	return ctx.Err()
}

func TestSourceFailsInMidCopy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, do string
		class    run.Class
		words    string
	}{
		{"it is shut down", "pg_terminate_backend(pid)", run.ClassUnreachable, "copy induction_records: read it: the CPD database broke off"},
		{"it cancels the query", "pg_cancel_backend(pid)", run.ClassTransient, "cancelled the query, which may pass"},
		{"it hangs", "", run.ClassUnreachable, "no data for too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sync()
			check := w.unhurt()
			w.inSource("UPDATE schools SET name = 'Other ' || urn")
			w.block()
			if test.do == "" {
				w.deps.Wait = w.soonStalled
			} else {
				go w.whenBlocked(t.Context(), test.do)
			}
			_, err := w.try(&run.Local{}, cpd.Args{})
			wantError(t, err, test.class, test.words)
			check()
		})
	}
}

func TestCancelledInMidCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	check := w.unhurt()
	w.block()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		w.whenBlocked(ctx, "true")
		cancel()
	}()
	_, err := cpd.Sync(ctx, &run.Local{}, w.deps, cpd.Args{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
	check()
}

// The source itself ends a statement or a session that takes too long: what the copy cannot do once it is cut off.
func TestSourceLimitsItsSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inSource(`ALTER TABLE schools RENAME TO s; CREATE VIEW schools AS SELECT (jsonb_populate_record(s, jsonb_build_object('name',
		current_setting('statement_timeout') || ', ' || current_setting('idle_in_transaction_session_timeout')))).* FROM s`)
	w.sync()
	got := ask[string](t, w.deps.DB, "SELECT DISTINCT name FROM cpd.schools")
	if want := []string{"20min, 20min"}; !slices.Equal(got, want) {
		t.Errorf("the copying sessions had limits %q, want %q", got, want)
	}
}

// A table that is rewritten after the snapshot looks empty to it, without any error.
func TestRewrittenInMidCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	check := w.unhurt()
	w.deps.Workers = 1
	rewrite := sync.OnceFunc(func() { w.inSource("TRUNCATE users; INSERT INTO users DEFAULT VALUES") })
	r := &run.Local{Now: time.Now, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
		if strings.HasPrefix(s.Name, "copy ") { // the first, which is of a bigger table
			rewrite()
		}
	}}
	_, err := w.try(r, cpd.Args{})
	wantError(t, err, run.ClassTransient, "rewrote users")
	check()
}

// A cautious administrator grants some columns of some tables and nothing else.
func TestRightsToColumnsAreEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := "reader_" + one[string](t, w.source, "SELECT oid::text FROM pg_database WHERE datname = current_database()")
	grants := "CREATE ROLE " + role + ";"
	for _, table := range cpd.Tables() {
		list := slices.Clone(table.Columns)
		for _, c := range table.Computed {
			list = append(list, c.Reads...)
		}
		for _, c := range list {
			grants += "GRANT SELECT (" + c.Name + ") ON " + table.Name + " TO " + role + ";"
		}
	}
	keeper, err := w.source.Acquire(t.Context()) // a session that keeps its own rights
	if err != nil {
		t.Fatal(err)
	}
	w.inSource(grants + `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET role = ` + role + `', current_database()); END $$`)
	t.Cleanup(func() {
		if _, err := keeper.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Errorf("drop the role: %v", err)
		}
		keeper.Release()
	})
	w.sync()
	if _, err := w.try(&run.Local{Dry: true}, cpd.Args{}); err != nil {
		t.Errorf("dry run: %v", err)
	}
	if _, err := keeper.Exec(t.Context(), "REVOKE SELECT (name) ON schools FROM "+role); err != nil {
		t.Fatal(err)
	}
	_, err = w.try(&run.Local{}, cpd.Args{})
	wantError(t, err, run.ClassInvalid, "does not let us read schools.name", "grant SELECT")
	checked, err := cpd.Check(t.Context(), w.deps.SourceURL)
	if err != nil || strings.Join(checked.Problems, ", ") != "no right to read schools.name" {
		t.Errorf("check: got %q, %v, want the column", checked.Problems, err)
	}
}
