// Package pgtest gives a test a PostgreSQL database of its own. One server is shared by all test processes of a user;
// each test's database is cloned from a migrated template and dropped afterwards. TEST_DATABASE_URL names another
// server to use. Without PostgreSQL a test is skipped, or fails where CI is set.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
)

// dropWithin bounds the clean-up after a test.
const dropWithin = time.Minute

// New returns a pool to a fresh database with every migration applied. Pool and database go with the test.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return Connect(t, URL(t))
}

// URL returns the connection string of a fresh database with every migration applied, dropped after the test.
func URL(t testing.TB) string {
	t.Helper()
	s := server(t)
	template, err := s.migratedTemplate()
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	return s.clone(t, template)
}

// NewEmpty returns the connection string of a fresh database with nothing in it, dropped after the test: a source, say.
func NewEmpty(t testing.TB) string {
	t.Helper()
	return server(t).clone(t, "template0")
}

// Connect opens a pool that is closed after the test.
func Connect(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), url, pg.PoolOptions{App: appName(t), MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// appName is the test's name as far as PostgreSQL keeps it.
func appName(t testing.TB) string {
	const longest = 63
	return t.Name()[:min(len(t.Name()), longest)]
}

// server is the shared server, or the end of the test.
func server(t testing.TB) *shared {
	t.Helper()
	s, err := theServer()
	switch {
	case err == nil:
		return s
	case errors.Is(err, pg.ErrNoBinaries) && os.Getenv("CI") == "":
		t.Skipf("needs PostgreSQL: %v", err)
	default:
		t.Fatalf("needs PostgreSQL: %v", err)
	}
	return nil
}

// clone makes a database from a template and drops it after the test.
func (s *shared) clone(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("%s%d_%s", testPrefix, time.Now().Unix(), strings.ToLower(rand.Text()[:8]))
	quoted := pg.Ident(name)
	if err := s.exec(t.Context(), "CREATE DATABASE "+quoted+" TEMPLATE "+pg.Ident(template)+s.strategy); err != nil {
		t.Fatalf("make a database from %s: %v", template, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), dropWithin)
		defer cancel()
		if err := s.exec(ctx, "DROP DATABASE IF EXISTS "+quoted+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return s.url(name)
}
