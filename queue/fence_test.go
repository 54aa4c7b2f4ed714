package queue

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// Everything that a job publishes rests on the fence: each way of losing a job must close it.
func TestFenceClosesForAnAttemptThatLostItsJob(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		leased bool
		lose   string // $1 is the job's id
		lost   bool
	}{
		"nothing happened":                     {leased: true, lose: "SELECT $1::bigint", lost: false},
		"no lease is needed":                   {lose: "SELECT $1::bigint", lost: false},
		"another job holds the lease":          {leased: true, lose: "UPDATE queue.leases SET job_id = job_id + 1 WHERE job_id = $1", lost: true},
		"another worker holds the lease":       {leased: true, lose: "UPDATE queue.leases SET worker = 'another' WHERE job_id = $1", lost: true},
		"the lease is gone":                    {leased: true, lose: "DELETE FROM queue.leases WHERE job_id = $1", lost: true},
		"another worker runs the row":          {leased: true, lose: "UPDATE river.river_job SET attempted_by = attempted_by || '{another}' WHERE id = $1", lost: true},
		"the row was handed back":              {leased: true, lose: "UPDATE river.river_job SET state = 'available' WHERE id = $1", lost: true},
		"the row was ended":                    {leased: true, lose: "UPDATE river.river_job SET state = 'discarded', finalized_at = now() WHERE id = $1", lost: true},
		"the row was ended, with no lease":     {lose: "UPDATE river.river_job SET state = 'discarded', finalized_at = now() WHERE id = $1", lost: true},
		"the row was archived":                 {lose: "DELETE FROM river.river_job WHERE id = $1", lost: true},
		"one of the two leases is with a job":  {leased: true, lose: "UPDATE queue.leases SET job_id = 0 WHERE job_id = $1 AND key LIKE 'schedule:%'", lost: true},
		"only the lease of another job is new": {leased: true, lose: "INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('k', $1 + 1, 1, 'another')", lost: false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := idle(t, kindOf("work", c.leased))
			job := w.runsOn(w.id, Request{Kind: "work", Schedule: "s", Serial: c.leased})
			a := w.attemptAt(job.ID)
			if busy, err := a.takeLeases(t.Context()); busy != "" || err != nil {
				t.Fatalf("leases are with %q (%v)", busy, err)
			}
			w.exec(c.lose, job.ID)
			err := w.inTx(func(tx pgx.Tx) error { return a.Fence(t.Context(), tx) })
			if lost := errors.Is(err, run.ErrLost); lost != c.lost || err != nil && !lost {
				t.Errorf("the fence says %v, want lost: %v", err, c.lost)
			}
		})
	}
}

// While a publishing transaction is open behind its fence, its job cannot be taken over.
func TestFenceKeepsTakeoverOutUntilTheTransactionEnds(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", true))
	other := idleOn(t, w.pool, kindOf("work", true))
	job := w.runsOn(w.id, Request{Kind: "work"})
	a := w.attemptAt(job.ID)
	if _, err := a.takeLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := w.inTx(func(tx pgx.Tx) error {
		if err := a.Fence(t.Context(), tx); err != nil {
			return err
		}
		w.exec("UPDATE queue.workers SET stopped_at = now(), taken_over_by = $2 WHERE id = $1", w.id, other.id)
		other.takesOver()
		if got := w.job(job.ID); got.State != "running" {
			t.Errorf("behind the fence the job is %s", got.State)
		}
		for _, sql := range []string{
			"SELECT FROM river.river_job WHERE id = $1 FOR UPDATE NOWAIT",
			"SELECT FROM queue.leases WHERE job_id = $1 FOR UPDATE NOWAIT",
		} {
			if _, err := w.pool.Exec(t.Context(), sql, job.ID); err == nil {
				t.Errorf("behind the fence another transaction can lock: %s", sql)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	other.takesOver()
	if got := w.job(job.ID); got.State != "discarded" || got.TakenOverBy == 0 {
		t.Errorf("after the fence the job is %s, taken over by %d", got.State, got.TakenOverBy)
	}
	if err := w.inTx(func(tx pgx.Tx) error { return a.Fence(t.Context(), tx) }); !errors.Is(err, run.ErrLost) {
		t.Errorf("after the takeover the fence says %v", err)
	}
}

func TestLeaseIsHeldByOneJobThatRuns(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", true))
	first, second := w.runsOn(w.id, Request{Kind: "work"}), w.runsOn(w.id, Request{Kind: "work"})
	a, b := w.attemptAt(first.ID), w.attemptAt(second.ID)
	takes := func(a *attempt, want string) {
		t.Helper()
		if busy, err := a.takeLeases(t.Context()); err != nil || busy != want {
			t.Fatalf("busy is %q (%v), want %q", busy, err, want)
		}
	}
	takes(a, "")
	takes(a, "") // again, as after a snooze
	takes(b, "note:")
	a.releaseLeases(t.Context())
	takes(b, "")
	w.exec("UPDATE river.river_job SET state = 'discarded', finalized_at = now() WHERE id = $1", second.ID)
	takes(a, "") // a lease lapses with its job
}

// A job that gets one of its two leases only gives that back, so that two jobs cannot wait for one another.
func TestLeasesAreTakenAllOrNone(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", true))
	holder := w.runsOn(w.id, Request{Kind: "work", Schedule: "s", Serial: true, Args: []byte(`{"note": "x"}`)})
	if _, err := w.attemptAt(holder.ID).takeLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := w.runsOn(w.id, Request{Kind: "work", Schedule: "s", Serial: true, Args: []byte(`{"note": "y"}`)})
	busy, err := w.attemptAt(other.ID).takeLeases(t.Context())
	if busy != "schedule:s" || err != nil {
		t.Errorf("busy is %q (%v), want the schedule's", busy, err)
	}
	if n := w.count("queue.leases WHERE job_id = $1", other.ID); n != 0 {
		t.Errorf("a job that waits holds %d leases", n)
	}
}
