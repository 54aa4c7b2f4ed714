package queue

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/pg"
)

// maxDeaths is how many workers may die under a job before it is held back: it may be what kills them.
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
		if err := w.lookAfter(ctx); err != nil {
			w.troubled(ctx, "jobs that run nowhere not looked after; trying again", err)
		}
	}
}

func (w *Worker) lookAfter(ctx context.Context) error {
	if err := w.handBackLost(ctx); err != nil || !w.beats.steady(w.now()) {
		return err
	}
	return w.takeOver(ctx)
}

func (w *Worker) takeOver(ctx context.Context) error {
	if err := w.buryDead(ctx); err != nil {
		return err
	}
	gone, err := w.haunting(ctx)
	if err != nil {
		return err
	}
	for _, id := range gone {
		if err := w.endSessions(ctx, id); err != nil {
			return err
		}
	}
	return pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error { return w.adoptOrphans(ctx, tx) })
}

//go:embed sql/bury.sql
var burySQL string

// buryDead marks the workers whose heart has stopped. They find out by their next heartbeat, if they wake.
func (w *Worker) buryDead(ctx context.Context) error {
	rows, _ := w.pool.Query(ctx, burySQL, w.id, deadAfter)
	dead, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for dead workers: %w", err)
	}
	for _, id := range dead {
		w.log.Warn("worker is dead; its jobs are taken over", "worker", id)
	}
	return nil
}

// haunting lists the workers that are gone while jobs are still marked as running on them or sessions of theirs are
// still there: one that was frozen between two jobs may hold locks of the ledger.
func (w *Worker) haunting(ctx context.Context) ([]string, error) {
	rows, _ := w.pool.Query(ctx, `
		SELECT attempted_by[array_upper(attempted_by, 1)] FROM river.river_job AS j
		WHERE state = 'running' AND NOT EXISTS (
			SELECT FROM queue.workers AS worker
			WHERE worker.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND worker.stopped_at IS NULL)
		UNION
		SELECT worker.id FROM queue.workers AS worker JOIN pg_stat_activity AS s ON s.application_name = $1 || worker.id
		WHERE worker.taken_over_by IS NOT NULL AND s.datname = current_database()`, sessionPrefix)
	gone, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for jobs of dead workers: %w", err)
	}
	return gone, nil
}

// endSessions ends the database sessions of a dead worker and waits until they are gone: a client that is frozen in
// the middle of a COPY holds its locks for ever. A pooler's session that is idle is nobody's: its name is that of
// whoever used it last.
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
		if left == 0 || !every(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("end the sessions of worker %s: some are still there", workerID)
}

// handBackLost makes jobs available again that River fetched for this worker without ever hearing of it, because the
// connection broke: they never began, so no attempt is used. A row must be found twice: after a pause of this process
// River may be about to start what it fetched.
func (w *Worker) handBackLost(ctx context.Context) error {
	suspects := w.suspects
	w.suspects = nil
	rows, _ := w.pool.Query(ctx, `
		SELECT id FROM river.river_job
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1 AND attempted_at < now() - $2::interval
		  AND id NOT IN (SELECT unnest($3::bigint[]))`, w.id, lostAfter, w.active.list())
	lost, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("look for jobs that were lost on their way here: %w", err)
	}
	w.suspects = lost
	lost = slices.DeleteFunc(slices.Clone(lost), func(id int64) bool { return !slices.Contains(suspects, id) })
	if len(lost) == 0 {
		return nil
	}
	_, err = w.pool.Exec(ctx, `
		WITH back AS (
			UPDATE river.river_job SET state = 'available', attempt = greatest(attempt - 1, 0), scheduled_at = now()
			WHERE id = ANY ($1) AND state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $2
			RETURNING queue
		)
		SELECT pg_notify($3 || '.river_insert', json_build_object('queue', queue)::text) FROM (SELECT DISTINCT queue FROM back) AS q`,
		lost, w.id, riverSchema)
	if err != nil {
		return fmt.Errorf("hand back jobs that were lost on their way here: %w", err)
	}
	w.log.Warn("jobs handed back that were lost on their way here", "jobs", lost)
	return nil
}

// orphan is a row that says running and runs nowhere.
type orphan struct {
	ID          int64           `db:"id"`
	Kind        string          `db:"kind"`
	Queue       string          `db:"queue"`
	Priority    int             `db:"priority"`
	Attempt     int             `db:"attempt"`
	MaxAttempts int             `db:"max_attempts"`
	Args        json.RawMessage `db:"args"`
	Metadata    json.RawMessage `db:"metadata"`
	Cancelled   bool            `db:"cancelled"`
	Worker      string          `db:"worker"`
	Holds       bool            `db:"holds"` // a lease
}

