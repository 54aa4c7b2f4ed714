package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/store"
)

// fixture is a site on a database of its own.
type fixture struct {
	deps    Deps
	handler http.Handler
	log     *lockedBuffer
	// files are the SHA-256 of the exported files, ids those of their rows, by name.
	files map[string]string
	ids   map[string]int64
	// Jobs: two of the history and one that River still has.
	done, failed, running int64
}

//go:embed testdata/fixture.sql
var fixtureSQL string

// What sites begin with.
var (
	empty = pgtest.Filled{Name: "empty", Fill: func(ctx context.Context, db *pgxpool.Pool) error { return reports.EnsureTables(ctx, db) }}
	whole = pgtest.Filled{Name: "whole", Fill: func(ctx context.Context, db *pgxpool.Pool) error {
		if err := reports.EnsureTables(ctx, db); err != nil {
			return err
		}
		_, err := db.Exec(ctx, fixtureSQL)
		return err
	}}
)

// aliveSQL has a worker that was heard of just now.
const aliveSQL = `
	INSERT INTO queue.workers (id, host, pid, version, started_at, heartbeat_at)
	VALUES ('worker-1', 'host-1', 4711, '0.1.0', '2026-11-22T05:00:00Z', now())`

// newFixture is a site whose report was refreshed twice and exported, and whose jobs ran.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := newFixtureOn(t, pgtest.Connect(t, whole.URL(t)))
	if _, err := f.deps.DB.Exec(t.Context(), aliveSQL); err != nil {
		t.Fatal(err)
	}
	f.done, f.failed, f.running = 1, 2, 3
	f.export(t, 1, "csv", "school-onboarding-2026-11-21T0610Z.csv", []byte("urn,name\r\n100001,School 1\r\n"))
	f.export(t, 2, "xlsx", "school-onboarding-2026-11-22T0610Z.xlsx", bytes.Repeat([]byte("PK\x03\x04 not really a workbook. "), 90_000))
	f.export(t, 2, "csv", "school-onboarding-2026-11-22T0610Z.csv", []byte("urn,name\r\n"+strings.Repeat("100001,School 1\r\n", 100_000)))
	return f
}

// newEmptyFixture is a site on which nothing has happened yet.
func newEmptyFixture(t testing.TB) *fixture {
	t.Helper()
	return newFixtureOn(t, pgtest.Connect(t, empty.URL(t)))
}

func newFixtureOn(t testing.TB, pool *pgxpool.Pool) *fixture {
	t.Helper()
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{log: &lockedBuffer{}, files: map[string]string{}, ids: map[string]int64{}}
	f.deps = Deps{
		DB:      pool,
		Store:   files,
		Log:     slog.New(slog.NewTextHandler(f.log, nil)),
		Now:     func() time.Time { return time.Date(2026, 11, 22, 6, 50, 0, 0, time.UTC) },
		Version: "0.1.0",
		Schema:  func(context.Context) error { return nil },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
	}
	if pool != nil {
		f.deps.Queue = newQueue(t, pool, f.deps.Log)
	}
	f.handler = New(f.deps)
	return f
}

// newQueue knows kinds that do nothing: no test works a job.
func newQueue(t testing.TB, pool *pgxpool.Pool, log *slog.Logger) *queue.Client {
	t.Helper()
	var kinds []run.Kind
	for name, about := range map[string]string{"cpd_sync": "Copy the service's data", "gias_sync": "Sync the register", "uplift_sync": "Sync uplifts", "school_onboarding_refresh": "Refresh"} {
		kinds = append(kinds, run.NewKind(run.Kind{Name: name, About: about, Queue: "syncs", Timeout: time.Minute, MaxAttempts: 5}, nil,
			func(context.Context, run.Run, sourceArgs) (run.Outcome, error) { return run.Outcome{}, nil }))
	}
	kinds = append(kinds, run.NewKind(run.Kind{Name: "report_export", About: "Export a report", Queue: "exports", Timeout: time.Minute, MaxAttempts: 2}, nil,
		func(context.Context, run.Run, exportArgs) (run.Outcome, error) { return run.Outcome{}, nil }))
	client, err := queue.NewClient(pool, kinds, log)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

type sourceArgs struct {
	Source string `json:"source,omitempty" help:"where it comes from"`
}

type exportArgs struct {
	Report  string          `json:"report" default:"school_onboarding" help:"name of the report"`
	Formats []string        `json:"formats" default:"[\"xlsx\", \"csv\"]" help:"xlsx, csv"`
	Where   selection.Where `json:"where,omitempty" help:"only rows that have these values"`
	Search  string          `json:"search,omitempty" help:"only rows that have these words"`
	Sort    string          `json:"sort,omitempty" help:"a column to order by"`
	Columns []string        `json:"columns,omitempty" help:"only these columns"`
}

// serve answers on an address of this machine until stop, which gives what the server said at its end.
func (f *fixture) serve(t testing.TB) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, err := Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, f.handler, f.deps.Log) }()
	return "http://" + l.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

