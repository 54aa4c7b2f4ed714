package queue

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// Ticks that run in turn wait in the ledger, so that one costs few transactions however many wait behind it; each of 1,500
// that asked for their turn cost 150.
func TestTicksInTurnCostFewTransactions(t *testing.T) {
	t.Parallel()
	const waiting, jobs, most = 1500, 150, 5
	pool := pgtest.New(t)
	began := make(chan time.Time, 2*waiting)
	tick := kindThat("tick", func(_ context.Context, r run.Run) (run.Outcome, error) {
		began <- r.Tick()
		return run.Outcome{}, nil
	})
	// committed says how many transactions were committed while a worker did so many jobs.
	committed := func(prepare func(w *idleWorker)) (n int, ticks []time.Time) {
		w := idleOn(t, pool, tick)
		prepare(w)
		w.exec("DELETE FROM queue.workers WHERE id = $1", w.id)
		count := func() (n int) {
			conn, err := pgx.ConnectConfig(t.Context(), pool.Config().ConnConfig.Copy())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
			for others := 1; others > 0; { // sessions say what they did when they end
				err := conn.QueryRow(t.Context(), `
					SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
					       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
					          AND backend_type = 'client backend')`).Scan(&n, &others)
				if err != nil {
					t.Fatal(err)
				}
				pool.Reset()
			}
			return n
		}
		w.pool.Reset()
		before := count()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		for len(ticks) < jobs {
			ticks = append(ticks, <-began)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		return count() - before, ticks
	}
	own, _ := committed(func(w *idleWorker) {
		requests := make([]Request, jobs)
		for i := range requests {
			requests[i] = Request{Kind: "tick"}
		}
		err := w.inTx(func(tx pgx.Tx) error {
			_, err := w.client.EnqueueTx(t.Context(), tx, requests...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	inTurn, ticks := committed(func(w *idleWorker) {
		w.follows("schedules:\n- {name: turn, kind: tick, cron: \"0 0 1 1 *\", timezone: UTC, overlap: queue}\n")
		w.exec(`INSERT INTO queue.ticks (schedule, tick, state)
			SELECT 'turn', now() + make_interval(secs => n), 'enqueued' FROM generate_series(1, $1) AS n`, waiting)
	})
	if !slices.IsSortedFunc(ticks, time.Time.Compare) || ticks[0].IsZero() {
		t.Error("ticks did not run in their order")
	}
	t.Logf("%d jobs: %d transactions each for itself, %d in turn", jobs, own, inTurn)
	if more := float64(inTurn-own) / jobs; more > most {
		t.Errorf("a tick in turn costs %.1f transactions beyond its job's own, want at most %d", more, most)
	}
}