// adoptOrphans ends the rows that run nowhere and gives each a successor. A new row, not the old one again: River
// completes by id alone, so a late word of the dead worker would end its successor.
func (w *Worker) adoptOrphans(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, `
		SELECT id, kind, queue, priority, attempt, max_attempts, args, metadata,
		       metadata ? 'cancel_attempted_at' AS cancelled, attempted_by[array_upper(attempted_by, 1)] AS worker,
		       EXISTS (SELECT FROM queue.leases AS l WHERE l.job_id = j.id) AS holds
		FROM river.river_job AS j
		WHERE state = 'running' AND NOT EXISTS (
			SELECT FROM queue.workers AS worker
			WHERE worker.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND worker.stopped_at IS NULL)
		ORDER BY id
		FOR UPDATE SKIP LOCKED`)
	orphans, err := pgx.CollectRows(rows, pgx.RowToStructByName[orphan])
	if err != nil {
		return fmt.Errorf("lock the jobs that run nowhere: %w", err)
	}
	for _, o := range orphans {
		if err := w.adopt(ctx, tx, o); err != nil {
			return fmt.Errorf("take over job %d (%s): %w", o.ID, o.Kind, err)
		}
	}
	return nil
}

func (w *Worker) adopt(ctx context.Context, tx pgx.Tx, o orphan) error {
	meta, err := decodeMetadata(o.Metadata)
	if err != nil {
		return err
	}
	heir, reason := o.successor(meta, w.needsLease(o, meta) && !o.Holds)
	var successor int64
	if heir != nil {
		inserted, err := w.river.InsertTx(ctx, tx, payload{kind: o.Kind, raw: o.Args}, heir)
		if err != nil {
			return err
		}
		successor = inserted.Job.ID
	}
	failure, err := json.Marshal(rivertype.AttemptError{At: w.now(), Attempt: o.Attempt, Error: reason})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE river.river_job
		SET state = CASE WHEN $4 THEN 'cancelled' ELSE 'discarded' END::river.river_job_state, finalized_at = now(),
		    errors = array_append(errors, $2::jsonb),
		    metadata = metadata || jsonb_strip_nulls(jsonb_build_object($5::text, nullif($3::bigint, 0)))
		WHERE id = $1`, o.ID, string(failure), successor, o.Cancelled, keyTakenOverBy)
	if err != nil {
		return err
	}
	if heir != nil { // it waits first
		_, err = tx.Exec(ctx, "DELETE FROM queue.leases WHERE job_id = $1", o.ID)
	} else {
		_, err = tx.Exec(ctx, dropLeasesSQL, o.ID, riverSchema)
	}
	if w.ObserveTakeover != nil {
		w.ObserveTakeover(o.Kind)
	}
	w.log.Warn("job taken over", append(about(o.ID, o.Kind, meta), "from", o.Worker, "reason", reason, "successor", successor)...)
	return err
}

// needsLease says that the job does nothing before it holds a lease.
func (w *Worker) needsLease(o orphan, meta metadata) bool {
	kind, known := w.client.kinds[o.Kind]
	return meta.Serial || known && kind.Lease(o.Args) != ""
}

// successor decides whether the job goes on, and says why it ended here. One that only waited for its turn, or had ended
// all but for the word of it, has killed nobody: no attempt is used.
func (o orphan) successor(meta metadata, waited bool) (*river.InsertOpts, string) {
	deaths := meta.Deaths + 1
	if waited {
		deaths--
		o.Attempt--
	}
	used := meta.BaseAttempt + o.Attempt
	switch {
	case o.Cancelled:
		return nil, "cancelled; its worker " + o.Worker + " is gone"
	case deaths >= maxDeaths:
		return nil, fmt.Sprintf("quarantined: %d workers died under it; try it with: cpd-jobs run %s --local --args '%s'", deaths, o.Kind, o.Args)
	case o.Attempt >= o.MaxAttempts:
		return nil, "worker " + o.Worker + " died in the last attempt"
	}
	meta.BaseAttempt, meta.Deaths, meta.Previous, meta.Snoozes = used, deaths, o.ID, 0
	return &river.InsertOpts{
		Queue: o.Queue, Priority: o.Priority, MaxAttempts: o.MaxAttempts - o.Attempt, Metadata: meta.encode(),
	}, "worker " + o.Worker + " died"
}
