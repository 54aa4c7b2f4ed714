package queue_test

import (
	"context"
	"testing"
	"time"

	"cpd-jobs/internal/run"
)

// A worker that dies takes with it a job that worked and one that only waited for its lease. The first has used an
// attempt; the second has not, however often its workers die.
func TestWaitingForALeaseUsesNoAttempt(t *testing.T) {
	t.Parallel()
	done := func(context.Context, run.Run, testArgs) (run.Outcome, error) { return run.Outcome{}, nil }
	leased := run.NewKind(run.Kind{Name: "leased", Queue: "default", Timeout: time.Minute, MaxAttempts: 5},
		func(a testArgs) string { return "report:" + a.Name }, done)
	b := start(t, nil, leased, kind("free", done))
	b.wait(b.enqueue("free", "{}"))
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	worked, waited := b.enqueue("free", "{}"), b.enqueue("leased", "{}")
	for _, id := range []int64{worked, waited} {
		_, err := b.pool.Exec(t.Context(), `
			UPDATE river.river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{gone}' WHERE id = $1`, id)
		if err != nil {
			t.Fatal(err)
		}
	}
	b.another(nil, leased, kind("free", done))
	for _, want := range []struct {
		id      int64
		attempt int
	}{{worked, 2}, {waited, 1}} {
		if job := b.wait(want.id); job.State != "completed" || job.Attempt != want.attempt || job.SupersededBy == 0 {
			t.Errorf("%s ended %s in attempt %d as job %d, want completed in attempt %d", job.Kind, job.State, job.Attempt, job.SupersededBy, want.attempt)
		}
	}
}

// The next in the line starts when the lease is given back, not when it happens to ask again.
func TestTheNextIsWokenWhenALeaseIsGivenBack(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}, 4), make(chan struct{})
	alone := run.NewKind(run.Kind{Name: "alone", Queue: "default", Timeout: time.Minute, MaxAttempts: 5},
		func(a testArgs) string { return "report:" + a.Name },
		func(context.Context, run.Run, testArgs) (run.Outcome, error) {
			entered <- struct{}{}
			<-leave
			return run.Outcome{}, nil
		})
	b := start(t, nil, alone)
	first, second := b.enqueue("alone", "{}"), b.enqueue("alone", "{}")
	<-entered
	waitFor(t, b.pool, "SELECT count(*) FROM river.river_job WHERE metadata ? 'waits_for' AND state IN ('scheduled', 'available')")
	_, err := b.pool.Exec(t.Context(), "UPDATE river.river_job SET scheduled_at = now() + interval '1 hour' WHERE metadata ? 'waits_for'")
	if err != nil {
		t.Fatal(err)
	}
	close(leave)
	for _, id := range []int64{first, second} {
		if job := b.wait(id); job.State != "completed" || job.Attempt != 1 {
			t.Errorf("job is %+v", job)
		}
	}
}
