package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// deadJob is a job that ran on a worker that is gone; its metadata are changed by set, a JSON object.
func (w *idleWorker) deadJob(r Request, set string) Ticket {
	w.t.Helper()
	ticket := w.runsOn("gone", r)
	w.exec("UPDATE river.river_job SET metadata = metadata || $2::jsonb WHERE id = $1", ticket.ID, set)
	return ticket
}

func TestReplacementGoesOnAsTheJobItReplaces(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", true))
	var observed []string
	w.ObserveTakeover = func(kind string) { observed = append(observed, kind) }
	tick := time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC)
	dead := w.deadJob(Request{Kind: "work", By: "person ann", Priority: 3, Schedule: "s", Tick: tick, Serial: true, Backfill: 4,
		DryRun: true, Args: []byte(`{"note": "n"}`)}, `{"snoozes": 6, "base_attempt": 1}`)
	w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('note:n', $1, 1, 'gone')", dead.ID)
	w.takesOver()
	before := w.job(dead.ID)
	if before.State != "discarded" || before.TakenOverBy == 0 || !strings.Contains(before.Errors[0].Error, "worker gone died") {
		t.Fatalf("the dead job is %+v", before)
	}
	after := w.job(before.TakenOverBy)
	if after.State != "available" || after.RunID != dead.RunID || after.Priority != 3 || after.MaxAttempts != 5+1 ||
		after.StartedBy != "person ann" || string(after.Args) != `{"note": "n"}` {
		t.Errorf("the replacement is %+v", after)
	}
	meta := w.metadata(after.ID)
	if meta.Schedule != "s" || meta.Tick == nil || !meta.Tick.Equal(tick) || !meta.Serial || meta.Backfill != 4 || !meta.DryRun ||
		meta.BaseAttempt != 2 || meta.Deaths != 1 || meta.Previous != dead.ID || meta.Snoozes != 0 {
		t.Errorf("the replacement's metadata are %+v", meta)
	}
	if n := w.count("queue.leases"); n != 0 {
		t.Errorf("%d leases are left of the dead job", n)
	}
	if fmt.Sprint(observed) != "[work]" {
		t.Errorf("observed takeovers of %v", observed)
	}
	w.takesOver()
	if n := w.count("queue.jobs"); n != 2 {
		t.Errorf("%d jobs after a second look, want 2", n)
	}
}

func TestOrphanThatDoesNotGoOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set, sql      string
		state, reason string
	}{
		"cancelled":    {`{"cancel_attempted_at": "2026-11-29T06:00:00Z"}`, "", "cancelled", "cancelled; its worker gone is gone"},
		"last attempt": {"{}", "UPDATE river.river_job SET attempt = max_attempts", "discarded", "worker gone died in the last attempt"},
		"third death":  {`{"deaths": 2}`, "", "discarded", "quarantined: 3 workers died under it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := idle(t, kindOf("work", true))
			dead := w.deadJob(Request{Kind: "work"}, c.set)
			if c.sql != "" {
				w.exec(c.sql)
			}
			w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('note:', $1, 1, 'gone')", dead.ID)
			waits := w.enqueue(Request{Kind: "work", At: time.Now().Add(time.Hour)})
			w.exec(`UPDATE river.river_job SET metadata = metadata || '{"waits_for": "note:"}' WHERE id = $1`, waits.ID)
			w.takesOver()
			got := w.job(dead.ID)
			if got.State != c.state || got.TakenOverBy != 0 || !strings.Contains(got.Errors[0].Error, c.reason) {
				t.Errorf("it is %s, taken over by %d, because of %v; want %s because %s", got.State, got.TakenOverBy, got.Errors, c.state, c.reason)
			}
			if n := w.count("river.river_job WHERE id <> $1 AND id <> $2", dead.ID, waits.ID); n != 0 {
				t.Errorf("%d replacements", n)
			}
			if got := w.job(waits.ID); got.State != "available" || got.ScheduledAt.After(time.Now().Add(time.Minute)) {
				t.Errorf("the job that waits for the lease is %s at %s", got.State, got.ScheduledAt)
			}
		})
	}
}

