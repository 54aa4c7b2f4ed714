package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/schedule"
)

// follows makes schedules that follow jobs live, from the text of a schedules file.
func (w *idleWorker) follows(text string) {
	w.t.Helper()
	file, _, err := schedule.Parse([]byte(text), w.client.Kind, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := ApplySchedules(w.t.Context(), w.pool, file, []byte(text), "test"); err != nil {
		w.t.Fatal(err)
	}
	if err := w.loadFollowed(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// works has River work the jobs that are available, until one has ended with this worker, and says how.
func (w *idleWorker) works(id int64) *rivertype.JobRow {
	w.t.Helper()
	events, unsubscribe := w.subscribe()
	defer unsubscribe()
	if err := w.river.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := w.river.StopAndCancel(context.WithoutCancel(w.t.Context())); err != nil {
			w.t.Error(err)
		}
	}()
	for {
		select {
		case e := <-events:
			w.ended(e)
			if e.Job.ID == id {
				return e.Job
			}
		case <-w.t.Context().Done():
			w.t.Fatal(w.t.Context().Err())
		}
	}
}

// kindThat is a kind of five attempts that does what work does.
func kindThat(name string, work func(ctx context.Context, r run.Run) (run.Outcome, error)) run.Kind {
	return run.NewKind(run.Kind{Name: name, Queue: "default", Timeout: time.Minute, MaxAttempts: 5},
		func(a noArgs) string { return "note:" + a.Note },
		func(ctx context.Context, r run.Run, _ noArgs) (run.Outcome, error) { return work(ctx, r) })
}

func (w *idleWorker) followUpsOf(runID int64) (kinds string) {
	w.t.Helper()
	w.scan(`SELECT coalesce(string_agg(kind, ' ' ORDER BY kind), '') FROM queue.jobs
		WHERE run_id = $1 AND metadata ->> 'started_by' LIKE 'job %'`, []any{runID}, &kinds)
	return kinds
}

const chain = `schedules:
- {name: always, kind: second, after: {kind: first}}
- {name: when-changed, kind: third, after: {kind: first, when: changed}}
- {name: of-another, kind: second, after: {kind: fourth}}
`

// chained is a worker whose kind first is followed by others; its work runs before and then has the outcome.
func chained(t *testing.T, before string, outcome run.Outcome) *idleWorker {
	var w *idleWorker
	w = idle(t, kindThat("first", func(ctx context.Context, _ run.Run) (run.Outcome, error) {
		if before == "" {
			return outcome, nil
		}
		_, err := w.pool.Exec(ctx, before)
		return outcome, err
	}), kindOf("second", false), kindOf("third", false), kindOf("fourth", false))
	w.follows(chain)
	return w
}

func TestFollowUpsAreInsertedWithTheEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request Request
		outcome run.Outcome
		before  string
		want    string
	}{
		"nothing changed":   {want: "second"},
		"changed":           {outcome: run.Outcome{Changed: true, Version: 3}, want: "second third"},
		"a dry run":         {request: Request{DryRun: true}, outcome: run.Outcome{Changed: true}, want: ""},
		"one is paused":     {before: "INSERT INTO queue.pauses (schedule, from_at, by, note) VALUES ('always', now(), 'ann', '')", want: ""},
		"the pause is over": {before: "INSERT INTO queue.pauses (schedule, from_at, until_at, by, note) VALUES ('always', now() - interval '2 hours', now() - interval '1 hour', 'ann', '')", want: "second"},
		"one was removed by a newer file, which this worker has not read": {before: "UPDATE queue.schedules SET active = false WHERE name = 'always'", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := chained(t, c.before, c.outcome)
			c.request.Kind = "first"
			job := w.enqueue(c.request)
			if got := w.works(job.ID); got.State != rivertype.JobStateCompleted {
				t.Errorf("the job is %s: %+v", got.State, got.Errors)
			}
			if got := w.followUpsOf(job.RunID); got != c.want {
				t.Errorf("follow-ups are %q, want %q", got, c.want)
			}
		})
	}
}

// An attempt that lost its job brings nothing about.
func TestLostAttemptCompletesNothing(t *testing.T) {
	t.Parallel()
	w := chained(t, "UPDATE river.river_job SET attempted_by = attempted_by || '{another}' WHERE kind = 'first'", run.Outcome{})
	job := w.enqueue(Request{Kind: "first"})
	if got := w.works(job.ID); got.State == rivertype.JobStateCompleted {
		t.Error("the job was completed")
	}
	if got := w.followUpsOf(job.RunID); got != "" {
		t.Errorf("follow-ups are %q", got)
	}
}

