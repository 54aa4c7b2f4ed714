package queue

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/blackhole"
)

// Connections that go silent without a word once kept a worker from writing ticks and ending jobs for 16 minutes, while
// its heartbeat stayed fresh.
func TestWorkGoesOnPastSilentConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		which blackhole.Which
		form  blackhole.Form
	}{
		"all connections, acknowledging":            {blackhole.All, blackhole.Acknowledging},
		"all connections, not acknowledging":        {blackhole.All, blackhole.Stalled},
		"the listener's, acknowledging":             {blackhole.Listeners, blackhole.Acknowledging},
		"all but the listener's, acknowledging":     {blackhole.Others, blackhole.Acknowledging},
		"all but the listener's, not acknowledging": {blackhole.Others, blackhole.Stalled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goesOnPastSilence(t, c.which, c.form)
		})
	}
}

func goesOnPastSilence(t *testing.T, which blackhole.Which, form blackhole.Form) {
	target := pgtest.URL(t)
	proxy, through := blackhole.Before(t, target)
	release, started := make(chan struct{}), make(chan struct{})
	jobs := pgtest.Connect(t, through)
	begun := sync.OnceFunc(func() { close(started) })
	w := idleOn(t, jobs, // a job with a transaction of its own, in whose midst the silence begins
		kindThat("slow", func(ctx context.Context, _ run.Run) (run.Outcome, error) {
			return run.Outcome{}, pgx.BeginFunc(ctx, jobs, func(tx pgx.Tx) error {
				begun()
				<-release
				_, err := tx.Exec(ctx, "SELECT")
				return err
			})
		}), kindOf("tick", false))
	w.exec("DELETE FROM queue.workers") // Run registers it
	direct := pgtest.Connect(t, target)
	w.follows(`schedules: [{name: each-second, kind: tick, cron: "* * * * * *", seconds: true, timezone: UTC}]`)
	slow := w.enqueue(Request{Kind: "slow"})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	select {
	case <-started:
	case err := <-ended:
		t.Fatalf("the worker ended: %v\n%s", err, w.log)
	}
	until := func(what, sql string, args ...any) {
		t.Helper()
		for done := false; !done; {
			if err := direct.QueryRow(t.Context(), sql, args...).Scan(&done); err != nil {
				t.Fatalf("%s never (%v)\n%s", what, err, w.log)
			}
			select {
			case err := <-ended:
				t.Fatalf("the worker ended: %v\n%s", err, w.log)
			case <-time.After(20 * time.Millisecond):
				if d, _ := t.Deadline(); time.Until(d) < 15*time.Second {
				}
			}
		}
	}
	for proxy.Listening() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if proxy.Silence(which, form) == 0 {
		t.Fatal("no connection went silent")
	}
	var silent time.Time
	if err := direct.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&silent); err != nil {
		t.Fatal(err)
	}
	close(release)
	until("a new tick has its job done", `SELECT EXISTS (SELECT FROM queue.jobs AS j JOIN queue.ticks AS t ON t.job_id = j.id
		WHERE j.state = 'completed' AND j.attempted_at > $1 AND t.tick > $1)`, silent)
	until("the job has ended", "SELECT EXISTS (SELECT FROM queue.jobs WHERE id = $1 AND state = 'completed')", slow.ID)
	var twice int
	if err := direct.QueryRow(t.Context(), `
		SELECT count(*) FROM (SELECT FROM queue.jobs WHERE metadata ? 'tick' GROUP BY metadata ->> 'tick' HAVING count(*) > 1) AS t`).Scan(&twice); err != nil || twice > 0 {
		t.Errorf("%d ticks have two jobs (%v)", twice, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}

// A worker whose poll stands still stops beating, and gives up where the database answers it all the same.
func TestStalledWorkerStopsBeating(t *testing.T) {
	t.Parallel()
	const limit = int(stalledAfter / beatEvery)
	var s stallWatch
	s.look(1)
	for range limit {
		if s.look(1) {
			t.Fatal("it is stalled before its time")
		}
	}
	for range 100 {
		if !s.look(1) || s.giveUp(false) {
			t.Fatal("it beats without progress, or gives up while the database is away for all")
		}
	}
	for i := range limit {
		s.look(1)
		if got, want := s.giveUp(true), i == limit-1; got != want {
			t.Fatalf("after %d answers it gives up: %v", i+1, got)
		}
	}
	if s.look(2) || s.still != 0 || s.awake != 0 {
		t.Error("progress does not begin the count anew")
	}
}

func TestWorkerAsksWhetherTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	w := idle(t)
	if err := w.ping(t.Context()); err != nil {
		t.Error(err)
	}
	before := w.polled.count()
	if _, err := w.poll(t.Context()); err != nil || w.polled.count() != before+1 {
		t.Errorf("a poll is no progress (%v)", err)
	}
}

// The end of a job waits a moment for its last log lines, and no longer.
func TestEndOfAJobDoesNotWaitForAFlush(t *testing.T) {
	t.Parallel()
	w := idle(t)
	w.recorder.flushing <- struct{}{} // another flush waits for an answer that never comes
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	w.recorder.add(line{jobID: 1, attempt: 1, at: time.Now(), level: "info", message: "kept", attrs: []byte("{}")})
	w.recorder.flush(ctx)
	<-w.recorder.flushing
	w.recorder.flush(t.Context())
	if lines := w.logOf(1); len(lines) != 1 {
		t.Errorf("lines are %+v", lines)
	}
}
