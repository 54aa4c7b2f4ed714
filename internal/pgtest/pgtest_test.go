package pgtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

func TestNewIsMigratedAndApart(t *testing.T) {
	t.Parallel()
	a, b := New(t), New(t)
	if _, err := a.Exec(t.Context(), "INSERT INTO queue.probes (job_id, run_id, row) VALUES (1, 1, 1)"); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := b.QueryRow(t.Context(), "SELECT count(*) FROM queue.probes").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if rows != 0 {
		t.Errorf("one test's database has %d rows of another's, want 0", rows)
	}
}

func TestNewEmpty(t *testing.T) {
	t.Parallel()
	pool := Connect(t, NewEmpty(t))
	var tables int
	err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')").Scan(&tables)
	if err != nil {
		t.Fatal(err)
	}
	if tables != 0 {
		t.Errorf("an empty database has %d tables, want 0", tables)
	}
}

func TestFilledOnceAndCloned(t *testing.T) {
	t.Parallel()
	times := 0
	f := &Filled{Name: "once", Fill: func(ctx context.Context, db *pgxpool.Pool) error {
		times++
		_, err := db.Exec(ctx, "INSERT INTO queue.probes (job_id, run_id, row) VALUES (1, 1, 1)")
		return err
	}}
	for range 2 {
		db := Connect(t, f.URL(t))
		var rows int
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM queue.probes").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows != 1 {
			t.Errorf("a clone has %d rows, want the 1 that was filled in", rows)
		}
		if _, err := db.Exec(t.Context(), "DELETE FROM queue.probes"); err != nil {
			t.Fatal(err)
		}
	}
	if times > 1 {
		t.Errorf("filled %d times", times)
	}
}

func TestDatabasesGoWithTheirTests(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("a test", func(t *testing.T) {
		url = URL(t)
		conn, err := pgx.Connect(t.Context(), url) // left open: the database goes all the same
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := pgx.Connect(t.Context(), url); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("got %v after the test, want that the database does not exist", err)
	}
}

func TestRemoveOld(t *testing.T) {
	t.Parallel()
	s := server(t)
	now := time.Now()
	made := func(ago time.Duration) string {
		return fmt.Sprintf("%s%d_leftover", testPrefix, now.Add(-ago).Unix())
	}
	unwanted := templatePrefix + fmt.Sprint(now.UnixNano())
	filled := filledPrefix + fmt.Sprint(now.UnixNano())
	databases := []struct {
		name string
		kept bool
	}{{made(oldDatabase + time.Minute), false}, {made(oldDatabase - 10*time.Minute), true}, {unwanted, false}, {filled, false}}
	lastWanted := fmt.Sprintf("COMMENT ON DATABASE %s IS '%d'", unwanted, now.Add(-oldTemplate-time.Hour).Unix())
	err := s.locked(t.Context(), func(conn *pgx.Conn) error { // or another process may remove it before it has its comment
		for _, d := range databases {
			if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+d.name+" TEMPLATE template0"+s.strategy); err != nil {
				return err
			}
			t.Cleanup(func() { _ = s.exec(context.Background(), "DROP DATABASE IF EXISTS "+d.name) })
		}
		_, err := conn.Exec(t.Context(), lastWanted)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.removeOld(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for _, d := range databases {
		var there bool
		err := s.admin(t.Context(), func(conn *pgx.Conn) error {
			return conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", d.name).Scan(&there)
		})
		if err != nil || there != d.kept {
			t.Errorf("%s is there: %v (%v), want %v", d.name, there, err, d.kept)
		}
	}
}

func TestAGivenServer(t *testing.T) {
	t.Parallel()
	s, err := findGiven("postgres://ann:secret@db.example.com:5433/postgres?sslmode=require")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.url("x"), "postgres://ann:secret@db.example.com:5433/x?sslmode=require"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := findGiven("db.example.com"); err == nil {
		t.Error("a host alone is taken for a connection string")
	}
}
