package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
	"cpd-jobs/queue/riverdb"
)

// A job that waits for a lease is woken when it is given back. It asks by itself too, less and less often: who gives it
// back may die over it, or may not have seen yet that somebody waits.
const (
	firstAsk = time.Second
	lastAsk  = 10 * time.Second
)

// kindWorker works the jobs of one kind for River.
type kindWorker struct {
	river.WorkerDefaults[payload]
	kind   run.Kind
	worker *Worker
}

// Timeout is the kind's own: River's minute is wrong here.
func (k *kindWorker) Timeout(*river.Job[payload]) time.Duration { return k.kind.Timeout }

// NextRetry waits as the kind's back-off says, give or take a fifth so that jobs that failed together do not come back
// together.
func (k *kindWorker) NextRetry(job *river.Job[payload]) time.Time {
	wait := k.kind.Backoff.Wait(len(job.Errors))
	jitter := time.Duration((k.worker.random() - 0.5) * 0.4 * float64(wait))
	return k.worker.clock.Now().Add(wait + jitter)
}

// Work runs one attempt. Its error is cleaned, and so is a panic's: River writes the ends of many jobs at once, and one
// text that PostgreSQL does not take would keep them all from ending.
func (k *kindWorker) Work(ctx context.Context, job *river.Job[payload]) (err error) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		panicked := errors.New(clean.Text(fmt.Sprint(reason), clean.MaxError))
		if !sameFailure(job.Errors, panicked, run.EqualFailures) {
			panic(panicked.Error())
		}
		err = quarantine(ctx, job, panicked)
	}()
	return clean.Error(k.work(ctx, job))
}

// work runs one attempt: lease, the job itself, and its completion with whatever follows.
func (k *kindWorker) work(ctx context.Context, job *river.Job[payload]) error {
	a, err := k.attempt(job)
	if err != nil {
		return k.failed(ctx, job, err)
	}
	ctx = trace.With(ctx, a.trace)
	if busy, err := k.enter(ctx, a); busy != "" || err != nil {
		if busy == "" || stoppedByShutdown(ctx) {
			return k.failed(ctx, job, err)
		}
		return k.wait(ctx, a, busy)
	}
	defer k.leave(ctx, a)
	busy, err := a.takeLeases(ctx)
	if err != nil {
		return err
	}
	if busy != "" {
		return k.wait(ctx, a, busy)
	}
	defer a.releaseLeases(ctx)
	outcome, err := k.metered(ctx, a, job)
	if a.logged.Load() {
		flushing, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin/2)
		k.worker.recorder.flush(flushing)
		cancel()
	}
	if err != nil {
		return k.failed(ctx, job, err)
	}
	return k.complete(ctx, a, job, outcome)
}

// metered does the job, and keeps what that cost with it.
func (k *kindWorker) metered(ctx context.Context, a *attempt, job *river.Job[payload]) (run.Outcome, error) {
	meter, stop := &cost.Meter{}, sync.OnceValue(k.worker.processor.Start())
	defer stop() // the job may panic
	outcome, err := k.kind.Work(cost.With(ctx, meter), a, job.Args.raw)
	spent := meter.Total(stop())
	if k.worker.ObserveCost != nil {
		k.worker.ObserveCost(job.Kind, spent)
	}
	if !a.logged.Load() && err == nil && empty(outcome) {
		return outcome, nil // to write it down would cost more than the job did
	}
	if a.meta.Cost != nil {
		spent = spent.Plus(*a.meta.Cost)
	}
	if setErr := river.MetadataSet(ctx, keyCost, spent); setErr != nil {
		return outcome, errors.Join(err, setErr)
	}
	return outcome, err
}

// A suspect looks for a worker with nothing else to do politeAsks times, in all for about two minutes; then the worker that
// it comes to takes no other job until it has had its turn.
const politeAsks = 12

// enter begins an attempt where it may begin on this worker; where not, it says what for it is to wait.
func (k *kindWorker) enter(ctx context.Context, a *attempt) (busy string, err error) {
	ward, suspect := &k.worker.ward, a.meta.suspect()
	switch {
	case ward.enter(suspect):
		return "", nil
	case !suspect || a.meta.Snoozes < politeAsks:
		return "a worker of its own", nil
	}
	k.worker.log.Info("this worker takes no other job until one has run alone", about(a.jobID, k.kind.Name, a.meta)...)
	if err := ward.enterLast(ctx); err != nil {
		return "a worker of its own", err
	}
	return "", nil
}

// leave ends what enter began. After a suspect the queues are looked into again.
func (k *kindWorker) leave(ctx context.Context, a *attempt) {
	k.worker.ward.leave(a.meta.suspect())
	if !a.meta.suspect() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin/2)
	defer cancel()
	if err := riverdb.Notify(ctx, k.worker.pool, slices.Collect(maps.Keys(k.worker.Queues))); err != nil {
		k.worker.logRetry(ctx, "workers not told that jobs wait; they look again within half a minute", err)
	}
}

// wait puts the job off until the lease is given back. It is no attempt.
func (k *kindWorker) wait(ctx context.Context, a *attempt, lease string) error {
	if err := river.MetadataSet(ctx, keyWaitsFor, lease); err != nil {
		return err
	}
	ask := min(firstAsk<<min(a.meta.Snoozes, 10), lastAsk)
	return river.JobSnooze(ask + time.Duration(k.worker.random()*float64(ask)/2))
}

