package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"cpd-jobs/internal/pg"
	"cpd-jobs/migrations"
)

const (
	// templatePrefix begins the names of template databases that are migrated and empty.
	templatePrefix = "cpd_template_"
	// filledPrefix begins those of templates that a test has filled.
	filledPrefix = "cpd_filled_"
)

// templateLock is the advisory lock for making or removing databases that several processes share.
const templateLock = 0x7067746573740001

// template is a database that others are cloned from.
type template struct {
	name string // says what is in it: equal names, equal contents
	base string // what it is cloned from itself
	fill func(ctx context.Context, url string) error
}

// make makes the template unless an earlier process did.
func (s *shared) make(t template) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	quoted := pg.Ident(t.name)
	return s.locked(ctx, func(conn *pgx.Conn) error {
		var ready bool
		err := conn.QueryRow(ctx, "SELECT coalesce((SELECT datistemplate FROM pg_database WHERE datname = $1), false)", t.name).Scan(&ready)
		if err == nil && !ready {
			err = s.build(ctx, conn, t)
		}
		if err != nil {
			return err
		}
		return touch(ctx, conn, quoted)
	})
}

// build marks the database as a template last, so that half a template is never taken for a whole one.
func (s *shared) build(ctx context.Context, conn *pgx.Conn, t template) error {
	quoted := pg.Ident(t.name)
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)", "CREATE DATABASE " + quoted + " TEMPLATE " + t.base + s.strategy} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := t.fill(ctx, s.url(t.name)); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "ALTER DATABASE "+quoted+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

// makeTemplate makes the migrated database. Its name says which migrations it has.
func (s *shared) makeTemplate() (name string, err error) {
	print, err := fingerprint()
	if err != nil {
		return "", err
	}
	name = templatePrefix + print
	return name, s.make(template{name: name, base: "template0", fill: migrate})
}

// fingerprint is the same for two programs whose migrations, River's and ours, are the same: 24 hexadecimal digits.
func fingerprint() (string, error) {
	hash := sha256.New()
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return "", fmt.Errorf("read River's migrations: %w", err)
	}
	for _, m := range migrator.AllVersions() {
		fmt.Fprintf(hash, "%d %s\n%s\n", m.Version, m.Name, m.SQLUp)
	}
	if err := hashFiles(hash, migrations.Files, "*.sql"); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)[:12]), nil
}

func hashFiles(hash io.Writer, files fs.FS, pattern string) error {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		sql, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read a migration: %w", err)
		}
		fmt.Fprintf(hash, "%s %d\n%s\n", name, len(sql), sql)
	}
	return nil
}

func migrate(ctx context.Context, url string) error {
	pool, err := pg.Open(ctx, url, pg.PoolOptions{App: "pgtest", MaxConns: 4})
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = migrations.Up(ctx, pool)
	return err
}

// touch notes when the template was last wanted, for removeOld.
func touch(ctx context.Context, conn *pgx.Conn, quoted string) error {
	_, err := conn.Exec(ctx, fmt.Sprintf("COMMENT ON DATABASE %s IS '%d'", quoted, time.Now().Unix()))
	return err
}

// Filled is a database with something in it that many tests begin with: it is filled once, and cloned.
type Filled struct {
	// Name tells it from the others of the test program.
	Name string
	// Bare says that our migrations are not in it: a source, say.
	Bare bool
	// Fill fills the database. It must do the same in every process of the test program.
	Fill func(ctx context.Context, db *pgxpool.Pool) error

	once     sync.Once
	template string
	err      error
}

// URL returns the connection string of a fresh clone, dropped after the test.
func (f *Filled) URL(t testing.TB) string {
	t.Helper()
	s := server(t)
	f.once.Do(func() { f.template, f.err = s.makeFilled(f) })
	if f.err != nil {
		t.Fatalf("make the template database %s: %v", f.Name, f.err)
	}
	return s.clone(t, f.template)
}

// makeFilled names the template by the test program, so that another one's, or an earlier one's, is never taken for it.
func (s *shared) makeFilled(f *Filled) (name string, err error) {
	base := "template0"
	if !f.Bare {
		if base, err = s.migratedTemplate(); err != nil {
			return "", err
		}
	}
	print, err := programPrint()
	if err != nil {
		return "", err
	}
	name = filledPrefix + print + "_" + f.Name
	return name, s.make(template{name: name, base: base, fill: func(ctx context.Context, url string) error {
		pool, err := pg.Open(ctx, url, pg.PoolOptions{App: "pgtest", MaxConns: 4})
		if err != nil {
			return err
		}
		defer pool.Close()
		return f.Fill(ctx, pool)
	}})
}

// programPrint tells this test program from every other: it has another one whenever its sources change.
var programPrint = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	program, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer program.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, program); err != nil {
		return "", fmt.Errorf("read the test program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)[:10]), nil
})
