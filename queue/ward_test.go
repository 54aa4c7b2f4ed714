package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cpd-jobs/internal/run"
)

func TestSuspectRunsAlone(t *testing.T) {
	t.Parallel()
	var w ward
	if first, second := w.enter(false), w.enter(false); !first || !second {
		t.Fatal("jobs do not run beside each other")
	}
	if w.enter(true) || w.closed() {
		t.Error("a suspect began beside others, or closed the worker by asking")
	}
	w.leave(false)
	began := make(chan error)
	go func() { began <- w.enterLast(t.Context()) }()
	for !w.closed() {
		time.Sleep(time.Millisecond)
	}
	if w.enter(false) || w.enter(true) {
		t.Error("a job began although a suspect waits")
	}
	w.leave(false)
	if err := <-began; err != nil {
		t.Fatal(err)
	}
	if w.enter(false) || w.enter(true) || !w.closed() {
		t.Error("a job began beside a suspect")
	}
	gaveUp, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.enterLast(gaveUp); err == nil {
		t.Error("a suspect that gives up has its turn")
	}
	w.leave(true)
	if w.closed() || !w.enter(true) {
		t.Error("after a suspect the next may not begin")
	}
	w.leave(true)
	if !w.enter(false) {
		t.Error("after a suspect no job may begin")
	}
}

// Ten jobs die with their worker, and again; one of them is what kills it. It alone is quarantined.
func TestQuarantineChargesNoBystander(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	jobs := map[int]int64{}
	for i := range 10 {
		jobs[i] = w.enqueue(Request{Kind: "work", Args: json.RawMessage(fmt.Sprintf(`{"note": "%d"}`, i))}).ID
	}
	dies := func(worker string, ids ...int64) {
		t.Helper()
		w.exec(`UPDATE river.river_job SET state = 'running', attempt = attempt + 1, attempted_at = now(), attempted_by = ARRAY[$2]
			WHERE id = ANY ($1)`, ids, worker)
	}
	for death := range 2 {
		var ids []int64
		for _, id := range jobs {
			ids = append(ids, id)
		}
		dies(fmt.Sprint("gone", death), ids...)
		w.takesOver()
		for i, id := range jobs {
			jobs[i] = w.job(id).TakenOverBy
			if got := w.job(jobs[i]); got.MaxAttempts-got.Attempt != 5 {
				t.Errorf("after %d deaths beside others job %d has %d attempts left of 5", death+1, i, got.MaxAttempts-got.Attempt)
			}
		}
	}
	for i, id := range jobs { // each has its turn alone, while another waits for its own on the same worker
		other := jobs[(i+1)%10]
		worker := fmt.Sprint("ward", i)
		if i != 3 {
			w.exec("UPDATE river.river_job SET state = 'completed', attempt = 1, finalized_at = now() WHERE id = $1", id)
			continue
		}
		dies(worker, id)
		waits := w.job(other).State == "available"
		if waits {
			dies(worker, other)
		}
		w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ('alone:' || $2, $1, 1, $2)", id, worker)
		w.takesOver()
		if waits {
			jobs[(i+1)%10] = w.job(other).TakenOverBy
			if got := w.job(jobs[(i+1)%10]); got.State != "available" || w.metadata(got.ID).Deaths != 2 {
				t.Errorf("one that waited for its turn is %+v", got)
			}
		}
	}
	if got := w.job(jobs[3]); got.RunState != "quarantined" || got.State != "discarded" {
		t.Errorf("what kills its workers is %s (%s): %v", got.RunState, got.State, got.Errors)
	}
	list, err := ListJobs(t.Context(), w.pool, JobFilter{State: "quarantined"})
	if err != nil || len(list) != 1 || list[0].ID != jobs[3] {
		t.Errorf("in quarantine are %+v (%v)", list, err)
	}
}