// Follow-ups and the end are one transaction: where one of them cannot be inserted, the job has not ended.
func TestEndWaitsForItsFollowUps(t *testing.T) {
	t.Parallel()
	w := chained(t, "", run.Outcome{Changed: true})
	w.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no room''; END';
		CREATE TRIGGER refuse BEFORE INSERT ON river.river_job FOR EACH ROW WHEN (NEW.kind = 'third') EXECUTE FUNCTION refuse()`)
	job := w.enqueue(Request{Kind: "first"})
	got := w.works(job.ID)
	if len(got.Errors) != 1 || !strings.Contains(got.Errors[0].Error, "no room") || got.FinalizedAt != nil {
		t.Errorf("the job is %s: %+v", got.State, got.Errors)
	}
	if got := w.followUpsOf(job.RunID); got != "" {
		t.Errorf("follow-ups are %q", got)
	}
}

func TestFailureSaysWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	k := &kindWorker{kind: kindOf("work", false), worker: &Worker{random: func() float64 { return 0.5 }, clock: databaseClock{local: func() time.Time { return time.Unix(0, 0) }}}}
	earlier := func(texts ...string) (list []rivertype.AttemptError) {
		for _, text := range texts {
			list = append(list, rivertype.AttemptError{Error: text})
		}
		return list
	}
	for name, c := range map[string]struct {
		before []rivertype.AttemptError
		text   string
		same   bool
	}{
		"first":             {nil, "x", false},
		"second":            {earlier("x"), "x", false},
		"third of a kind":   {earlier("x", "x"), "x", true},
		"third, another":    {earlier("x", "x"), "y", false},
		"broken by another": {earlier("x", "y"), "x", false},
		"only the last two": {earlier("y", "x", "x"), "x", true},
	} {
		if got := sameFailure(c.before, errors.New(c.text), 3); got != c.same {
			t.Errorf("%s: the same failure three times is %v", name, got)
		}
	}
	k.worker.random = func() float64 { return 1 }
	if got := k.NextRetry(&river.Job[payload]{JobRow: &rivertype.JobRow{}}).Sub(time.Unix(0, 0)); got != 6*time.Second {
		t.Errorf("the furthest of a wait of 5s is %s, want a fifth more", got)
	}
}

// What is away is tried again in every attempt, however alike its errors are; only what may be a mistake of the program
// is quarantined.
func TestEqualFailuresQuarantineBugsAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		attempt int
		state   rivertype.JobState
		said    string
	}{
		"unreachable, third of five":  {run.Unreachable("", "no answer"), 3, rivertype.JobStateRetryable, "no answer"},
		"unreachable, last":           {run.Unreachable("", "no answer"), 5, rivertype.JobStateDiscarded, "no answer"},
		"a held lock, third of five":  {&pgconn.PgError{Code: "55P03", Message: "no answer"}, 3, rivertype.JobStateRetryable, "no answer"},
		"a bug, third of five":        {errors.New("no answer"), 3, rivertype.JobStateCancelled, "quarantined after the same failure three times"},
		"a bug, second of five":       {errors.New("no answer"), 2, rivertype.JobStateRetryable, "no answer"},
		"a panic, third of five":      {nil, 3, rivertype.JobStateCancelled, "quarantined after the same failure three times"},
		"a panic, second of five":     {nil, 2, rivertype.JobStateRetryable, "no answer"},
		"refused by a guard, first":   {run.Blocked("", "no answer"), 1, rivertype.JobStateCancelled, "no answer"},
		"wrong from the start, first": {run.Invalid("", "no answer"), 1, rivertype.JobStateCancelled, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := idle(t, kindThat("work", func(context.Context, run.Run) (run.Outcome, error) {
				if c.err == nil {
					panic("no answer")
				}
				return run.Outcome{}, c.err
			}))
			job := w.enqueue(Request{Kind: "work"})
			text := "no answer"
			if c.err != nil {
				text = c.err.Error()
			}
			w.failedBefore(job.ID, c.attempt-1, text)
			got := w.works(job.ID)
			if last := got.Errors[len(got.Errors)-1].Error; got.State != c.state || !strings.Contains(last, c.said) {
				t.Errorf("the job is %s: %s; want %s: %s", got.State, last, c.state, c.said)
			}
		})
	}
}

// failedBefore gives a job that many failed attempts.
func (w *idleWorker) failedBefore(id int64, attempts int, text string) {
	w.t.Helper()
	w.exec(`UPDATE river.river_job SET attempt = $2::integer, errors = array_fill(jsonb_build_object(
		'at', now(), 'attempt', 1, 'error', $3::text, 'trace', ''), ARRAY[$2::integer]) WHERE id = $1`, id, attempts, text)
}

// A source that is away when its tick comes is tried until the tick is too old for its schedule.
func TestOutageIsTriedUntilTheTickIsTooOld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits  string
		age     time.Duration
		err     error
		further bool
	}{
		"young":                           {"catch_up: {policy: latest, max_age: 18h}, deadline: 1h", 17 * time.Hour, run.Unreachable("", "away"), true},
		"too old":                         {"catch_up: {policy: latest, max_age: 18h}, deadline: 24h", 18*time.Hour - time.Minute, run.Unreachable("", "away"), false},
		"within its deadline":             {"deadline: 1h", 30 * time.Minute, run.Unreachable("", "away"), true},
		"after its deadline":              {"deadline: 1h", 2 * time.Hour, run.Unreachable("", "away"), false},
		"a schedule without limits":       {"timezone: UTC", time.Minute, run.Unreachable("", "away"), false},
		"a lock that is held":             {"deadline: 1h", 30 * time.Minute, &pgconn.PgError{Code: "55P03"}, true},
		"what may be a bug":               {"deadline: 1h", 30 * time.Minute, errors.New("boom"), false},
		"a guard":                         {"deadline: 1h", 30 * time.Minute, run.Blocked("", "stop"), false},
		"a schedule that is no more live": {"", 30 * time.Minute, run.Unreachable("", "away"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := idle(t, kindThat("work", func(context.Context, run.Run) (run.Outcome, error) { return run.Outcome{}, c.err }))
			if c.limits != "" {
				w.follows("schedules: [{name: s, kind: work, cron: '0 0 1 1 *', " + c.limits + "}]")
			}
			job := w.enqueue(Request{Kind: "work", Schedule: "s", Tick: w.clock.Now().Add(-c.age)})
			w.failedBefore(job.ID, 4, "earlier")
			got := w.works(job.ID)
			if further := got.State == rivertype.JobStateRetryable && got.MaxAttempts == 6; further != c.further {
				t.Errorf("after the last of five attempts the job is %s with %d attempts; tried further: want %v", got.State, got.MaxAttempts, c.further)
			}
		})
	}
}

func TestShutdownIsNoFailureOfTheJob(t *testing.T) {
	t.Parallel()
	live := t.Context()
	late, cancelLate := context.WithDeadline(live, time.Now().Add(-time.Second))
	defer cancelLate()
	shut, stop := context.WithCancelCause(live)
	stop(errors.New("the worker stops"))
	cancelled, cancel := context.WithCancelCause(live)
	cancel(rivertype.ErrJobCancelledRemotely)
	for name, c := range map[string]struct {
		ctx  context.Context
		want bool
	}{"running": {live, false}, "out of time": {late, false}, "shutdown": {shut, true}, "cancelled": {cancelled, false}} {
		if got := stoppedByShutdown(c.ctx); got != c.want {
			t.Errorf("%s: stopped by shutdown is %v", name, got)
		}
	}
}

func TestEnqueueInsertsWithTheTransaction(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	boom := errors.New("boom")
	err := w.inTx(func(tx pgx.Tx) error {
		tickets, err := w.client.EnqueueTx(t.Context(), tx, Request{Kind: "work"}, Request{Kind: "work", RunID: 77})
		if err != nil {
			return err
		}
		if len(tickets) != 2 || tickets[0].RunID == 0 || tickets[0].RunID == 77 || tickets[1].RunID != 77 {
			t.Errorf("tickets are %+v", tickets)
		}
		return boom
	})
	if !errors.Is(err, boom) || w.count("river.river_job") != 0 {
		t.Errorf("%v; %d jobs are there after a rollback", err, w.count("river.river_job"))
	}
	if tickets, err := w.client.EnqueueTx(t.Context(), nil); err != nil || tickets != nil {
		t.Errorf("no requests make %v (%v)", tickets, err)
	}
}

// One bad request of several inserts none of them.
func TestEnqueueIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	err := w.inTx(func(tx pgx.Tx) error {
		_, err := w.client.EnqueueTx(t.Context(), tx, Request{Kind: "work"}, Request{Kind: "wrok"})
		return err
	})
	if run.ClassOf(err) != run.ClassInvalid || w.count("river.river_job") != 0 {
		t.Errorf("%v; %d jobs are there", err, w.count("river.river_job"))
	}
}

func TestEnqueueKeepsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	at := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	ticket := w.enqueue(Request{Kind: "work", By: "person ann", At: at, Priority: 2, DryRun: true, Args: json.RawMessage(`{"note": "n"}`)})
	job := w.job(ticket.ID)
	if job.State != "scheduled" || !job.ScheduledAt.Equal(at) || job.Priority != 2 || job.StartedBy != "person ann" ||
		job.MaxAttempts != 5 || job.RunID != ticket.RunID || job.Queue != "default" || string(job.Args) != `{"note": "n"}` {
		t.Errorf("the job is %+v", job)
	}
	if meta := w.metadata(ticket.ID); !meta.DryRun || meta.Traceparent == "" {
		t.Errorf("its metadata are %+v", meta)
	}
}

func TestCancelAndRetryByState(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state           string
		cancelled       string // the state after a cancel
		retried, failed string // what a retry does, or the error
	}{
		{"available", "cancelled", "the same job", ""},
		{"scheduled", "cancelled", "the same job", ""},
		{"retryable", "cancelled", "the same job", ""},
		{"running", "running", "", "is running; cancel it first"},
		{"completed", "completed", "a new job", ""},
		{"cancelled", "cancelled", "a new job", ""},
		{"discarded", "discarded", "a new job", ""},
	} {
		t.Run(c.state, func(t *testing.T) {
			t.Parallel()
			w := idle(t, kindOf("work", false))
			set := func() Ticket {
				ticket := w.enqueue(Request{Kind: "work", Args: json.RawMessage(`{"note": "n"}`)})
				w.exec(`UPDATE river.river_job SET state = $2::text::river.river_job_state, attempt = 1, attempted_by = '{w}',
					finalized_at = CASE WHEN $2::text IN ('completed', 'cancelled', 'discarded') THEN now() END,
					scheduled_at = now() + interval '1 hour' WHERE id = $1`, ticket.ID, c.state)
				return ticket
			}
			job, err := w.client.Cancel(t.Context(), set().ID)
			if err != nil || job.State != c.cancelled {
				t.Errorf("after a cancel it is %s (%v), want %s", job.State, err, c.cancelled)
			}
			ticket := set()
			again, err := w.client.Retry(t.Context(), ticket.ID, "person ann")
			switch {
			case c.failed != "":
				if err == nil || !strings.Contains(err.Error(), c.failed) || run.ClassOf(err) != run.ClassBlocked {
					t.Errorf("a retry says %v, want %q", err, c.failed)
				}
				return
			case err != nil:
				t.Fatal(err)
			case again.RunID != ticket.RunID:
				t.Errorf("a retry is of run %d, want %d", again.RunID, ticket.RunID)
			case (again.ID == ticket.ID) != (c.retried == "the same job"):
				t.Errorf("a retry of %d is job %d, want %s", ticket.ID, again.ID, c.retried)
			}
			if got := w.job(again.ID); got.State != "available" || string(got.Args) != `{"note": "n"}` {
				t.Errorf("the retry is %s with %s", got.State, got.Args)
			}
		})
	}
	w := idle(t, kindOf("work", false))
	if _, err := w.client.Cancel(t.Context(), 404); !errors.Is(err, ErrNoJob) {
		t.Errorf("cancelling no job says %v", err)
	}
	if _, err := w.client.Retry(t.Context(), 404, "ann"); !errors.Is(err, ErrNoJob) {
		t.Errorf("retrying no job says %v", err)
	}
}

// seen keeps what a watcher is told.
type seen struct{ told []string }

func (s *seen) State(j Job) { s.told = append(s.told, "state "+j.State) }
func (s *seen) Progress(_ Job, p Step) {
	s.told = append(s.told, fmt.Sprintf("step %s %s %d", p.Name, p.State, p.Done))
}
func (s *seen) Line(l LogLine) { s.told = append(s.told, "line "+l.Message) }

func TestFollowerIsToldOfEachChangeOnce(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	a := w.attemptOf(Request{Kind: "work"})
	s := &seen{}
	f := follower{db: w.pool, watch: s, seen: map[stepKey]Step{}}
	look := func() {
		t.Helper()
		w.recorder.flush(t.Context())
		for range 2 {
			if _, err := f.look(t.Context(), a.jobID); err != nil {
				t.Fatal(err)
			}
		}
	}
	look()
	a.Log().Info("begun")
	_ = a.Step(t.Context(), "read", func(_ context.Context, step *run.Step) error {
		step.Add(1)
		look()
		step.Add(1)
		return nil
	})
	look()
	w.exec("UPDATE river.river_job SET state = 'completed', finalized_at = now() WHERE id = $1", a.jobID)
	look()
	want := "state running, step read running 1, line begun, step read done 2, state completed"
	if got := strings.Join(s.told, ", "); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}
