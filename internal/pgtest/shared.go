package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
)

// shared is the server that this process's tests use.
type shared struct {
	url func(database string) string
	// strategy ends CREATE DATABASE.
	strategy string
	// databases makes and drops tests' databases, without a new connection for each.
	databases *pgxpool.Pool
	// migratedTemplate makes the template at most once a process, and returns its name.
	migratedTemplate func() (string, error)
}

// startWithin bounds the wait for a server, or a template, that others may be making.
const startWithin = 2 * time.Minute

// theServer starts or joins the server once a process. It is never closed: it is this process's until it exits, and
// then the kernel gives its share up.
var theServer = sync.OnceValues(func() (*shared, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	s, err := find(ctx, os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return nil, err
	}
	if s.databases, err = pgxpool.New(ctx, s.url("postgres")); err != nil {
		return nil, err
	}
	s.migratedTemplate = sync.OnceValues(s.makeTemplate)
	return s, s.removeOld(ctx, time.Now())
})

// find uses the given server, or starts or joins our own.
func find(ctx context.Context, given string) (*shared, error) {
	if given != "" {
		return findGiven(given)
	}
	dir := serverDir()
	server, err := startServer(ctx, dir)
	if err != nil {
		return nil, err
	}
	s := &shared{url: server.URL}
	if pg.Major(server.Version) >= 15 {
		s.strategy = " STRATEGY file_copy" // twice as quick as by the log, where nothing is synced to disk
	}
	return s, startKeepalive(ctx, dir)
}

func findGiven(given string) (*shared, error) {
	base, err := url.Parse(given)
	if err != nil || base.Scheme == "" {
		return nil, errors.New("TEST_DATABASE_URL must look like postgres://user:password@host:5432/postgres")
	}
	return &shared{url: func(database string) string {
		u := *base
		u.Path = "/" + database
		return u.String()
	}}, nil
}

// startServer runs without durability: a test's data outlive no crash.
func startServer(ctx context.Context, dir string) (*pg.Server, error) {
	return pg.Start(ctx, pg.Options{Dir: dir, Settings: map[string]string{
		"fsync":              "off",
		"synchronous_commit": "off",
		"full_page_writes":   "off",
		"wal_level":          "minimal",
		"max_wal_senders":    "0",
		"max_wal_size":       "512MB",
		"max_connections":    "300",
		"shared_buffers":     "128MB",
		"checkpoint_timeout": "1h",
	}})
}

// admin runs f on a connection of its own.
func (s *shared) admin(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	return errors.Join(f(conn), conn.Close(context.WithoutCancel(ctx)))
}

// exec runs one statement.
func (s *shared) exec(ctx context.Context, sql string) error {
	_, err := s.databases.Exec(ctx, sql)
	return err
}

// locked runs f while no other process makes or removes databases that are not its own.
func (s *shared) locked(ctx context.Context, f func(*pgx.Conn) error) error {
	return s.admin(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(templateLock)); err != nil {
			return fmt.Errorf("wait for others who make the template: %w", err)
		}
		return f(conn) // the lock goes with the connection
	})
}
