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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
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

// newFixture is a site whose report was refreshed twice and exported, and whose jobs ran.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := newEmptyFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), fixtureSQL); err != nil {
		t.Fatalf("fill the database: %v", err)
	}
	f.done, f.failed, f.running = 1, 2, 3
	f.export(t, 1, "csv", "school-onboarding-2026-11-21T0610Z.csv", []byte("urn,name\r\n100001,School 1\r\n"))
	f.export(t, 2, "xlsx", "school-onboarding-2026-11-22T0610Z.xlsx", bytes.Repeat([]byte("PK\x03\x04 not really a workbook. "), 90_000))
	f.export(t, 2, "csv", "school-onboarding-2026-11-22T0610Z.csv", []byte("urn,name\r\n"+strings.Repeat("100001,School 1\r\n", 100_000)))
	return f
}

// newEmptyFixture is a site on which nothing has happened yet.
func newEmptyFixture(t *testing.T) *fixture {
	t.Helper()
	pool := pgtest.New(t)
	if err := reports.Ensure(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return newFixtureOn(t, pool)
}

func newFixtureOn(t *testing.T, pool *pgxpool.Pool) *fixture {
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
	f.handler = New(f.deps)
	return f
}

// export puts a file into the store and its row into the database.
func (f *fixture) export(t *testing.T, version int64, format, name string, body []byte) {
	t.Helper()
	key := "school_onboarding/" + name
	draft, err := f.deps.Store.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Write(body); err != nil {
		t.Fatal(err)
	}
	if file, err := draft.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	} else if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := draft.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	f.files[name] = hex.EncodeToString(sum[:])
	err = pgx.BeginFunc(t.Context(), f.deps.DB, func(tx pgx.Tx) error {
		e, err := exports.Add(t.Context(), tx, exports.Export{
			Report: "school_onboarding", Version: version, DefinitionVersion: "1.0", DefinitionHash: "h", Format: format, Name: name, Key: key,
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
func (f *fixture) page(t *testing.T, target string, status int) string {
	t.Helper()
	res := f.get(target)
	body := bodyOf(t, res)
	if res.StatusCode != status {
		t.Fatalf("%s: status %d, want %d\n%s\n%s", target, res.StatusCode, status, body, f.log)
	}
	return body
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// wantAll fails for each text that the page does not have.
func wantAll(t *testing.T, page string, texts ...string) {
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
func wantNone(t *testing.T, page string, texts ...string) {
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

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
