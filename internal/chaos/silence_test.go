package chaos

import (
	"testing"
	"time"

	"cpd-jobs/internal/testing/blackhole"
)

// TestChaosSilentConnections has all connections of one of two workers go silent at one moment, as a firewall does that
// forgets them. Every tick has its effect once, and the jobs of the worker end, on it or on the other.
func TestChaosSilentConnections(t *testing.T) {
	t.Parallel()
	forms, within := map[string]blackhole.Form{"acknowledging": blackhole.Acknowledging}, 2*time.Minute
	if full { // with nothing else on the machine
		forms["stalled"], within = blackhole.Stalled, 30*time.Second
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.schedule(everySecond)
			direct := l.url
			proxy, through := blackhole.Before(t, direct)
			l.url = through
			l.worker()
			job := l.probe(2*time.Second, 1)
			l.running(job.ID)
			proxy.Silence(blackhole.All, form)
			began := time.Now()
			l.url = direct
			l.worker()
			var tick time.Time
			l.eventually(30*time.Second, "a tick from after the silence has its job done", func() bool {
				ticks, err := query[time.Time](l, `SELECT t.tick FROM queue.ticks AS t JOIN queue.jobs AS j USING (run_id)
					WHERE j.state = 'completed' AND t.tick > $1 LIMIT 1`, began)
				if err == nil && len(ticks) > 0 {
					tick = ticks[0]
				}
				return !tick.IsZero()
			})
			took(t, "silence-until-work-goes-on-"+name, began, within)
			l.completed(job.ID, time.Minute)
			if got := l.effects(job.RunID); got != 1 {
				t.Errorf("the job that was cut off left %d rows, want 1", got)
			}
			l.everyTickOnce()
		})
	}
}

// TestChaosStalledWorkerEnds locks a table that the poll needs for longer than a worker may stand still while the
// database answers: it ends with status 1, so that the platform starts it again.
func TestChaosStalledWorkerEnds(t *testing.T) {
	t.Parallel()
	if !full {
		t.Skip("make chaos runs it: it takes more than a minute of waiting")
	}
	l := newLab(t)
	w := l.worker()
	tx, err := l.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE queue.schedules"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.ended:
	case <-time.After(busy * 2 * time.Minute):
		t.Fatal("the worker does not end")
	}
	if code := w.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("it ended with status %d, want 1:\n%s", code, w.said())
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.worker()
	l.completed(l.probe(0, 1).ID, time.Minute)
}
