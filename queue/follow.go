package queue

import (
	"context"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
)

// Watcher is told what happens to a job that is followed.
type Watcher interface {
	// State is called when the job's state changes, and once at the start.
	State(Job)
	// Progress is called for every step that changed.
	Progress(Job, Step)
	// Line is called for every log line, in order.
	Line(LogLine)
}

// followEvery is how often a followed job is looked at.
const followEvery = 200 * time.Millisecond

// Follow watches a job from any machine until it has finished, through takeovers, and returns it as it ended.
func Follow(ctx context.Context, db pg.Querier, id int64, watch Watcher) (Job, error) {
	f := follower{db: db, watch: watch, seen: map[stepKey]Step{}}
	for {
		job, err := f.look(ctx, id)
		if err != nil {
			return job, err
		}
		switch {
		case job.Finished():
			return job, nil
		case clock.Wait(ctx, followEvery) != nil:
			return job, ctx.Err()
		}
	}
}

type stepKey struct {
	job, attempt int64
	number       int
}

type follower struct {
	db       pg.Querier
	watch    Watcher
	seen     map[stepKey]Step
	lastJob  Job
	lastLine int64
}

func (f *follower) look(ctx context.Context, id int64) (Job, error) {
	job, err := FindJob(ctx, f.db, id)
	if err != nil {
		return job, err
	}
	if job.latest() != f.lastJob.latest() || job.State != f.lastJob.State || job.Attempt != f.lastJob.Attempt {
		f.watch.State(job)
	}
	f.lastJob = job
	f.steps(job)
	return job, f.lines(ctx, job.ID)
}

func (f *follower) steps(job Job) {
	for i, s := range job.Steps {
		key := stepKey{job: job.ID, attempt: int64(s.Attempt), number: i}
		if before, ok := f.seen[key]; ok && before.State == s.State && before.Done == s.Done && before.Total == s.Total {
			continue
		}
		f.seen[key] = s
		f.watch.Progress(job, s)
	}
}

func (f *follower) lines(ctx context.Context, id int64) error {
	lines, err := Logs(ctx, f.db, id, f.lastLine)
	if err != nil {
		return err
	}
	for _, l := range lines {
		f.watch.Line(l)
		f.lastLine = l.ID
	}
	return nil
}
