package chaos

import (
	"math/rand/v2"
	"testing"
	"time"

	"cpd-jobs/internal/pg"
)

// everySecond is a schedule each tick of which must have its effect once, however late.
const everySecond = `
schedules:
  - name: second
    cron: "* * * * * *"
    seconds: true
    kind: probe
    args: {rows: 1, sleep: 100ms}
    catch_up: {policy: all, max_age: 1h, max_count: 3600}
    overlap: queue
`

// settleWithin is how long it may take after the chaos until every tick has had its effect: deaths are noticed, and the
// ticks that waited for the dead ones run one after the other.
const settleWithin = 2 * time.Minute

// TestChaosTicksWhileWorkersDie kills one of three workers about each second, and starts another.
func TestChaosTicksWhileWorkersDie(t *testing.T) {
	t.Parallel()
	lasting := 15 * time.Second
	if full {
		lasting = 2 * time.Minute
	}
	l := newLab(t)
	l.schedule(everySecond)
	workers := []*worker{l.worker(), l.worker(), l.worker()}
	kills := 0
	for end := time.Now().Add(lasting); time.Now().Before(end); kills++ {
		next := time.Now().Add(500*time.Millisecond + rand.N(time.Second)) // now in the middle of a job, now between two
		n := rand.IntN(len(workers))
		workers[n].kill()
		workers[n] = l.start()
		pause(t.Context(), time.Until(next))
	}
	t.Logf("%d workers killed", kills)
	l.everyTickOnce()
}

// TestChaosTicksWhileTheServerStops stops PostgreSQL as a crash would under three workers.
func TestChaosTicksWhileTheServerStops(t *testing.T) {
	t.Parallel()
	stops := 2
	if full {
		stops = 10
	}
	s := ownServer(t, pg.Options{})
	l := newLabOn(t, s, "")
	l.schedule(everySecond)
	workers := []*worker{l.worker(), l.worker(), l.worker()}
	for range stops {
		done := one[int64](l, "SELECT count(*) FROM queue.probes")
		l.eventually(15*time.Second, "ticks run", func() bool { return l.count("SELECT count(*) FROM queue.probes") >= done+2 })
		s.stopAtOnce()
		pause(t.Context(), time.Duration(rand.IntN(2000))*time.Millisecond) // ticks fall into it
		s.start()
	}
	l.everyTickOnce()
	for _, w := range workers {
		if !w.alive() {
			t.Error("a worker has not lived through it")
		}
	}
}

// everyTickOnce waits until the job of every tick up to now has ended, and checks that each had its effect once and
// that no tick is missing.
func (l *lab) everyTickOnce() {
	l.t.Helper()
	until := one[time.Time](l, "SELECT clock_timestamp()")
	l.eventually(settleWithin, "the jobs of all ticks have ended", func() bool {
		return l.count("SELECT extract(epoch FROM accounted_to - $1)::bigint FROM queue.schedules WHERE name = 'second'", until) >= 0 &&
			l.count(`
				SELECT count(*) FROM queue.ticks LEFT JOIN queue.jobs AS j USING (run_id) -- a tick may wait for its job
				WHERE tick <= $1 AND queue.ticks.state = 'enqueued' AND j.finalized_at IS NULL`, until) == 0
	})
	bad, err := query[string](l, `
		SELECT to_char(tick, 'HH24:MI:SS') || ': ' || coalesce(state, 'no row') || ', ' || completed || ' jobs completed, ' || effects || ' effects'
		FROM generate_series((SELECT min(tick) FROM queue.ticks), date_trunc('second', $1::timestamptz), '1 second') AS tick
		LEFT JOIN queue.ticks AS t USING (tick)
		CROSS JOIN LATERAL (SELECT count(*) AS effects FROM queue.probes AS p WHERE p.run_id = t.run_id) AS done
		CROSS JOIN LATERAL (SELECT count(*) AS completed FROM queue.jobs AS j WHERE j.run_id = t.run_id AND j.state = 'completed') AS ended
		WHERE t.state IS DISTINCT FROM 'enqueued' OR effects <> 1 OR completed <> 1`, until)
	if err != nil {
		l.t.Fatal(err)
	}
	if len(bad) > 0 {
		l.t.Errorf("%d ticks have not had one completed job and one effect: %v", len(bad), bad)
	}
	l.t.Logf("%d ticks", one[int64](l, "SELECT count(*) FROM queue.ticks WHERE tick <= $1", until))
}
