package queue_test

import (
	"context"
	"encoding/json"
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
		dead := b.wait(want.id)
		heirs := b.heirs(dead.RunID, want.id)
		if len(heirs) != 1 {
			t.Fatalf("%s has the heirs %v, want one", dead.Kind, heirs)
		}
		if heir := b.wait(heirs[0]); heir.State != "completed" || heir.Attempt != want.attempt {
			t.Errorf("%s ended %s in attempt %d, want completed in attempt %d", heir.Kind, heir.State, heir.Attempt, want.attempt)
		}
	}
}

// heirs are the other jobs of a run.
func (b *bench) heirs(runID, id int64) (ids []int64) {
	b.t.Helper()
	var raw []byte
	err := b.pool.QueryRow(b.t.Context(), `
		SELECT coalesce(json_agg(id), '[]') FROM river.river_job WHERE (metadata ->> 'run_id')::bigint = $1 AND id <> $2`,
		runID, id).Scan(&raw)
	if err == nil {
		err = json.Unmarshal(raw, &ids)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return ids
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