// Two that ran together were taken over one after the other: neither was alone.
func TestJobTakenOverSecondWasNotAlone(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	first, second := w.deadJob(Request{Kind: "work"}, `{"deaths": 1}`), w.deadJob(Request{Kind: "work"}, `{"deaths": 1}`)
	for _, id := range []int64{first.ID, second.ID} {
		if err := w.requeueOrphan(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got := w.job(w.job(id).TakenOverBy); got.MaxAttempts-got.Attempt != 5 {
			t.Errorf("job %d is charged with an attempt: %d left", id, got.MaxAttempts-got.Attempt)
		}
	}
	alone := w.runsOn("gone alone", Request{Kind: "work"})
	w.takesOver()
	if got := w.job(w.job(alone.ID).TakenOverBy); got.MaxAttempts-got.Attempt != 4 {
		t.Errorf("one that was alone has %d attempts left of 4", got.MaxAttempts-got.Attempt)
	}
}

// together counts how many attempts run at once, and what ran beside a suspect.
type together struct {
	mu      sync.Mutex
	running int
	suspect bool
	wrong   []string
	begun   chan string
	leave   chan struct{}
}

func (g *together) kind(name string) run.Kind {
	return kindThat(name, func(ctx context.Context, r run.Run) (run.Outcome, error) {
		suspect := name == "suspect"
		g.mu.Lock()
		if g.suspect || suspect && g.running > 0 {
			g.wrong = append(g.wrong, fmt.Sprintf("job %d (%s) began beside %d, suspect %v", r.JobID(), name, g.running, g.suspect))
		}
		g.running++
		g.suspect = suspect
		g.mu.Unlock()
		g.begun <- name
		if name == "long" {
			<-g.leave
		}
		g.mu.Lock()
		g.running--
		g.suspect = false
		g.mu.Unlock()
		return run.Outcome{}, nil
	})
}

// A worker on which a job runs that may kill it takes no other meanwhile, and goes on afterwards; a suspect that has asked
// for long enough gets its turn although the worker is busy.
func TestWorkerKeepsASuspectAlone(t *testing.T) {
	t.Parallel()
	g := &together{begun: make(chan string, 100), leave: make(chan struct{})}
	w := idle(t, g.kind("suspect"), g.kind("long"), g.kind("short"))
	suspect := func(snoozes, note int) int64 {
		id := w.enqueue(Request{Kind: "suspect", Args: json.RawMessage(fmt.Sprintf(`{"note": "s%d"}`, note)), At: time.Now().Add(time.Hour)}).ID
		w.exec(`UPDATE river.river_job SET metadata = metadata || jsonb_build_object('deaths', 2, 'snoozes', $2::int), scheduled_at = now()
			WHERE id = $1`, id, snoozes)
		return id
	}
	w.exec("DELETE FROM queue.workers WHERE id = $1", w.id) // it registers anew
	long := w.enqueue(Request{Kind: "long", Args: json.RawMessage(`{"note": "l"}`)}).ID
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	if got := <-g.begun; got != "long" {
		t.Fatalf("%s began", got)
	}
	patient := suspect(politeAsks, 1)
	polite := suspect(0, 2)
	for !w.ward.closed() {
		time.Sleep(5 * time.Millisecond)
	}
	var short []int64
	for i := range 5 {
		short = append(short, w.enqueue(Request{Kind: "short", Args: json.RawMessage(fmt.Sprintf(`{"note": "%d"}`, i))}).ID)
	}
	for w.count("river.river_job WHERE kind = 'suspect' AND state = 'running'") == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if n := w.count("river.river_job WHERE kind = 'short' AND state <> 'available'"); n != 0 {
		t.Errorf("%d jobs were fetched while a suspect waits", n)
	}
	close(g.leave)
	if got := <-g.begun; got != "suspect" {
		t.Errorf("%s began before the suspect that waited", got)
	}
	for _, id := range append(short, long, patient, polite) {
		if job, err := Follow(t.Context(), w.pool, id, quiet{}); err != nil || job.State != "completed" || job.Attempt != 1 {
			t.Errorf("job %d ended as %+v: %v", id, job, err)
		}
	}
	if n := w.count("queue.leases"); n != 0 {
		t.Errorf("%d leases are left", n)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(g.wrong) > 0 {
		t.Error(strings.Join(g.wrong, "\n"))
	}
}

func TestQuarantineIsLeft(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	var dead []int64
	for i := range 4 {
		dead = append(dead, w.deadJob(Request{Kind: "work"}, `{"deaths": 2}`).ID)
		w.exec("UPDATE river.river_job SET attempted_by = ARRAY[$2] WHERE id = $1", dead[i], fmt.Sprint("gone", i))
		w.exec("INSERT INTO queue.leases (key, job_id, run_id, worker) VALUES ($2, $1, 1, $2)", dead[i], fmt.Sprint("gone", i))
	}
	w.takesOver()
	count := func() (n int) {
		w.scan("SELECT count(*) FROM queue.jobs WHERE run_state = 'quarantined' AND superseded_by IS NULL", nil, &n)
		return n
	}
	if n := count(); n != 4 {
		t.Fatalf("%d are in quarantine", n)
	}
	w.exec("UPDATE river.river_job SET finalized_at = now() - interval '1 hour' WHERE id = ANY ($1)", dead[:2])
	w.archive()
	for _, id := range []int64{dead[0], dead[3]} { // in the history, and not
		if job, err := w.client.Cancel(t.Context(), id); err != nil || job.State != "discarded" || job.RunState != "discarded" {
			t.Errorf("job %d, which a person gave up, is %+v: %v", id, job, err)
		}
	}
	begun, err := w.client.RetryJobs(t.Context(), JobSelection{State: "quarantined"}, "person ann")
	if err != nil || len(begun) != 2 || count() != 0 {
		t.Errorf("%v run again (%v), %d are left", begun, err, count())
	}
	for _, ticket := range begun {
		if meta := w.metadata(ticket.ID); meta.Deaths != 0 || w.job(ticket.ID).RunState != "available" {
			t.Errorf("what was let go is %+v with %d deaths", w.job(ticket.ID), meta.Deaths)
		}
	}
}