// Quarantine comes with the third death under a job: not with the second, and not with the fourth.
func TestQuarantineComesWithTheThirdDeath(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	id := w.enqueue(Request{Kind: "work"}).ID
	for death := 1; ; death++ {
		w.exec(`UPDATE river.river_job SET state = 'running', attempt = attempt + 1, attempted_by = ARRAY['gone' || $2::int] WHERE id = $1`, id, death)
		if death == 3 { // a suspect says that it has begun
			w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('alone:gone3', $1, 1, 'gone3')", id)
		}
		w.takesOver()
		job := w.job(id)
		quarantined := strings.Contains(job.Errors[len(job.Errors)-1].Error, "quarantined")
		if quarantined != (death == 3) {
			t.Fatalf("after %d deaths quarantined is %v: %v", death, quarantined, job.Errors)
		}
		if quarantined {
			if job.TakenOverBy != 0 {
				t.Errorf("a quarantined job was replaced by %d", job.TakenOverBy)
			}
			return
		}
		id = job.TakenOverBy
	}
}

// Two workers that notice the same death make one replacement of each job between them.
func TestTakeoversAtOnceReplaceOnce(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	workers := []*idleWorker{w, idleOn(t, w.pool, kindOf("work", false)), idleOn(t, w.pool, kindOf("work", false))}
	const jobs = 20
	for range jobs {
		w.deadJob(Request{Kind: "work"}, "{}")
	}
	var together sync.WaitGroup
	for _, worker := range workers {
		together.Go(func() {
			for range 3 {
				if err := worker.takeOver(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	together.Wait()
	if n := w.count("river.river_job WHERE state = 'available'"); n != jobs {
		t.Errorf("%d replacements of %d jobs", n, jobs)
	}
	if n := w.count("river.river_job WHERE state = 'discarded' AND metadata ? 'taken_over_by'"); n != jobs {
		t.Errorf("%d of %d jobs ended", n, jobs)
	}
}

// A worker that was frozen finds out by its next heartbeat, and by the fence before it publishes anything.
func TestWorkerThatWasTakenForDeadFindsOut(t *testing.T) {
	t.Parallel()
	frozen := idle(t, kindOf("work", true))
	other := idleOn(t, frozen.pool, kindOf("work", true))
	job := frozen.runsOn(frozen.id, Request{Kind: "work"})
	a := frozen.attemptAt(job.ID)
	if _, err := a.takeLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
	if alive, _, err := frozen.beat(t.Context()); !alive || err != nil {
		t.Fatalf("alive is %v (%v) before", alive, err)
	}
	frozen.exec("UPDATE queue.workers SET heartbeat_at = now() - interval '1 minute' WHERE id = $1", frozen.id)
	other.waitForServer(t)
	other.takesOver()
	if alive, _, err := frozen.beat(t.Context()); alive || err != nil {
		t.Errorf("alive is %v (%v) after the takeover", alive, err)
	}
	if err := frozen.inTx(func(tx pgx.Tx) error { return a.Fence(t.Context(), tx) }); !errors.Is(err, run.ErrLost) {
		t.Errorf("the fence says %v", err)
	}
	if got := other.job(job.ID); got.TakenOverBy == 0 {
		t.Error("the job was not taken over")
	}
}

// waitForServer waits until the server has run for longer than a worker's silence: no worker is taken for dead
// before that, because after a start of the server all heartbeats are old.
func (w *idleWorker) waitForServer(t *testing.T) {
	t.Helper()
	for w.count("pg_postmaster_start_time() AS at WHERE at < now() - $1::interval", deadAfter) == 0 {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

func TestHeartbeatsDecideWhoIsDead(t *testing.T) {
	t.Parallel()
	w := idle(t)
	w.waitForServer(t)
	w.exec(`INSERT INTO queue.workers (id, host, pid, version, heartbeat_at, stopped_at) VALUES
		('alive', 'h', 1, 'test', now() - interval '11 seconds', NULL), ('dead', 'h', 2, 'test', now() - interval '13 seconds', NULL),
		('future', 'h', 3, 'test', now() + interval '1 hour', NULL), ('stopped', 'h', 4, 'test', now() - interval '1 hour', now())`)
	if err := w.markDeadWorkers(t.Context()); err != nil {
		t.Fatal(err)
	}
	var dead string
	w.scan("SELECT string_agg(id || ' by ' || taken_over_by, ',') FROM queue.workers WHERE taken_over_by IS NOT NULL", nil, &dead)
	if want := "dead by " + w.id; dead != want {
		t.Errorf("dead are %q, want %q", dead, want)
	}
	if n := w.count("queue.workers WHERE id = 'future' AND heartbeat_at <= now()"); n != 1 {
		t.Error("a heartbeat of the future, from before the clock was set back, does not count from now")
	}
}

// After an outage every heartbeat is old: a worker judges others only when the database has answered it for as long as
// they may be silent.
func TestWorkerJudgesOthersOnlyWhenItsHeartbeatsAreHealthy(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var h heartbeats
	if !h.healthy(now) {
		t.Error("a worker that never failed to beat may not judge")
	}
	h.failed(now)
	for after, want := range map[time.Duration]bool{0: false, deadAfter: false, deadAfter + time.Millisecond: true} {
		if got := h.healthy(now.Add(after)); got != want {
			t.Errorf("%s after a failed heartbeat healthy is %v", after, got)
		}
	}
}

// A client that is frozen in mid-transaction holds its locks until its session is ended.
func TestSessionsOfADeadWorkerAreEnded(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	job := w.deadJob(Request{Kind: "work"}, "{}")
	config := w.pool.Config().ConnConfig.Copy()
	config.RuntimeParams["application_name"] = SessionName("gone")
	frozen, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := frozen.Exec(t.Context(), "BEGIN; SELECT FROM river.river_job WHERE id = "+fmt.Sprint(job.ID)+" FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	w.takesOver()
	if got := w.job(job.ID); got.TakenOverBy == 0 {
		t.Error("the job was not taken over: its row is still locked")
	}
	if err := frozen.Ping(t.Context()); err == nil {
		t.Error("the session of the dead worker is still there")
	}
}

// What River fetched without hearing of it is handed back, but not before it was missed twice.
func TestJobLostOnItsWayHereIsHandedBack(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	lost, known := w.runsOn(w.id, Request{Kind: "work"}), w.runsOn(w.id, Request{Kind: "work"})
	w.exec("UPDATE river.river_job SET attempted_at = now() - interval '1 minute'")
	w.active.started(known.ID, metadata{})
	for look, want := range []string{"running", "available"} {
		if err := w.requeueLost(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.job(lost.ID); got.State != want {
			t.Errorf("after look %d the lost job is %s, want %s", look+1, got.State, want)
		}
	}
	if got := w.job(lost.ID); got.Attempt != 0 {
		t.Errorf("the lost job has used %d attempts", got.Attempt)
	}
	if got := w.job(known.ID); got.State != "running" {
		t.Errorf("the job that runs here is %s", got.State)
	}
}

// A job that River is about to start after a pause of the process is found once, and started before the next look.
func TestJobThatStartsLateIsNotHandedBack(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	late := w.runsOn(w.id, Request{Kind: "work"})
	w.exec("UPDATE river.river_job SET attempted_at = now() - interval '1 minute'")
	if err := w.requeueLost(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.active.started(late.ID, metadata{})
	for range 2 {
		if err := w.requeueLost(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.job(late.ID); got.State != "running" {
		t.Errorf("a job that runs here is %s", got.State)
	}
}

// The first look at the arguments of a kind may take long: reports read their definitions then.
func TestJobIsInHandWhileItsArgumentsAreRead(t *testing.T) {
	t.Parallel()
	var w *idleWorker
	inHand := false
	w = idle(t, run.NewKind(run.Kind{Name: "work", Queue: "default", Timeout: time.Minute, MaxAttempts: 5},
		func(noArgs) string { inHand = len(w.active.list()) == 1; return "lease" },
		func(context.Context, run.Run, noArgs) (run.Outcome, error) { return run.Outcome{}, nil }))
	w.attemptOf(Request{Kind: "work"})
	if !inHand {
		t.Error("while its lease is worked out, the job counts as lost")
	}
}

func TestActiveJobsCountAttempts(t *testing.T) {
	t.Parallel()
	active := newActiveJobs()
	active.started(7, metadata{RunID: 1})
	active.started(7, metadata{RunID: 2}) // the next attempt, before the end of the first is heard of
	if meta, known := active.written(7); !known || meta.RunID != 2 {
		t.Errorf("got run %d (%v)", meta.RunID, known)
	}
	if got := active.list(); len(got) != 1 {
		t.Errorf("active are %v while an attempt runs", got)
	}
	if _, known := active.written(7); !known {
		t.Error("the second attempt is not known")
	}
	if _, known := active.written(7); known || len(active.list()) != 0 {
		t.Error("an attempt that ended is still known")
	}
}
