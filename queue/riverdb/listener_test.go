package riverdb

import (
	"context"
	"log/slog"
	"testing"

	"github.com/riverqueue/river/riverdriver"

	"cpd-jobs/internal/pgtest"
)

// A worker that wakes from a freeze is told to stop while its listener connects again: there is no connection then.
func TestAListenerWithoutAConnectionCanBeStopped(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	l := NewDriver(pool, pool, map[string]int{"default": 1}, func() bool { return false }, slog.New(slog.DiscardHandler)).GetListener(&riverdriver.GetListenenerParams{Schema: "river"}).(*listener)
	if err := l.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(t.Context(), insertTopic); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()"); err != nil {
		t.Fatal(err)
	}
	_ = l.Ping(t.Context()) // finds it broken
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := l.WaitForNotification(stopped); err == nil {
		t.Error("a stopped listener waits")
	}
	if err := l.Unlisten(t.Context(), insertTopic); err != nil {
		t.Errorf("unlisten: %v", err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
}
