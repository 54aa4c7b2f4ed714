package queue

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/queue/riverdb"
)

// maxDeaths is how many workers may die under a job before it is quarantined, if the last died under it alone. From the
// second death on it runs alone. What ran beside others is not charged: neither a death, for the quarantine, nor an attempt.
const maxDeaths = 3

// lostAfter is how old a row must be that says it runs here although it does not: River hears of what it fetched a
// moment after the rows say so.
const lostAfter = 5 * time.Second

// takeoverLoop looks after jobs that run nowhere, because their worker died or never heard that it had fetched them.
func (w *Worker) takeoverLoop(ctx context.Context) {
	for {
		select {
		case <-w.trouble:
		case <-ctx.Done():
			return
		}
		err := w.requeueLost(ctx)
		if err == nil && w.heartbeats.healthy(w.now()) {
			err = w.takeOver(ctx)
		}
		if err != nil {
			w.logRetry(ctx, "jobs that run nowhere not taken over; trying again", err)
		}
	}
}

// silenceLoop ends connections of jobs that went silent, so that the jobs fail and are tried again on others.
func (w *Worker) silenceLoop(ctx context.Context) {
	for clock.Wait(ctx, w.within/2) == nil {
		ended, err := w.silence.End(ctx)
		if err != nil {
			w.logRetry(ctx, "silent connections of jobs not looked for; trying again", err)
		}
		if ended > 0 {
			w.log.Warn("connections of jobs ended that had gone silent", "connections", ended)
		}
	}
}

// takeOver marks dead workers, ends the sessions of those that left jobs or sessions, and then requeues their jobs. A
// worker whose sessions do not end keeps its jobs, and a job that cannot be taken over is set aside: the others go on.
func (w *Worker) takeOver(ctx context.Context) error {
	if err := w.markDeadWorkers(ctx); err != nil {
		return err
	}
	stale, err := riverdb.StaleWorkers(ctx, w.pool)
	if err != nil {
		return err
	}
	var failures []error
	var left []string
	for _, id := range stale {
		if err := w.endSessions(ctx, id); err != nil {
			failures, left = append(failures, err), append(left, id)
		}
	}
	orphans, err := riverdb.Orphans(ctx, w.pool, left, w.Version)
	if err != nil {
		return errors.Join(append(failures, err)...)
	}
	for _, id := range orphans {
		err := w.requeueOrphan(ctx, id)
		if err != nil && !passing(err) {
			w.log.Error("job set aside: it cannot be taken over", "job", id, "error", err)
			err = riverdb.SetJobAside(ctx, w.pool, id, storable(err), w.Version, retrySetAside)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("take over job %d: %w", id, err))
		}
	}
	if len(orphans) > 0 {
		failures = append(failures, riverdb.ForgetSetAside(ctx, w.pool))
	}
	return errors.Join(failures...)
}

//go:embed sql/mark_dead_workers.sql
var markDeadWorkersSQL string

// markDeadWorkers marks the workers whose heartbeats have stopped. They find out by their next heartbeat, if they wake.
func (w *Worker) markDeadWorkers(ctx context.Context) error {
	rows, _ := w.pool.Query(ctx, markDeadWorkersSQL, w.id, deadAfter)
	dead, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for dead workers: %w", err)
	}
	for _, id := range dead {
		w.log.Warn("worker is dead; its jobs are taken over", "worker", id)
	}
	return nil
}

