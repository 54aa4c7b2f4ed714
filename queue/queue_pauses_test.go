package queue_test

import (
	"testing"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
)

func TestPausedQueueBeginsNoJob(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("job"))
	client := b.worker.Client()
	waitFor(t, b.pool, "SELECT count(*) FROM river.river_queue WHERE name = 'default'")
	if err := client.PauseQueue(t.Context(), "default", time.Time{}, "person test", "a deploy"); err != nil {
		t.Fatal(err)
	}
	list, err := client.QueueStates(t.Context())
	if err != nil || len(list) != 1 || !list[0].Paused || list[0].PausedBy != "person test" || list[0].PausedUntil != nil {
		t.Errorf("queues are %+v (%v)", list, err)
	}
	// A worker that begins while the queue is paused fetches nothing; the first one may still be told.
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	id := b.enqueue("job", "{}")
	b.another(nil, noop("job"))
	b.polled()
	var state string
	if err := b.pool.QueryRow(t.Context(), "SELECT state FROM queue.jobs WHERE id = $1", id).Scan(&state); err != nil || state != "available" {
		t.Errorf("the job of a paused queue is %s (%v), want it to wait", state, err)
	}
	if err := client.PauseQueue(t.Context(), "default", clock.System().Add(-time.Second), "person test", ""); err != nil {
		t.Fatal(err)
	}
	if job := b.wait(id); job.State != "completed" { // the pause was over: a worker resumed the queue by itself
		t.Errorf("after the pause the job is %s", job.State)
	}
	if err := client.ResumeQueue(t.Context(), "none"); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("resuming a queue that does not exist: %v, want it refused", err)
	}
}
