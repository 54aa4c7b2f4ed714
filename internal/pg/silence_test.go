package pg_test

import (
	"testing"
	"time"

	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/blackhole"
)

// A statement of a job once waited for its kind's whole time on a connection that had gone silent, and its transaction
// kept its locks. A statement that the server works on, or that only waits for a lock, is left alone however long it
// takes.
func TestSilentConnectionOfAJobIsEnded(t *testing.T) {
	t.Parallel()
	target := pgtest.NewEmpty(t)
	direct := pgtest.Connect(t, target)
	_, err := direct.Exec(t.Context(), "CREATE TABLE held AS SELECT 1 AS id")
	check(t, err)
	proxy, through := blackhole.Before(t, target)
	jobs, err := pg.Open(t.Context(), through, pg.PoolOptions{App: "worker-1"})
	check(t, err)
	t.Cleanup(jobs.Close)
	ctx := cost.With(t.Context(), &cost.Meter{}) // as that of an attempt
	conn, err := jobs.Acquire(ctx)
	check(t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, "BEGIN; SELECT FROM held FOR UPDATE")
	check(t, err)
	proxy.Silence(blackhole.All, blackhole.Acknowledging)
	working, err := jobs.Acquire(ctx)
	check(t, err)
	defer working.Release()

	failed, worked := make(chan error, 1), make(chan error, 1)
	go func() { _, err := conn.Exec(ctx, "SELECT $1::int", 1); failed <- err }()
	go func() { _, err := working.Exec(ctx, "SELECT FROM held FOR UPDATE"); worked <- err }() // waits for the lock
	silence := pg.WatchSilence(jobs, direct, 0)
	ended := 0
	for ended == 0 {
		time.Sleep(10 * time.Millisecond)
		ended, err = silence.End(t.Context())
		check(t, err)
	}
	if err := <-failed; run.ClassOf(err) != run.ClassUnreachable {
		t.Errorf("the silent statement ends with %v", err)
	}
	if err := <-worked; err != nil {
		t.Errorf("the other statement, which waited for the silent one's lock, ends with %v", err)
	}
	if n, err := silence.End(t.Context()); n != 0 || err != nil || ended != 1 {
		t.Errorf("%d connections were ended, and then %d (%v)", ended, n, err)
	}
}
