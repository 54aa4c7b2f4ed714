package chaos

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue"
)

// TestChaosHeldSnapshot has somebody hold a transaction open elsewhere while jobs come and go: nothing of what they
// leave behind in the queue's tables can be cleaned away, and a fetch must step over it. It must not show.
func TestChaosHeldSnapshot(t *testing.T) {
	t.Parallel()
	lasting := 15 * time.Second
	if full {
		lasting = 10 * time.Minute
	}
	l := newLab(t)
	l.worker()
	l.completed(l.probe(0, 1).ID, 15*time.Second)
	held, err := l.db.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Rollback(t.Context()) }()
	if _, err := held.Exec(t.Context(), "SELECT count(*) FROM river.river_job"); err != nil { // takes the snapshot
		t.Fatal(err)
	}
	began := one[time.Time](l, "SELECT clock_timestamp()")
	for end := time.Now().Add(lasting); time.Now().Before(end); pause(t.Context(), 100*time.Millisecond) {
		l.burst(10)
	}
	l.eventually(time.Minute, "all jobs have ended", func() bool {
		return l.count("SELECT count(*) FROM queue.jobs WHERE finalized_at IS NULL") == 0
	})
	waits := l.waits(began)
	quarter := len(waits) / 4
	first, last := median(waits[:quarter]), median(waits[len(waits)-quarter:])
	t.Logf("%d jobs; a quarter of them waited %.1f ms at first and %.1f ms in the end", len(waits), 1000*first, 1000*last)
	// Twice the start's, or what a busy machine adds to anything.
	figure(t, "fetch-latency-under-a-held-snapshot", 1000*last, "ms", max(2000*first, 100))
}

// burst inserts jobs that do nothing.
func (l *lab) burst(n int) {
	l.t.Helper()
	requests := make([]queue.Request, n)
	for i := range requests {
		requests[i] = queue.Request{Kind: "probe", By: "chaos"}
	}
	err := pgx.BeginFunc(l.t.Context(), l.db, func(tx pgx.Tx) error {
		_, err := l.client.EnqueueTx(l.t.Context(), tx, requests...)
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// waits are the seconds from when a job might have started to when it did, in order of the jobs.
func (l *lab) waits(since time.Time) []float64 {
	l.t.Helper()
	list, err := query[float64](l, `
		SELECT greatest(extract(epoch FROM attempted_at - scheduled_at), 0)::float8 FROM queue.jobs WHERE created_at > $1 ORDER BY id`, since)
	if err != nil || len(list) < 40 {
		l.t.Fatalf("%d jobs (%v)", len(list), err)
	}
	return list
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
