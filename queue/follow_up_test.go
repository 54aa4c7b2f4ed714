package queue

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// publisher is a kind that publishes a version in a transaction of its own, and then does what after says.
func publisher(name string, w **idleWorker, version int64, after func(*attempt) error) run.Kind {
	return kindThat(name, func(ctx context.Context, r run.Run) (run.Outcome, error) {
		err := (*w).inTx(func(tx pgx.Tx) error { return r.Changed(ctx, tx, version) })
		if err == nil && after != nil {
			err = after(r.(*attempt))
		}
		return run.Outcome{Changed: true, Version: version}, err
	})
}

// published is a worker whose kind first publishes and is followed.
func published(t *testing.T, after func(*attempt) error) *idleWorker {
	var w *idleWorker
	w = idle(t, publisher("first", &w, 3, after), kindOf("second", false), kindOf("third", false), kindOf("fourth", false))
	w.follows(chain)
	return w
}

// paysOwed does what the poll does for what is owed.
func (w *idleWorker) paysOwed() {
	w.t.Helper()
	found, err := w.poll(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range found.Owed {
		if err := w.makeOwed(w.t.Context(), name); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestWhatFollowsAChangeIsCommittedWithIt(t *testing.T) {
	t.Parallel()
	var during string
	w := published(t, func(a *attempt) error {
		return a.worker.pool.QueryRow(t.Context(), `
			SELECT string_agg(kind, ' ') FROM river.river_job WHERE metadata ->> 'started_by' LIKE 'job %'`).Scan(&during)
	})
	job := w.enqueue(Request{Kind: "first"})
	w.works(job.ID)
	if during != "third" {
		t.Errorf("before the end there is %q, want what follows the change", during)
	}
	if got := w.followUpsOf(job.RunID); got != "second third" {
		t.Errorf("after the end there are %q, want what follows the end too, and each once", got)
	}
}

func TestWhatFollowsAChangeGoesWithARollback(t *testing.T) {
	t.Parallel()
	w := published(t, nil)
	a, boom := w.attemptOf(Request{Kind: "first"}), errors.New("boom")
	err := w.inTx(func(tx pgx.Tx) error { return errors.Join(a.Changed(t.Context(), tx, 3), boom) })
	if n := w.count("river.river_job WHERE kind = 'third'"); !errors.Is(err, boom) || n != 0 || w.count("queue.published") != 0 {
		t.Errorf("%v; %d follow-ups are there after a rollback", err, n)
	}
}

func TestDryRunPublishesNothing(t *testing.T) {
	t.Parallel()
	w := published(t, nil)
	job := w.enqueue(Request{Kind: "first", DryRun: true})
	w.works(job.ID)
	if got := w.followUpsOf(job.RunID); got != "" || w.count("queue.published") != 0 {
		t.Errorf("a dry run is followed by %q", got)
	}
}

// A follow-up of a paused schedule is made once the pause is over, once however often it was owed.
func TestPausedFollowUpIsOwed(t *testing.T) {
	t.Parallel()
	w := published(t, nil)
	w.exec("INSERT INTO queue.pauses (schedule, from_at, by, note) VALUES ('when-changed', now(), 'ann', '')")
	w.works(w.enqueue(Request{Kind: "first"}).ID)
	job := w.enqueue(Request{Kind: "first"})
	w.works(job.ID)
	w.paysOwed()
	if n := w.count("queue.jobs WHERE kind = 'third'"); n != 0 {
		t.Fatalf("%d jobs of a paused schedule", n)
	}
	w.exec("UPDATE queue.pauses SET until_at = now()")
	w.paysOwed()
	w.paysOwed()
	if got, n := w.followUpsOf(job.RunID), w.count("queue.jobs WHERE kind = 'third'"); got != "second third" || n != 1 {
		t.Errorf("after the pause the last run has %q, and there are %d jobs of the schedule", got, n)
	}
}

// A worker that cannot read a schedule leaves its follow-up to one that can, and makes the others.
func TestFollowUpThatCannotBeReadIsOwed(t *testing.T) {
	t.Parallel()
	w := published(t, nil)
	w.exec(`UPDATE queue.schedules SET spec = spec || '{"jitter": {"most": "5m"}}' WHERE name = 'when-changed'`)
	job := w.enqueue(Request{Kind: "first"})
	w.works(job.ID)
	w.paysOwed()
	if got := w.followUpsOf(job.RunID); got != "second" || w.count("queue.schedules WHERE set_aside_reason LIKE '%not written as this version%'") != 1 {
		t.Errorf("follow-ups are %q, and the schedule is not set aside", got)
	}
	w.exec("UPDATE queue.schedules SET spec = spec - 'jitter'") // as a newer version reads it
	w.paysOwed()
	if n := w.count("queue.jobs WHERE kind = 'third'"); n != 0 {
		t.Errorf("a worker of the same version tries again at once: %d jobs", n)
	}
	w.Version = "newer"
	w.paysOwed()
	if got := w.followUpsOf(job.RunID); got != "second third" || w.count("queue.schedules WHERE set_aside_at IS NOT NULL") != 0 {
		t.Errorf("with a newer worker follow-ups are %q", got)
	}
}

// A schedule that becomes live after the change that it follows is owed one, as where a report was never made.
func TestScheduleIsOwedWhatWasPublishedBefore(t *testing.T) {
	t.Parallel()
	var w *idleWorker
	w = idle(t, publisher("first", &w, 3, nil), publisher("quiet", &w, 0, nil), kindOf("second", false), kindOf("third", false))
	for _, kind := range []string{"first", "quiet"} {
		w.works(w.enqueue(Request{Kind: kind}).ID)
	}
	file := `schedules:
- {name: always, kind: second, after: {kind: first}}
- {name: of-quiet, kind: second, after: {kind: quiet, when: changed}}
- {name: when-changed, kind: third, after: {kind: first, when: changed}}
`
	w.follows(file)
	w.follows(file + "# the same again\n")
	w.paysOwed()
	if second, third := w.count("queue.jobs WHERE kind = 'second'"), w.count("queue.jobs WHERE kind = 'third'"); second != 0 || third != 1 {
		t.Errorf("%d and %d jobs, want none of what follows the end or no version, and one of what follows the change", second, third)
	}
	w.follows("schedules: [{name: other, kind: third, after: {kind: first, when: changed}}]")
	w.follows("schedules: []")
	w.paysOwed()
	if n := w.count("queue.jobs WHERE kind = 'third'"); n != 1 || w.count("queue.owed") != 0 {
		t.Errorf("%d jobs, want none of a schedule that is gone", n)
	}
}

// A file that becomes live while a change is being published either is seen by the change or sees it.
func TestNewScheduleWaitsForAChangeUnderWay(t *testing.T) {
	t.Parallel()
	w := published(t, nil)
	a := w.attemptOf(Request{Kind: "first"})
	applied := make(chan struct{})
	err := w.inTx(func(tx pgx.Tx) error {
		if err := a.Changed(t.Context(), tx, 4); err != nil {
			return err
		}
		go func() {
			defer close(applied)
			w.follows(chain + "- {name: new, kind: fourth, after: {kind: first, when: changed}}\n")
		}()
		for w.count("pg_locks WHERE NOT granted AND relation = 'queue.published'::regclass") == 0 {
			select {
			case <-applied:
				t.Error("the file became live before the change was committed")
				return nil
			default:
			}
		}
		return nil
	})
	<-applied
	w.paysOwed()
	if n := w.count("queue.jobs WHERE kind = 'fourth'"); err != nil || n != 1 {
		t.Errorf("%d jobs of the new schedule (%v), want one", n, err)
	}
}

func TestHeldDatabaseMakesNothingOwed(t *testing.T) {
	t.Parallel()
	w := published(t, nil)
	w.exec("INSERT INTO queue.owed (schedule, by) VALUES ('when-changed', 'test')")
	w.paysOwed()
	if w.count("queue.jobs WHERE kind = 'third'") != 1 {
		t.Fatal("not made")
	}
	w.exec("UPDATE queue.identity SET system_identifier = system_identifier + 1, written_by = NULL")
	w.exec("INSERT INTO queue.owed (schedule, by) VALUES ('when-changed', 'test')")
	w.paysOwed()
	if n := w.count("queue.jobs WHERE kind = 'third'"); n != 1 || w.count("queue.owed") != 1 {
		t.Errorf("%d jobs, want those of a restored copy to wait until it is confirmed", n)
	}
}
