package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/run"
)

// kept says of every field of a job's metadata what a takeover and a retry do with it: a field without a row here fails.
var kept = map[string]struct{ takeover, retry string }{
	"RunID":       {"kept", "kept"},
	"StartedBy":   {"kept", "changed"}, // says who asked for it again
	"Schedule":    {"kept", "kept"},
	"Tick":        {"kept", "kept"},
	"Serial":      {"kept", "kept"},
	"Backfill":    {"kept", "kept"},
	"DryRun":      {"kept", "kept"},
	"BaseAttempt": {"changed", "changed"}, // attempts count on
	"Deaths":      {"changed", "zero"},    // a person lets it go
	"Previous":    {"changed", "changed"},
	"Snoozes":     {"zero", "zero"},
	"Report":      {"kept", "kept"},
	"Traceparent": {"kept", "changed"}, // it is asked for in another trace
	"Cost":        {"kept", "zero"},    // the row that ended has it
}

// fullMetadata has a value in every field.
func fullMetadata(t *testing.T) metadata {
	t.Helper()
	tick := time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC)
	m := metadata{RunID: 77, StartedBy: "person ann", Schedule: "s", Tick: &tick, Serial: true, Backfill: 4, DryRun: true,
		BaseAttempt: 1, Deaths: 1, Previous: 1, Snoozes: 6, Report: "r",
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Cost: &cost.Cost{CPUSeconds: 5}}
	for i, v := 0, reflect.ValueOf(m); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("metadata.%s has no value here", v.Type().Field(i).Name)
		}
	}
	return m
}

func TestMetadataSurviveTakeoverAndRetry(t *testing.T) {
	t.Parallel()
	for act, next := range map[string]func(w *idleWorker, id int64) int64{
		"takeover": func(w *idleWorker, id int64) int64 {
			w.exec("UPDATE river.river_job SET state = 'running', attempt = 1, attempted_by = '{gone}' WHERE id = $1", id)
			w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('schedule:s', $1, 77, 'gone')", id)
			w.takesOver()
			return w.job(id).TakenOverBy
		},
		"retry": func(w *idleWorker, id int64) int64 {
			w.exec("UPDATE river.river_job SET state = 'discarded', attempt = 1, finalized_at = now() WHERE id = $1", id)
			ticket, err := w.client.Retry(w.t.Context(), id, "person bob")
			if err != nil {
				w.t.Fatal(err)
			}
			return ticket.ID
		},
	} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			w := idle(t, kindOf("work", false))
			before := fullMetadata(t)
			_ = w.enqueue(Request{Kind: "work"})
			id := w.enqueue(Request{Kind: "work", Priority: 3, Args: json.RawMessage(`{"note": "n"}`)}).ID
			w.exec("UPDATE river.river_job SET metadata = $2, queue = 'exports' WHERE id = $1", id, before.encode())
			after := w.job(next(w, id))
			if after.Priority != 3 || after.Queue != "exports" || string(after.Args) != `{"note": "n"}` || after.RunID != 77 || after.State != "available" {
				t.Errorf("it goes on as %+v", after)
			}
			was, is := reflect.ValueOf(before), reflect.ValueOf(w.metadata(after.ID))
			for i := range was.NumField() {
				name := was.Type().Field(i).Name
				want := kept[name].takeover
				if act == "retry" {
					want = kept[name].retry
				}
				got := "changed"
				switch {
				case reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()):
					got = "kept"
				case is.Field(i).IsZero():
					got = "zero"
				}
				if got != want {
					t.Errorf("metadata.%s is %s: %v > %v; want it %q", name, got, was.Field(i), is.Field(i), want)
				}
			}
		})
	}
}

// requested says where each field of a request is kept; what is not kept matters only while the job is inserted.
func TestRequestSurvivesRetry(t *testing.T) {
	t.Parallel()
	inserting := "At Checked RunID By" // the start, the check, and what names the run
	w := idle(t, kindOf("work", false))
	r := Request{Kind: "work", Args: json.RawMessage(`{"note":"n"}`), By: "person ann", At: time.Now().Add(-time.Hour), Priority: 4, RunID: 5,
		DryRun: true, Schedule: "s", Tick: time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC), Serial: true, Backfill: 3, Checked: true}
	id := w.enqueue(r).ID
	w.exec("UPDATE river.river_job SET state = 'completed', attempt = 1, finalized_at = now() WHERE id = $1", id)
	w.exec("UPDATE river.river_job SET finalized_at = now() - interval '1 hour'")
	w.archive()
	ticket, err := w.client.Retry(t.Context(), id, "person bob")
	if err != nil {
		t.Fatal(err)
	}
	job, meta := w.job(ticket.ID), w.metadata(ticket.ID)
	again := reflect.ValueOf(Request{Kind: job.Kind, Args: json.RawMessage(strings.ReplaceAll(string(job.Args), " ", "")), Priority: job.Priority,
		DryRun: meta.DryRun, Schedule: meta.Schedule, Tick: *meta.Tick, Serial: meta.Serial, Backfill: meta.Backfill})
	for i, was := 0, reflect.ValueOf(r); i < was.NumField(); i++ {
		name := was.Type().Field(i).Name
		if was.Field(i).IsZero() {
			t.Errorf("Request.%s has no value here", name)
		}
		if !strings.Contains(inserting, name) && !reflect.DeepEqual(was.Field(i).Interface(), again.Field(i).Interface()) {
			t.Errorf("Request.%s was %v and is %v", name, was.Field(i), again.Field(i))
		}
	}
}

