package cpd_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/reports/inputs"
)

func TestSwapKeepsViewsAndGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inOurs(`CREATE VIEW reports.names AS SELECT name FROM cpd.schools WHERE urn = '100007';
		GRANT SELECT ON cpd.schools TO cpd_jobs_reader`)
	const granted = "SELECT has_table_privilege('cpd_jobs_reader', 'cpd.schools', 'SELECT')"
	for _, name := range []string{"First", "Second"} {
		w.inSource("UPDATE schools SET name = '" + name + "'")
		w.sync()
		if got := one[string](t, w.deps.DB, "SELECT name FROM reports.names"); got != name {
			t.Errorf("through a dependent view: got %s, want %s", got, name)
		}
		if !one[bool](t, w.deps.DB, granted) {
			t.Error("the grant is gone")
		}
	}
	if got := one[int](t, w.deps.DB, "SELECT count(*) FROM pg_indexes WHERE schemaname = 'cpd' OR tablename ~ '^cpd_'"); got != len(cpd.Tables()) {
		t.Errorf("got %d keys, want one for each of %d tables", got, len(cpd.Tables()))
	}
	analysed := one[float32](t, w.deps.DB, "SELECT reltuples FROM pg_class WHERE oid = (SELECT max(oid) FROM pg_class WHERE relname ~ '^schools_[0-9]+$')")
	if analysed != 200 {
		t.Errorf("statistics: got %v schools, want 200", analysed)
	}
}

// A refresh shares the version and reads on; the swap waits, and neither sees anything of the other.
func TestSwapWaitsForRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	w.inSource("UPDATE schools SET name = 'New ' || urn")
	ctx := t.Context()
	lock, err := w.deps.DB.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := inputs.Share(ctx, lock, inputs.CPD); err != nil {
		t.Fatal(err)
	}
	reader, err := w.deps.DB.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	const count = "SELECT count(*) FROM cpd.schools WHERE name LIKE 'School %'"
	read := func() (n int) {
		if err := reader.QueryRow(ctx, count).Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	if n := read(); n != 200 {
		t.Errorf("before: got %d schools, want 200", n)
	}
	waits := make(chan struct{})
	heard := &listener{on: map[string]func(){"waiting for readers of the copy before": func() { close(waits) }}}
	done := make(chan error, 1)
	go func() {
		_, err := w.try(&run.Local{Logger: slog.New(heard)}, cpd.Args{})
		done <- err
	}()
	<-waits
	if n := read(); n != 200 {
		t.Errorf("while the swap waits: got %d schools, want 200", n)
	}
	_ = reader.Rollback(ctx)
	_ = lock.Rollback(ctx)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, w.deps.DB, count); n != 0 {
		t.Errorf("after: got %d schools by the old name, want 0", n)
	}
}

func TestSwapGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	check := w.unhurt()
	w.deps.SwapTries = 2
	tx, err := w.deps.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), "SELECT FROM cpd.users"); err != nil {
		t.Fatal(err)
	}
	_, err = w.try(&run.Local{}, cpd.Args{})
	wantError(t, err, run.ClassTransient, "swap: ", "reports that read the copy before held it")
	check()
}

// lostRun is an attempt whose job was taken over.
type lostRun struct{ *run.Local }

func (lostRun) Fence(context.Context, pgx.Tx) error { return run.ErrLost }

func TestLostAttemptPublishesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	content := w.content()
	w.inSource("UPDATE schools SET name = 'Other ' || urn")
	heard := &listener{}
	_, err := w.try(lostRun{&run.Local{Logger: slog.New(heard)}}, cpd.Args{})
	wantError(t, err, run.ClassTransient, run.ErrLost.Error())
	if w.content() != content || w.versions() != 1 {
		t.Error("a lost attempt has changed the copy")
	}
	if got, want := len(w.copies()), 2*len(cpd.Tables()); got != want {
		t.Errorf("got %d tables, want %d: what is live and what the lost attempt may not touch any more", got, want)
	}
	w.sync()
	if got := w.copies(); len(got) != len(cpd.Tables()) {
		t.Errorf("after the next sync: got %v, want one copy of each table", got)
	}
}

func TestLeftovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// The sync below is copy 3: 1 was left by a dead attempt, 9 is under way elsewhere.
	w.inOurs(`SELECT nextval('cpd.copies'), nextval('cpd.copies');
		CREATE TABLE cpd.schools_1 (id uuid); CREATE TABLE cpd.users_9 (id uuid);
		CREATE TABLE cpd.school_cohorts_2 (id uuid); CREATE TABLE cpd.notes_of_an_analyst_1 (id uuid)`)
	w.sync()
	got := strings.Join(w.copies(), " ")
	for name, want := range map[string]bool{
		"schools_1": false, "school_cohorts_2": false, "schools_0": false, "schools_3": true, "users_9": true,
		"notes_of_an_analyst_1": true,
	} {
		if strings.Contains(" "+got+" ", " "+name+" ") != want {
			t.Errorf("cpd.%s: still there is %v, want %v", name, !want, want)
		}
	}
}

// A copy that somebody still reads goes with the next sync.
func TestReaderOfTheOldCopyIsNotDisturbed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	tx, err := w.deps.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE cpd.schools_1 IN ACCESS SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	w.sync()
	var n int
	if err := tx.QueryRow(t.Context(), "SELECT count(*) FROM cpd.schools_1").Scan(&n); err != nil || n != 200 {
		t.Errorf("the old copy: got %d schools, %v, want 200", n, err)
	}
	_ = tx.Rollback(t.Context())
	w.sync()
	if got := w.copies(); len(got) != len(cpd.Tables()) {
		t.Errorf("got %v, want one copy of each table", got)
	}
}
