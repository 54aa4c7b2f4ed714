package queue_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

func TestWhoIsToldHowJobsEnd(t *testing.T) {
	t.Parallel()
	told := make(chan queue.Ended, 10)
	b := start(t, func(o *queue.WorkerOptions) { o.Observe = func(e queue.Ended) { told <- e } },
		kind("greet", func(_ context.Context, _ run.Run, a testArgs) (run.Outcome, error) {
			if a.Name == "nobody" {
				return run.Outcome{}, run.Blocked("say who", "nobody is there")
			}
			return run.Outcome{}, nil
		}))
	for _, c := range []struct{ args, schedule, outcome string }{
		{`{"name": "Ann"}`, "nightly", "completed"},
		{`{}`, "", "cancelled"},
	} {
		ticket, err := b.worker.Client().Enqueue(t.Context(), queue.Request{
			Kind: "greet", Args: json.RawMessage(c.args), By: "test", Schedule: c.schedule,
		})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-told:
			got.Took, got.Waited = 0, 0
			want := queue.Ended{Kind: "greet", Outcome: c.outcome, JobID: ticket.ID, RunID: ticket.RunID, Schedule: c.schedule, Final: true}
			if got != want {
				t.Errorf("told %+v, want %+v", got, want)
			}
		case <-time.After(10 * time.Minute):
			t.Fatal("no call came")
		}
	}
}