// post sends a form as a page of the site itself would.
func (f *fixture) post(target string, values url.Values, header ...string) *http.Response {
	r := httptest.NewRequest("POST", "http://localhost:8080"+target, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://localhost:8080")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w.Result()
}

// export puts a file into the store and its row into the database.
func (f *fixture) export(t testing.TB, version int64, format, name string, body []byte) {
	t.Helper()
	key := "school_onboarding/" + name
	f.put(t, key, body)
	var beside []string
	if format == "csv" {
		beside = []string{key + descriptionSuffix}
		f.put(t, beside[0], []byte(`{"url": "`+name+`"}`))
	}
	sum := sha256.Sum256(body)
	f.files[name] = hex.EncodeToString(sum[:])
	err := pgx.BeginFunc(t.Context(), f.deps.DB, func(tx pgx.Tx) error {
		e, err := exports.Add(t.Context(), tx, exports.Export{
			Report: "school_onboarding", Version: version, DefinitionVersion: "1.0", DefinitionHash: "h", Format: format, Name: name, Key: key, Sidecars: beside,
			Size: int64(len(body)), Rows: 24_000, Checksum: "c", SHA256: f.files[name], AsOf: time.Date(2026, 11, 20+int(version), 6, 10, 0, 0, time.UTC),
		})
		if err != nil {
			return err
		}
		f.ids[name] = e.ID
		_, err = tx.Exec(t.Context(), "UPDATE reports.exports SET created_at = as_of + interval '67 seconds' WHERE id = $1", e.ID)
		return err
	})
	if err != nil {
		t.Fatalf("record the export: %v", err)
	}
}

// put keeps a file in the store.
func (f *fixture) put(t testing.TB, key string, body []byte) {
	t.Helper()
	draft, err := f.deps.Store.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Write(body); err != nil {
		t.Fatal(err)
	}
	file, err := draft.Reopen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := draft.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// get asks the site for an address, with headers given as name and value in turn.
func (f *fixture) get(target string, header ...string) *http.Response {
	return f.ask("GET", target, header...)
}

func (f *fixture) ask(method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "http://localhost:8080"+target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w.Result()
}

// page asks for a page and returns its text, which must come with the status.
func (f *fixture) page(t testing.TB, target string, status int) string {
	t.Helper()
	res := f.get(target)
	body := bodyOf(t, res)
	if res.StatusCode != status {
		t.Fatalf("%s: status %d, want %d\n%s\n%s", target, res.StatusCode, status, body, f.log)
	}
	return body
}

func bodyOf(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// wantAll fails for each text that the page does not have.
func wantAll(t testing.TB, page string, texts ...string) {
	t.Helper()
	missing := slices.DeleteFunc(texts, func(text string) bool { return strings.Contains(page, text) })
	if len(missing) == 0 {
		return
	}
	_, main, found := strings.Cut(page, "<main")
	if !found {
		main = page
	}
	t.Errorf("the page does not have %q:\n%s", missing, main)
}

// wantNone fails for each text that the page has.
func wantNone(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("the page has %q", text)
		}
	}
}

// lockedBuffer is a log that handlers write at the same time.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// last is the last line that has a text.
func (l *lockedBuffer) last(text string) string {
	found := ""
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			found = line
		}
	}
	return found
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
