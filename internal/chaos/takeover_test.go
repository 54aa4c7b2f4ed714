package chaos

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// takeoverWithin is how soon another worker must go on with what a dead one did.
const takeoverWithin = 30 * time.Second

func TestChaosKilledWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.worker()
	l.worker()
	ticket := l.probe(3*time.Second, 4)
	l.running(ticket.ID).kill()
	killed := time.Now()
	l.eventually(takeoverWithin, "another worker has the run", func() bool {
		return l.job(ticket.ID).TakenOverBy != 0 && l.runner(l.job(ticket.ID).TakenOverBy) != nil
	})
	took(t, "killed-worker-until-taken-over", killed, takeoverWithin)
	heir := l.completed(ticket.ID, time.Minute)
	if heir.SupersededBy == 0 || heir.RunID != ticket.RunID || heir.Attempt != 2 {
		t.Errorf("got job %d of run %d in attempt %d, want another than %d, run %d, attempt 2",
			heir.SupersededBy, heir.RunID, heir.Attempt, ticket.ID, ticket.RunID)
	}
	dead := l.job(ticket.ID)
	if dead.State != "discarded" || dead.FinishedAt == nil || len(dead.Errors) != 1 || !strings.Contains(dead.Errors[0].Error, "died") {
		t.Errorf("the dead worker's row is %s, finished %v, errors %+v; want it discarded, saying that its worker died",
			dead.State, dead.FinishedAt, dead.Errors)
	}
	if got := l.effects(ticket.RunID); got != 4 {
		t.Errorf("got %d rows, want 4", got)
	}
}

func TestChaosThreeDeathsAreQuarantined(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	next := l.worker()
	ticket := l.probe(time.Minute, 1)
	id := ticket.ID
	for range 3 {
		victim := l.running(id)
		name := victim.id()
		next = l.worker()
		victim.kill()
		l.age(name)
		l.eventually(takeoverWithin, "the death is noticed", func() bool { return l.job(id).Finished() })
		if heir := l.job(id).TakenOverBy; heir != 0 {
			id = heir
		}
	}
	end := l.job(id)
	if end.State != "discarded" || end.TakenOverBy != 0 || end.Attempt != 3 {
		t.Fatalf("job is %s in attempt %d, taken over by %d; want it discarded in attempt 3 for good", end.State, end.Attempt, end.TakenOverBy)
	}
	last := end.Errors[len(end.Errors)-1].Error
	for _, want := range []string{"quarantined: 3 workers died under it", `cpd-jobs run probe --local --args '{`, `"1m0s"`} {
		if !strings.Contains(last, want) {
			t.Errorf("its last error is %q, want %q in it", last, want)
		}
	}
	if !next.alive() || l.effects(ticket.RunID) != 0 {
		t.Errorf("the last worker lives: %v; rows: %d; want one that lives and no rows", next.alive(), l.effects(ticket.RunID))
	}
}

// TestChaosTermination stops a worker that has a job which ends in time and one which does not.
func TestChaosTermination(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	w := l.worker()
	short, long := l.probe(3*time.Second, 1), l.probe(time.Minute, 1)
	l.running(short.ID)
	l.running(long.ID)
	w.stop()
	if got := l.job(short.ID); got.State != "completed" {
		t.Errorf("the short job is %s, want completed", got.State)
	}
	got := l.job(long.ID)
	attempts := one[int](l, "SELECT attempt::integer FROM river.river_job WHERE id = $1", long.ID)
	if got.State != "available" || attempts != 0 || len(got.Errors) != 0 {
		t.Errorf("the long job is %s with %d attempts used and errors %+v; want it available, unused and clean", got.State, attempts, got.Errors)
	}
	if left := one[int64](l, "SELECT count(*) FROM queue.workers WHERE stopped_at IS NULL"); left != 0 {
		t.Errorf("%d workers are still said to live, want none", left)
	}
}

// TestChaosRowsThatRunNowhere are what is left when the word of a fetch or of an end is lost.
func TestChaosRowsThatRunNowhere(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	w := l.worker()
	pretend := func(by string) int64 {
		ticket := l.probe(0, 1)
		l.completed(ticket.ID, 15*time.Second)
		l.exec("DELETE FROM queue.probes WHERE run_id = $1", ticket.RunID)
		l.exec(`UPDATE river.river_job SET state = 'running', finalized_at = NULL, attempted_at = now() - interval '1 minute',
			attempted_by = ARRAY[$2] WHERE id = $1`, ticket.ID, by)
		return ticket.ID
	}
	lost, orphan := pretend(w.id()), pretend("somebody-long-gone")
	if got := l.completed(lost, takeoverWithin); got.ID != lost || got.Attempt != 1 || len(got.Errors) != 0 {
		t.Errorf("what was lost on its way to a worker that lives ended as job %d in attempt %d with %+v; want the same row, attempt 1, no error",
			got.ID, got.Attempt, got.Errors)
	}
	if got := l.completed(orphan, takeoverWithin); got.SupersededBy == 0 || got.Attempt != 2 {
		t.Errorf("what ran on a worker that is gone ended as job %d in attempt %d; want a successor in attempt 2", got.ID, got.Attempt)
	}
}

// TestChaosDelayedJobsNeedNoLeader starts delayed jobs while workers die, of which none has time to become a leader.
func TestChaosDelayedJobsNeedNoLeader(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.worker()
	at := time.Now().Add(4 * time.Second).UTC()
	id, status := l.cli("enqueue", "probe", "--at", at.Format(time.RFC3339Nano), "--arg", "rows=1")
	if status != 0 {
		t.Fatalf("enqueue ended with status %d", status)
	}
	for time.Until(at) > time.Second {
		l.worker().kill()
	}
	job, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	done := l.completed(job, 20*time.Second)
	if late := done.StartedAt.Sub(at); late < 0 || late > 3*time.Second {
		t.Errorf("it started %s after its time, want at most a moment", late)
	}
	if leaders := one[int64](l, "SELECT count(*) FROM river.river_leader"); leaders != 0 {
		t.Errorf("there are %d leaders, want none", leaders)
	}
}

// TestChaosSecondLife kills a worker in all that it may be doing, by freezing it, and lets it go on once others have
// what it had.
func TestChaosSecondLife(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	frozen := l.worker()
	// One that is frozen in the midst of its start ends when it is woken.
	l.eventually(20*time.Second, "all queues are worked", func() bool { return l.count("SELECT count(*) FROM river.river_queue") == 4 })
	ticket := l.probe(2*time.Second, 3)
	l.running(ticket.ID)
	before := frozen.id()
	frozen.signal(syscall.SIGSTOP)
	l.age(before)
	other := l.worker()
	l.completed(ticket.ID, takeoverWithin)
	frozen.signal(syscall.SIGCONT)
	l.eventually(20*time.Second, "the woken worker has started again", func() bool { id := frozen.id(); return id != "" && id != before })
	if got := l.effects(ticket.RunID); got != 3 {
		t.Errorf("got %d rows, want 3", got)
	}
	other.stop()
	l.completed(l.probe(0, 1).ID, 15*time.Second)
	frozen.stop()
	if said := frozen.said(); !strings.Contains(said, "taken for dead") {
		t.Error("the woken worker does not say that it was taken for dead")
	}
}
