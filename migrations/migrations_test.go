package migrations_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/migrations"
)

func TestPlanIsWhatUpDoes(t *testing.T) {
	t.Parallel()
	pool := pgtest.Connect(t, pgtest.NewEmpty(t))
	plan, err := migrations.Plan(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, p := range plan {
		if p.Of == "cpd-jobs" {
			ours++
		}
		if p.SQL == "" || p.Of == "cpd-jobs" && p.About == "" {
			t.Errorf("%s %d says nothing: %+v", p.Of, p.Version, p)
		}
	}
	applied, err := migrations.Up(t.Context(), pool)
	if err != nil || len(applied) != ours || ours == len(plan) {
		t.Errorf("%v applied (%v) of a plan with %d of ours and %d of River's", applied, err, ours, len(plan)-ours)
	}
	if plan, err = migrations.Plan(t.Context(), pool); err != nil || len(plan) > 0 {
		t.Errorf("%d are still planned (%v)", len(plan), err)
	}
	if applied, err = migrations.Up(t.Context(), pool); err != nil || len(applied) != 0 {
		t.Errorf("%v applied again (%v)", applied, err)
	}
}

// TestAHeldLockIsWaitedFor has somebody hold a lock when Up begins, who lets go when Up has given up once.
func TestAHeldLockIsWaitedFor(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "LOCK TABLE river.river_migration IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := migrations.Up(t.Context(), pool)
		done <- err
	}()
	waits, gaveUp := false, false
	for !gaveUp {
		select {
		case err := <-done:
			t.Fatalf("it does not wait (%v)", err)
		default:
		}
		var waiting bool
		err := tx.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'river.river_migration'::regclass AND NOT granted)").Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		waits = waits || waiting
		gaveUp = waits && !waiting
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the lock is free: %v", err)
	}
}

// lastBeforeDeploys: the migrations after it are applied while the release before runs.
const lastBeforeDeploys = "0030_incidents.sql"

var contracts = regexp.MustCompile(`(?i)\bDROP\s+(TABLE|COLUMN|SCHEMA)\b|\bRENAME\s+(TO|COLUMN)\b|\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b`)

// TestExpandThenContract wants each migration that takes something away to say since which release no program needs it.
func TestExpandThenContract(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations (%v)", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if what := contracts.FindString(string(text)); what != "" && name > lastBeforeDeploys && !strings.Contains(string(text), "\n-- Contract: ") {
			t.Errorf("%s: %s breaks the release before; expand first, and say in a line \"-- Contract: ...\" since when no program needs it", name, what)
		}
	}
}

func TestForeignDatabasesAreRefusedUnchanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		want      error
	}{
		{"empty", "SELECT 1", nil},
		{"another program's", "CREATE TABLE invoices ()", migrations.ErrForeign},
		{"in a schema of its own", "CREATE SCHEMA billing; CREATE VIEW billing.due AS SELECT 1", migrations.ErrForeign},
		{"the CPD service's", "CREATE TABLE schools (); CREATE TABLE induction_records ()", migrations.ErrSwapped},
		{"an interrupted migration of ours", "CREATE SCHEMA river; CREATE TABLE river.river_job ()", nil},
	} {
		pool := pgtest.Connect(t, pgtest.NewEmpty(t))
		if _, err := pool.Exec(t.Context(), c.sql); err != nil {
			t.Fatal(err)
		}
		const tables = "SELECT count(*) FROM pg_class WHERE relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema', 'pg_toast']::regnamespace[])"
		var before, after int
		if err := pool.QueryRow(t.Context(), tables).Scan(&before); err != nil {
			t.Fatal(err)
		}
		if err := migrations.CheckOwn(t.Context(), pool); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if pending, err := migrations.Pending(t.Context(), pool); err != nil || pending == 0 {
			t.Errorf("%s: %d migrations pending (%v), want all", c.name, pending, err)
		}
		if err := pool.QueryRow(t.Context(), tables).Scan(&after); err != nil || after != before {
			t.Errorf("%s: %d tables after reading its state (%v), want %d as before", c.name, after, err, before)
		}
	}
	if err := migrations.CheckOwn(t.Context(), pgtest.New(t)); err != nil {
		t.Errorf("our own: %v", err)
	}
}
