package cpd_test

import (
	"context"
	_ "embed"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
)

var (
	//go:embed testdata/source.sql
	sourceSQL string
	//go:embed testdata/seed.sql
	seedSQL string
)

// world is a CPD database with rows and ours without.
type world struct {
	t      *testing.T
	source *pgxpool.Pool
	deps   cpd.Deps
}

func newWorld(t *testing.T) world {
	t.Helper()
	url := seeded.URL(t)
	return world{t: t, source: pgtest.Connect(t, url), deps: cpd.Deps{DB: pgtest.New(t), SourceURL: url}}
}

// seeded is a CPD database with rows, and with the statistics that put its biggest tables first.
var seeded = pgtest.Filled{Name: "source", Bare: true, Fill: func(ctx context.Context, db *pgxpool.Pool) error {
	_, err := db.Exec(ctx, sourceSQL+";\n"+seedSQL+";\nANALYZE")
	return err
}}

func (w world) inSource(sql string) { w.exec(w.source, sql) }
func (w world) inOurs(sql string)   { w.exec(w.deps.DB, sql) }

func (w world) exec(db *pgxpool.Pool, sql string) {
	w.t.Helper()
	if _, err := db.Exec(w.t.Context(), sql); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// sync must succeed.
func (w world) sync() run.Outcome {
	w.t.Helper()
	outcome, err := cpd.Sync(w.t.Context(), &run.Local{}, w.deps, cpd.Args{})
	if err != nil {
		w.t.Fatalf("sync: %v", err)
	}
	return outcome
}

// try may fail.
func (w world) try(r run.Run, args cpd.Args) (run.Outcome, error) {
	return cpd.Sync(w.t.Context(), r, w.deps, args)
}

func ask[T any](t *testing.T, db *pgxpool.Pool, sql string, args ...any) []T {
	t.Helper()
	rows, _ := db.Query(t.Context(), sql, args...)
	list, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

func one[T any](t *testing.T, db *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	list := ask[T](t, db, sql, args...)
	if len(list) != 1 {
		t.Fatalf("%s: got %d rows, want 1", sql, len(list))
	}
	return list[0]
}

// content is every row of every table of our copy, as text.
func (w world) content() string {
	w.t.Helper()
	var all strings.Builder
	for _, table := range cpd.Tables() {
		all.WriteString(table.String() + ":\n")
		all.WriteString(strings.Join(ask[string](w.t, w.deps.DB, "SELECT t::text FROM "+relationOf(table)+" AS t ORDER BY id"), "\n"))
	}
	return all.String()
}

// copies are the physical tables of all copies.
func (w world) copies() []string {
	w.t.Helper()
	return ask[string](w.t, w.deps.DB, `SELECT relname::text FROM pg_class
		WHERE relkind = 'r' AND (relnamespace = 'cpd'::regnamespace OR relnamespace = 'restricted'::regnamespace AND relname ~ '^cpd_')
		ORDER BY relnamespace, relname`)
}

func (w world) versions() int64 {
	w.t.Helper()
	return one[int64](w.t, w.deps.DB, "SELECT version FROM reports.inputs WHERE input = 'cpd'")
}

// unhurt is the copy as it is now; the returned function checks that it still is, and that nothing else is there.
func (w world) unhurt() (check func()) {
	w.t.Helper()
	content, copies, version := w.content(), w.copies(), w.versions()
	return func() {
		w.t.Helper()
		if got := w.content(); got != content {
			w.t.Error("the copy before is not what it was")
		}
		if got := w.copies(); strings.Join(got, " ") != strings.Join(copies, " ") {
			w.t.Errorf("tables of schema cpd: got %v, want %v", got, copies)
		}
		if got := w.versions(); got != version {
			w.t.Errorf("live version: got %d, want %d", got, version)
		}
	}
}

// wantError checks class and words.
func wantError(t *testing.T, err error, class run.Class, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", words)
	}
	if got := run.ClassOf(err); got != class {
		t.Errorf("class: got %s, want %s: %v", got, class, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want %q in it", err, word)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("got more than one line: %q", err)
	}
}

// listener hears log lines.
type listener struct {
	slog.Handler
	mu    sync.Mutex
	heard []string
	on    map[string]func()
}

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }

func (l *listener) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	l.heard = append(l.heard, line)
	if f := l.on[r.Message]; f != nil {
		f()
	}
	return nil
}

func (l *listener) lines() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.heard, "\n")
}
