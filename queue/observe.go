package queue

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"cpd-jobs/internal/trace"
)

// Ended is an attempt that ended, however it did.
type Ended struct {
	Kind    string
	Outcome string // completed, failed, cancelled, snoozed, interrupted
	Took    time.Duration
	Waited  time.Duration // from when it might have started
	JobID   int64
	RunID   int64
	// Schedule is the one that the job was made for, "" if none.
	Schedule string
	// Final says that no further attempt comes.
	Final bool
}

// TickWritten is a tick that has its row in the ledger now.
type TickWritten struct {
	Schedule string
	State    string
	Reason   string
	Late     time.Duration // from the tick to its row
}

func (w *Worker) tickWritten(d decided, now time.Time) {
	if w.ObserveTick != nil {
		w.ObserveTick(TickWritten{Schedule: d.by.Name, State: string(d.State), Reason: string(d.Reason), Late: now.Sub(d.At)})
	}
}

// subscribe listens to River's events: they are right in every case, while what wraps the work misses panics.
func (w *Worker) subscribe() (<-chan *river.Event, func()) {
	return w.river.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 50_000,
		Kinds: []river.EventKind{
			river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobCancelled,
			river.EventKindJobSnoozed, river.EventKindJobInterrupted,
		},
	})
}

var outcomes = map[river.EventKind]string{
	river.EventKindJobCompleted:   "completed",
	river.EventKindJobFailed:      "failed",
	river.EventKindJobCancelled:   "cancelled",
	river.EventKindJobSnoozed:     "snoozed",
	river.EventKindJobInterrupted: "interrupted",
}

func (w *Worker) observe(ctx context.Context, events <-chan *river.Event) {
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			w.ended(e)
		case <-ctx.Done():
			for len(events) > 0 {
				w.ended(<-events)
			}
			return
		}
	}
}

// endedOf leaves out what a row that somebody inserted by hand does not say.
func endedOf(e *river.Event, meta metadata) Ended {
	return Ended{
		Kind: e.Job.Kind, Outcome: outcomes[e.Kind], Took: e.JobStats.RunDuration, Waited: e.JobStats.QueueWaitDuration,
		JobID: e.Job.ID, RunID: meta.RunID, Schedule: meta.Schedule, Final: e.Job.FinalizedAt != nil,
	}
}

// about is what every log line about a job has.
func about(id int64, kind string, meta metadata) []any {
	attrs := []any{"job", id, "run", meta.RunID, "kind", kind}
	if meta.Report != "" {
		attrs = append(attrs, "report", meta.Report)
	}
	if t := trace.Parse(meta.Traceparent); t.Valid() {
		attrs = append(attrs, "trace", t.ID())
	}
	return attrs
}

// logged is the outcome in the three words that logs have for it everywhere.
func (e Ended) logged() string {
	switch e.Outcome {
	case "completed":
		return "success"
	case "failed":
		return "failure"
	default:
		return "unknown"
	}
}

func (w *Worker) ended(e *river.Event) {
	if e == nil {
		return
	}
	meta, known := w.active.written(e.Job.ID)
	if !known {
		meta, _ = decodeMetadata(e.Job.Metadata)
	}
	end := endedOf(e, meta)
	if end.Final && (meta.Serial || meta.Backfill != 0) {
		w.wakePoll()
	}
	if w.Observe != nil {
		w.Observe(end)
	}
	attrs := append(about(e.Job.ID, e.Job.Kind, meta), "ended", end.Outcome, "outcome", end.logged(),
		"attempt", e.Job.Attempt, "took", end.Took)
	if end.Schedule != "" {
		attrs = append(attrs, "schedule", end.Schedule)
	}
	if n := len(e.Job.Errors); n > 0 && end.Outcome != "completed" {
		w.log.Error("job ended", append(attrs, "error", e.Job.Errors[n-1].Error)...)
		return
	}
	if end.Outcome == "snoozed" {
		w.log.Debug("job ended", attrs...)
		return
	}
	w.log.Info("job ended", attrs...)
}
