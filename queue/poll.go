package queue

import (
	"context"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/retention"
	"cpd-jobs/queue/riverdb"
)

// pollEvery is how late a delayed job or a retry may start. It is just under the second after which the pool asks a
// connection whether it is still there before it is used: an idle worker would ask twice as much.
const pollEvery = 950 * time.Millisecond

// pollLoop makes jobs available whose time has come, records the ticks of schedules when they are due, and goes on with
// what runs in turn. Every worker does all of it: River leaves the first to a leader, and with a leader that keeps dying
// nothing delayed would ever start.
func (w *Worker) pollLoop(ctx context.Context) {
	for wait := time.Duration(0); ctx.Err() == nil; {
		w.sleep(ctx, wait)
		wait = pollEvery
		found, err := w.poll(ctx)
		if err != nil {
			w.logRetry(ctx, "delayed jobs and ticks not looked at; trying again", err)
			continue
		}
		for _, name := range found.Releasable {
			if err := w.releaseTick(ctx, name); err != nil {
				w.logRetry(ctx, "waiting tick not released; trying again", err)
			}
		}
		for _, name := range found.Owed {
			if err := w.makeOwed(ctx, name); err != nil {
				w.logRetry(ctx, "follow-up that is owed not made; trying again", err)
			}
		}
		for _, name := range found.Resumable {
			if err := w.client.ResumeQueue(ctx, name); err != nil {
				w.logRetry(ctx, "queue not resumed; trying again", err)
			}
		}
		if found.Backfills {
			more, err := w.stepBackfills(ctx)
			if err != nil {
				w.logRetry(ctx, "backfill not gone on with; trying again", err)
			} else if more {
				wait = 0
			}
		}
		if found.NextTick == nil || *found.NextTick > wait {
			continue
		}
		if woken := w.sleep(ctx, *found.NextTick); woken {
			wait = 0
			continue
		}
		done, err := w.recordDue(ctx)
		if err != nil {
			w.logRetry(ctx, "due ticks not recorded; trying again", err)
		} else if done > 0 {
			wait = 0 // the next tick may be near
		}
	}
}

// sleep waits, until ctx ends or [Worker.wakePoll] is called at most, and says whether that was.
func (w *Worker) sleep(ctx context.Context, d time.Duration) (woken bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-w.wake:
		woken = true
	}
	return woken
}

// wakePoll makes the poll loop look at once: a job ended for which others wait.
func (w *Worker) wakePoll() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (w *Worker) logRetry(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		w.log.Warn(what, "error", err)
	}
}

// poll makes delayed jobs available, and learns of a new schedules file.
func (w *Worker) poll(ctx context.Context) (riverdb.PollResult, error) {
	asked := w.now()
	p, err := riverdb.Poll(ctx, w.pool, 2*pollEvery, w.Version)
	if err == nil {
		w.clock.compare(asked, w.now(), p.Now)
		w.polled.made()
	}
	if err != nil || p.Generation == w.followedOf.Load() {
		return p, err
	}
	if err := w.loadFollowed(ctx); err != nil {
		return p, err
	}
	w.followedOf.Store(p.Generation)
	return p, nil
}

// archiveBatch is how many finished jobs one statement moves to the history.
const archiveBatch = 5000

func (w *Worker) archiveLoop(ctx context.Context) {
	for clock.Wait(ctx, time.Minute) == nil {
		for {
			moved, err := riverdb.Archive(ctx, w.pool, retention.FinishedJobs, archiveBatch)
			if err != nil && ctx.Err() == nil {
				w.log.Warn("finished jobs not moved to the history; trying again", "error", err)
			}
			if moved < archiveBatch {
				break
			}
		}
	}
}