// An id that was given out answers for all that became of the job, over takeovers and retries, and in the history.
func TestIDLivesAsLongAsItsRun(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	first := w.deadJob(Request{Kind: "work", By: "person ann"}, "{}").ID
	w.recorder.add(line{jobID: first, attempt: 1, at: time.Now(), level: "info", message: "one", attrs: []byte("{}")})
	w.takesOver()
	second := w.job(first).TakenOverBy
	w.exec(`UPDATE river.river_job SET state = 'discarded', attempt = 1, finalized_at = now() - interval '1 hour', attempted_at = now(),
		errors = ARRAY['{"attempt": 2, "error": "it broke"}'::jsonb] WHERE id = $1`, second)
	w.recorder.add(line{jobID: second, attempt: 2, at: time.Now(), level: "info", message: "two", attrs: []byte("{}")})
	w.recorder.flush(t.Context())
	w.exec("UPDATE river.river_job SET finalized_at = now() - interval '1 hour' WHERE id = $1", first)
	w.archive()
	ticket, err := w.client.Retry(t.Context(), first, "person bob")
	if err != nil {
		t.Fatal(err)
	}
	third := ticket.ID
	if third == first || third == second || ticket.RunID != w.job(first).RunID {
		t.Errorf("it was retried as %+v", ticket)
	}
	check := func(state string) {
		t.Helper()
		for _, id := range []int64{first, second, third} {
			got := w.found(id)
			successor := third
			if id == third {
				successor = 0
			}
			if got.ID != id || got.State != state || got.RunState != state || got.SupersededBy != successor || len(got.Errors) < 2 ||
				got.Attempt < 2 || got.RunID != ticket.RunID {
				t.Errorf("job %d, which is %s, is %+v", id, state, got)
			}
			if lines := w.logOf(id); len(lines) != 2 || lines[0].Message != "one" || lines[1].Message != "two" {
				t.Errorf("the log of job %d is %+v", id, lines)
			}
		}
		list, err := ListJobs(t.Context(), w.pool, JobFilter{})
		if err != nil || len(list) != 1 || list[0].ID != third || list[0].RunState != state {
			t.Errorf("listed are %+v (%v), want one line", list, err)
		}
		all, err := ListJobs(t.Context(), w.pool, JobFilter{All: true})
		if err != nil || len(all) != 3 || all[2].RunState != state || all[2].SupersededBy != third || all[2].State != "discarded" {
			t.Errorf("all are %+v (%v)", all, err)
		}
	}
	check("available")
	if again, err := w.client.Retry(t.Context(), second, "person bob"); err != nil || again.ID != third {
		t.Errorf("a second retry, while it waits, makes %+v: %v", again, err)
	}
	if job, err := w.client.Cancel(t.Context(), first); err != nil || job.State != "cancelled" {
		t.Errorf("cancelled under its first id it is %s: %v", job.State, err)
	}
	check("cancelled")
	ended, err := Follow(t.Context(), w.pool, first, quiet{})
	if err != nil || ended.ID != first || ended.State != "cancelled" || ended.SupersededBy != third {
		t.Errorf("followed from its first id it ended as %+v: %v", ended, err)
	}
	if other, err := FindJob(t.Context(), w.pool, 999_999); err != ErrNoJob {
		t.Errorf("an id that no job has is %+v: %v", other, err)
	}
}