func (k *kindWorker) attempt(job *river.Job[payload]) (*attempt, error) {
	meta, err := decodeMetadata(job.Metadata)
	if err != nil {
		return nil, err
	}
	asked := trace.Parse(meta.Traceparent)
	if !asked.Valid() { // an earlier version's row, or one that somebody inserted by hand
		asked = trace.New()
		meta.Traceparent = asked.String()
	}
	a := &attempt{
		worker: k.worker, jobID: job.ID, kind: job.Kind, number: meta.BaseAttempt + job.Attempt, meta: meta, trace: asked.Child(),
	}
	// Before anything that may take long: a job that says it runs here and is not in hand is handed back as lost.
	k.worker.active.started(job.ID, meta)
	if key := k.kind.Lease(job.Args.raw); key != "" {
		a.leases = append(a.leases, key)
	}
	if meta.Serial {
		a.leases = append(a.leases, "schedule:"+meta.Schedule)
	}
	if meta.suspect() {
		a.leases = append(a.leases, "alone:"+k.worker.id)
	}
	slices.Sort(a.leases) // everybody takes them in the same order
	a.log = sync.OnceValue(func() *slog.Logger {
		return slog.New(slog.NewMultiHandler(k.worker.log.Handler(), &jobLog{attempt: a})).
			With(about(job.ID, job.Kind, meta)...)
	})
	return a, nil
}

// complete ends the job. Where nothing must happen together with its end, River's own batched completion does;
// else follow-ups, the lease and the job's end are one transaction.
func (k *kindWorker) complete(ctx context.Context, a *attempt, job *river.Job[payload], outcome run.Outcome) error {
	if err := record(ctx, outcome); err != nil {
		return fmt.Errorf("record the result: %w", err)
	}
	followUps := a.atEnd(outcome.Changed)
	if len(followUps) == 0 {
		return nil
	}
	// The work is done: a shutdown that arrives now must not lose its end.
	ctx = context.WithoutCancel(ctx)
	return pgx.BeginFunc(ctx, k.worker.pool, func(tx pgx.Tx) error {
		if err := a.Fence(ctx, tx); err != nil {
			return err
		}
		if err := a.follow(ctx, tx, outcome.Version, followUps...); err != nil {
			return err
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

// record keeps the outcome with the job. One that says nothing is not written: it would cost a job that does nothing a
// fifth of its speed.
func record(ctx context.Context, o run.Outcome) error {
	if empty(o) {
		return nil
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return river.RecordOutput(ctx, clean.JSON(raw))
}

func empty(o run.Outcome) bool { return !o.Changed && o.Version == 0 && o.Summary == nil }

// failed tells River whether trying again can help.
func (k *kindWorker) failed(ctx context.Context, job *river.Job[payload], err error) error {
	if errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely) {
		return err
	}
	if stoppedByShutdown(ctx) {
		// The cause tells River that the worker is going away: it hands the job back with no attempt used.
		return errors.Join(context.Cause(ctx), err)
	}
	class := run.ClassOf(err)
	if setErr := river.MetadataSet(ctx, keyFailure, string(class)); setErr != nil {
		return errors.Join(err, setErr)
	}
	switch {
	case errors.Is(err, run.ErrLost):
		return err // where the job goes on elsewhere this changes nothing; where it does not, it is tried again
	case class == run.ClassInvalid, class == run.ClassBlocked:
		return river.JobCancel(err)
	case run.Bug(err) && sameFailure(job.Errors, err, run.EqualFailures):
		return quarantine(ctx, job, err)
	case job.Attempt >= job.MaxAttempts && !run.Bug(err):
		return errors.Join(err, k.allowAnother(ctx, job))
	}
	return err
}

// allowAnother gives a job of a tick one attempt more, as long as the tick is not too old by then: a register that cannot
// be reached at six is synced when it is back.
func (k *kindWorker) allowAnother(ctx context.Context, job *river.Job[payload]) error {
	meta, err := decodeMetadata(job.Metadata)
	if err != nil || meta.Tick == nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // the attempt may have run out of time
	s, err := FindSchedule(ctx, k.worker.pool, meta.Schedule)
	if errors.Is(err, ErrNoSchedule) {
		return nil // it is no longer live
	}
	if err != nil {
		return err
	}
	limit := time.Duration(cmp.Or(s.CatchUp.MaxAge, s.Deadline))
	if k.NextRetry(job).After(meta.Tick.Add(limit)) {
		return nil
	}
	if err := riverdb.AllowAttempt(ctx, k.worker.pool, job.ID, k.worker.id); err != nil {
		return err
	}
	job.MaxAttempts++ // River decides by what it has in memory
	return nil
}

// stoppedByShutdown tells a worker that is going away from a job that ran out of time or was cancelled.
func stoppedByShutdown(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) &&
		!errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely)
}

// sameFailure says whether err is the times-th of an unbroken row of equal failures.
func sameFailure(before []rivertype.AttemptError, err error, times int) bool {
	if len(before) < times-1 {
		return false
	}
	for _, e := range before[len(before)-(times-1):] {
		if e.Error != err.Error() {
			return false
		}
	}
	return true
}

// quarantine ends a job that may never do otherwise.
func quarantine(ctx context.Context, job *river.Job[payload], err error) error {
	if setErr := river.MetadataSet(ctx, keyQuarantined, true); setErr != nil {
		return errors.Join(err, setErr)
	}
	return river.JobCancel(fmt.Errorf("%w; quarantined after the same failure three times, try it with: %s",
		err, command(job.ID, job.Kind, job.Args.raw)))
}

// longestCommand is how long a command may be that a text offers: arguments may have megabytes.
const longestCommand = 1000

// command is what a person types to see the failure of a job again.
func command(id int64, kind string, args json.RawMessage) string {
	if text := fmt.Sprintf("cpd-jobs run %s --local --args %s", kind, clean.ShellWord(string(args))); len(text) <= longestCommand {
		return text
	}
	return fmt.Sprintf("cpd-jobs jobs retry %d", id)
}
