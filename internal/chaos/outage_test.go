package chaos

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"cpd-jobs/internal/pg"
	"cpd-jobs/queue"
)

// backWithin is how soon after its start a server must have its workers back.
const backWithin = 10 * time.Second

// TestChaosServerStopsUnderLoad stops PostgreSQL as a crash would, again and again, while jobs are inserted and run.
func TestChaosServerStopsUnderLoad(t *testing.T) {
	t.Parallel()
	stops := 2
	if full {
		stops = 10
	}
	s := ownServer(t, pg.Options{})
	l := newLabOn(t, s, "")
	workers := []*worker{l.worker(), l.worker()}
	names := []string{workers[0].id(), workers[1].id()}
	stopLoad := l.load(20 * time.Millisecond)
	var longest time.Duration
	for range stops {
		done := one[int64](l, "SELECT count(*) FROM queue.probes")
		l.eventually(backWithin, "jobs are under way", func() bool { return l.count("SELECT count(*) FROM queue.probes") >= done+20 })
		s.stopAtOnce()
		s.start()
		started := time.Now()
		l.eventually(backWithin, "jobs run again", func() bool { return l.count("SELECT count(*) FROM queue.probes WHERE made_at > $1", started) > 0 })
		longest = max(longest, time.Since(started))
	}
	figure(t, "server-started-until-jobs-run", longest.Seconds(), "s", backWithin.Seconds())
	inserted := stopLoad()
	l.eventually(time.Minute, "all jobs have ended", func() bool {
		return l.count("SELECT count(*) FROM queue.jobs WHERE finalized_at IS NULL") == 0
	})
	l.onceEach()
	if jobs := one[int64](l, "SELECT count(*) FROM queue.jobs"); jobs < int64(inserted) {
		t.Errorf("%d jobs are left of %d whose insertion was confirmed", jobs, inserted)
	}
	for i, w := range workers {
		if !w.alive() || w.id() != names[i] {
			t.Errorf("worker %s: lives %v, is called %s; want it alive under its name", names[i], w.alive(), w.id())
		}
	}
	if dead := one[int64](l, "SELECT count(*) FROM queue.workers WHERE taken_over_by IS NOT NULL"); dead != 0 {
		t.Errorf("%d workers were taken for dead, want none", dead)
	}
	for _, w := range workers {
		w.stop()
	}
}

// load inserts a probe with a row every so often, until the returned function is called, which says how many insertions
// were confirmed.
func (l *lab) load(every time.Duration) (stop func() int) {
	ctx, cancel := context.WithCancel(l.t.Context())
	total := make(chan int, 1)
	go func() {
		n := 0
		for ctx.Err() == nil {
			_, err := l.client.Enqueue(ctx, queue.Request{Kind: "probe", Args: json.RawMessage(`{"rows": 1}`), By: "load"})
			if err == nil {
				n++
			}
			pause(ctx, every)
		}
		total <- n
	}()
	return func() int { cancel(); return <-total }
}

// count is -1 while the database is away.
func (l *lab) count(sql string, args ...any) int64 {
	n, err := query[int64](l, sql, args...)
	if err != nil {
		return -1
	}
	return n[0]
}

// onceEach checks that every run of a probe that is to write one row has completed, with one row.
func (l *lab) onceEach() {
	l.t.Helper()
	if bad := one[int64](l, "SELECT count(*) FROM queue.jobs WHERE state <> 'completed' AND NOT metadata ? 'taken_over_by'"); bad != 0 {
		l.t.Errorf("%d jobs did not complete", bad)
	}
	wrong, err := query[int64](l, `
		SELECT run_id FROM (SELECT DISTINCT run_id FROM queue.jobs WHERE kind = 'probe') AS runs
		LEFT JOIN queue.probes AS p USING (run_id)
		GROUP BY run_id HAVING count(p.id) <> 1`)
	if err != nil {
		l.t.Fatal(err)
	}
	if len(wrong) > 0 {
		l.t.Errorf("%d runs have not had their effect exactly once: %v", len(wrong), wrong[:min(len(wrong), 20)])
	}
}

// TestChaosTerminationWithoutServer ends a worker that cannot reach the server.
func TestChaosTerminationWithoutServer(t *testing.T) {
	t.Parallel()
	s := ownServer(t, pg.Options{})
	l := newLabOn(t, s, "")
	w := l.worker()
	l.running(l.probe(2*time.Second, 0).ID)
	l.running(l.probe(time.Minute, 0).ID)
	s.stopAtOnce()
	w.stop()
}