// A job is looked up for every page of it, and five times a second by who follows it.
func TestJobIsFoundByIndex(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	const jobs = 20_000
	w.exec(`INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at, finalized_at)
		SELECT n, 'work', 'default', 1, 'discarded', 1, 5, '{}', jsonb_build_object('run_id', n, 'taken_over_by', n + 10000), now(), now(), now()
		FROM generate_series(1, $1) AS n`, jobs)
	w.exec("ANALYZE queue.history")
	rows, _ := w.pool.Query(t.Context(), "EXPLAIN (ANALYZE, TIMING OFF) "+findSQL, int64(5))
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range plan {
		var read int
		if _, actual, found := strings.Cut(node, "(actual rows="); found {
			_, _ = fmt.Sscanf(actual, "%d", &read)
		}
		if read > 100 {
			t.Errorf("finding one job reads %d rows:\n%s", read, strings.Join(plan, "\n"))
			return
		}
	}
}

type quiet struct{}

func (quiet) State(Job)          {}
func (quiet) Progress(Job, Step) {}
func (quiet) Line(LogLine)       {}

// Of two people who run a job again at once, one does.
func TestJobIsRunAgainOnce(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	id := w.enqueue(Request{Kind: "work"}).ID
	w.exec("UPDATE river.river_job SET state = 'cancelled', finalized_at = now() WHERE id = $1", id)
	job := w.found(id)
	tx, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.again(t.Context(), tx, job, "ann"); err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		_, err := w.client.Retry(t.Context(), id, "bob")
		second <- err
	}()
	w.untilBlocked()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-second; run.ClassOf(err) != run.ClassBlocked || !strings.Contains(err.Error(), "run again meanwhile") {
		t.Errorf("the second is told %v", err)
	}
	if n := w.count("queue.jobs"); n != 2 {
		t.Errorf("%d jobs, want two", n)
	}
}

// untilBlocked waits until a session of the test's database waits for a lock.
func (w *idleWorker) untilBlocked() {
	w.t.Helper()
	for w.count("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0 {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-w.t.Context().Done():
			w.t.Fatal(w.t.Context().Err())
		}
	}
}

// A job that began after the snapshot of the statement which takes a lease was robbed of it.
func TestLeaseOfAJobThatBeganMeanwhileIsNotTaken(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", true))
	ended, begins := w.enqueue(Request{Kind: "work"}).ID, w.enqueue(Request{Kind: "work"}).ID
	wants := w.runsOn(w.id, Request{Kind: "work"})
	w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('note:', $1, 1, 'gone')", ended)
	a := w.attemptAt(wants.ID)
	tx, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM queue.leases FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		busy string
		err  error
	}
	answered := make(chan answer)
	go func() {
		busy, err := a.takeLeases(t.Context())
		answered <- answer{busy, err}
	}()
	w.untilBlocked() // its snapshot is taken
	_, err = tx.Exec(t.Context(), "UPDATE river.river_job SET state = 'running', attempt = 1, attempted_by = ARRAY[$2] WHERE id = $1", begins, w.id)
	if err == nil {
		_, err = tx.Exec(t.Context(), "UPDATE queue.leases SET job_id = $1, worker = $2", begins, w.id)
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got.busy != "note:" || got.err != nil {
		t.Errorf("the lease is busy %q (%v), want that of the job that began", got.busy, got.err)
	}
	if n := w.count("queue.leases WHERE job_id = $1", begins); n != 1 {
		t.Error("the job that began lost its lease")
	}
	w.exec("UPDATE river.river_job SET state = 'completed', finalized_at = now() WHERE id = $1", begins)
	if busy, err := a.takeLeases(t.Context()); busy != "" || err != nil {
		t.Errorf("after its end the lease is busy %q: %v", busy, err)
	}
}

// A job that has lost its lease, and yet runs nowhere else, is tried again.
func TestRobbedJobIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := idle(t, kindThat("robbed", func(context.Context, run.Run) (run.Outcome, error) { return run.Outcome{}, run.ErrLost }))
	job := w.enqueue(Request{Kind: "robbed"})
	w.works(job.ID)
	if got := w.job(job.ID); got.State != "retryable" && got.State != "available" {
		t.Errorf("it is %s", got.State)
	}
}

func TestQuarantineTextIsACommandThatAShellTakes(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	for note, want := range map[string]string{
		"it's":                       `--args '{"note": "it'\''s"}'`,
		strings.Repeat("x", 100_000): "cpd-jobs jobs retry ",
	} {
		dead := w.deadJob(Request{Kind: "work", Args: json.RawMessage(fmt.Sprintf(`{"note": %q}`, note))}, `{"deaths": 2}`)
		w.exec("UPDATE river.river_job SET attempted_by = ARRAY['gone' || id] WHERE id = $1", dead.ID)
		w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ($1::bigint::text, $1, 1, 'gone')", dead.ID)
		w.takesOver()
		got := w.job(dead.ID).Errors[0].Error
		if !strings.Contains(got, want) || len(got) > 2*longestCommand {
			t.Errorf("it says %d bytes: %.300s; want %s", len(got), got, want)
		}
	}
}