// endSessions ends the database sessions of a dead worker and waits until they are gone: a client that is frozen in
// the middle of a COPY holds its locks for ever. An idle session of a pooler is left alone: it has the name of the
// client that used it last.
func (w *Worker) endSessions(ctx context.Context, workerID string) error {
	for range 50 {
		var left int
		err := w.pool.QueryRow(ctx, `
			SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name = $1 AND datname = current_database() AND usename = current_user
			  AND (NOT $2 OR state <> 'idle')`, SessionName(workerID), pg.Pooled(w.pool)).Scan(&left)
		if err != nil {
			return fmt.Errorf("end the sessions of worker %s: %w", workerID, err)
		}
		if left == 0 || clock.Wait(ctx, 100*time.Millisecond) != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("end the sessions of worker %s: some are still there", workerID)
}

// requeueLost makes jobs available again that River fetched for this worker without ever hearing of it, because the
// connection broke: they never began, so no attempt is used. A row must be found twice: after a pause of this process
// River may be about to start what it fetched.
func (w *Worker) requeueLost(ctx context.Context) error {
	before := w.suspects
	w.suspects = nil
	found, err := riverdb.LostJobs(ctx, w.pool, w.id, lostAfter, w.active.list())
	if err != nil {
		return err
	}
	w.suspects = found
	lost := slices.DeleteFunc(slices.Clone(found), func(id int64) bool { return !slices.Contains(before, id) })
	if len(lost) == 0 {
		return nil
	}
	if err := riverdb.RequeueLost(ctx, w.pool, w.id, lost); err != nil {
		return err
	}
	w.log.Warn("jobs handed back that were lost on their way here", "jobs", lost)
	return nil
}

// requeueOrphan ends the row of an orphan and, where the job goes on, inserts its replacement. A new row, not the old
// one again: River completes by id alone, so a late word of the dead worker would end the replacement.
func (w *Worker) requeueOrphan(ctx context.Context, id int64) error {
	return pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		o, err := riverdb.LockOrphan(ctx, tx, id)
		if err != nil || o == nil {
			return err
		}
		meta, err := decodeMetadata(o.Metadata)
		if err != nil && !o.Cancelled {
			return err
		}
		begun := w.begun(*o)
		alone, err := w.alone(ctx, tx, o)
		if err != nil {
			return err
		}
		opts, reason, quarantined := replacement(*o, meta, begun, alone)
		var next int64
		if opts != nil {
			if next, err = w.client.insertAgain(ctx, tx, o.Kind, o.Args, opts); err != nil {
				return err
			}
		}
		failure, err := json.Marshal(rivertype.AttemptError{At: w.now(), Attempt: o.Attempt, Error: reason})
		if err != nil {
			return err
		}
		if err := riverdb.FinaliseOrphan(ctx, tx, *o, failure, next, begun, quarantined); err != nil {
			return err
		}
		if next != 0 { // the replacement waits first, so no other job is woken
			_, err = tx.Exec(ctx, "DELETE FROM queue.leases WHERE job_id = $1", o.ID)
		} else {
			err = riverdb.ReleaseLeases(ctx, tx, o.ID)
		}
		if err != nil {
			return err
		}
		if w.ObserveTakeover != nil {
			w.ObserveTakeover(o.Kind)
		}
		w.log.Warn("job taken over", append(about(o.ID, o.Kind, meta), "from", o.Worker, "reason", reason, "replacement", next)...)
		return nil
	})
}

// begun says whether an orphan had begun: one that needs a lease and has none only waited for it.
func (w *Worker) begun(o riverdb.Orphan) bool {
	meta, _ := decodeMetadata(o.Metadata)
	kind, known := w.client.kinds[o.Kind]
	needsLease := meta.Serial || meta.suspect() || known && kind.Lease(o.Args) != ""
	return o.HoldsLease || !needsLease
}

// alone says whether nothing else ran on an orphan's worker when it died.
func (w *Worker) alone(ctx context.Context, tx pgx.Tx, o *riverdb.Orphan) (bool, error) {
	running, died, err := riverdb.Beside(ctx, tx, o)
	return died == 0 && !slices.ContainsFunc(running, w.begun), err
}

// replacement decides whether an orphan goes on, nil if not, and says why it ended here. One that only waited for its
// turn, or had ended although its row does not say so yet, has killed no worker: no attempt is used. One that ran beside
// others is not charged with the death: it has an attempt more.
func replacement(o riverdb.Orphan, meta metadata, begun, alone bool) (opts *river.InsertOpts, reason string, quarantined bool) {
	used := 0
	if begun {
		meta.Deaths++
		used = o.Attempt
	} else {
		used = o.Attempt - 1
	}
	left := o.MaxAttempts - used
	if begun && !alone {
		left = max(left+1, 1)
	}
	switch {
	case o.Cancelled:
		return nil, "cancelled; its worker " + o.Worker + " is gone", false
	case begun && alone && meta.Deaths >= maxDeaths:
		return nil, fmt.Sprintf("quarantined: %d workers died under it, the last while nothing else ran there; try it with: %s",
			meta.Deaths, command(o.ID, o.Kind, o.Args)), true
	case left <= 0:
		return nil, "worker " + o.Worker + " died in the last attempt", false
	}
	meta.BaseAttempt, meta.Previous, meta.Snoozes = meta.BaseAttempt+used, o.ID, 0
	return &river.InsertOpts{
		Queue: o.Queue, Priority: o.Priority, MaxAttempts: left, Metadata: meta.encode(),
	}, "worker " + o.Worker + " died", false
}
