package pg_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/testing/blackhole"
)

// A transaction whose connection goes silent once kept its locks for ever: the server never heard that it was over, and
// no worker got at the schedule whose tick it was about to write.
func TestSilentTransactionGivesItsLocksBack(t *testing.T) {
	t.Parallel()
	target := pgtest.NewEmpty(t)
	direct := pgtest.Connect(t, target)
	_, err := direct.Exec(t.Context(), "CREATE TABLE schedule AS SELECT 1 AS id")
	check(t, err)
	for _, form := range []blackhole.Form{blackhole.Acknowledging, blackhole.Stalled} {
		proxy, through := blackhole.Before(t, target)
		like, err := pg.Open(t.Context(), through, pg.PoolOptions{})
		check(t, err)
		t.Cleanup(like.Close)
		bounded, err := pg.Bounded(t.Context(), like, 2, 3*time.Second)
		check(t, err)
		t.Cleanup(bounded.Close)
		tx, err := bounded.Begin(t.Context())
		check(t, err)
		_, err = tx.Exec(t.Context(), "SELECT FROM schedule FOR UPDATE")
		check(t, err)
		if proxy.Silence(blackhole.All, form) == 0 {
			t.Fatal("no connection went through the proxy")
		}
		_, err = direct.Exec(t.Context(), "SELECT FROM schedule FOR UPDATE") // waits for the lock
		check(t, err)
		if err := tx.Commit(t.Context()); err == nil {
			t.Error("a transaction whose connection is silent commits")
		}
		var one int
		if err := bounded.QueryRow(t.Context(), "SELECT 1").Scan(&one); err != nil {
			t.Errorf("the next statement does not get a connection that works: %v", err)
		}
	}
}

// A statement that is merely slow ends on the server, and keeps its connection.
func TestSlowStatementEndsOnTheServer(t *testing.T) {
	t.Parallel()
	like := pgtest.Connect(t, pgtest.NewEmpty(t))
	bounded, err := pg.Bounded(t.Context(), like, 1, time.Minute)
	check(t, err)
	t.Cleanup(bounded.Close)
	for setting, want := range map[string]string{"statement_timeout": "48s", "idle_in_transaction_session_timeout": "1min"} {
		var got string
		check(t, bounded.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
	_, err = bounded.Exec(t.Context(), "SET statement_timeout = '10ms'; SELECT pg_sleep(3600)")
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "57014" {
		t.Errorf("the statement ends with %v, want the server to end it", err)
	}
	if n := bounded.Stat().NewConnsCount(); n != 1 {
		t.Errorf("it took %d connections", n)
	}
}
