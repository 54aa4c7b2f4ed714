package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// maxDeaths is how many workers may die under a job before it is held back: it may be what kills them.
const maxDeaths = 3

// orphanGrace is how long a row may say that it runs here although it does not: River writes ends in batches.
const orphanGrace = 30 * time.Second

// takeoverLoop looks for jobs that run nowhere: their worker died, or its word that they ended never arrived.
func (w *Worker) takeoverLoop(ctx context.Context) {
	for every(ctx, beatEvery) {
		if !w.beats.steady(w.now()) {
			continue
		}
		if err := w.takeOver(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("jobs of dead workers not taken over; trying again", "error", err)
		}
	}
}

func (w *Worker) takeOver(ctx context.Context) error {
	if err := w.buryDead(ctx); err != nil {
		return err
	}
	gone, err := w.orphanedWorkers(ctx)
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

// buryDead marks the workers whose heart has stopped. They find out by their next heartbeat, if they wake.
func (w *Worker) buryDead(ctx context.Context) error {
	rows, _ := w.pool.Query(ctx, `
		UPDATE queue.workers SET stopped_at = now(), taken_over_by = $1
		WHERE id IN (
			SELECT id FROM queue.workers
			WHERE stopped_at IS NULL AND heartbeat_at < now() - $2::interval AND id <> $1
			  AND pg_postmaster_start_time() < now() - $2::interval
			FOR UPDATE SKIP LOCKED)
		RETURNING id`, w.id, deadAfter)
	dead, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for dead workers: %w", err)
	}
	for _, id := range dead {
		w.log.Warn("worker is dead; its jobs are taken over", "worker", id)
	}
	return nil
}

// orphanedWorkers lists the workers that are gone while jobs are still marked as running on them.
func (w *Worker) orphanedWorkers(ctx context.Context) ([]string, error) {
	rows, _ := w.pool.Query(ctx, `
		SELECT DISTINCT attempted_by[array_upper(attempted_by, 1)]
		FROM river.river_job AS j
		WHERE state = 'running' AND NOT EXISTS (
			SELECT FROM queue.workers AS worker
			WHERE worker.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND worker.stopped_at IS NULL)`)
	gone, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for jobs of dead workers: %w", err)
	}
	return gone, nil
}

// endSessions ends the database sessions of a dead worker and waits until they are gone: a client that is frozen in
// the middle of a COPY holds its locks for ever.
func (w *Worker) endSessions(ctx context.Context, workerID string) error {
	for range 50 {
		var left int
		err := w.pool.QueryRow(ctx, `
			SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name = $1 AND datname = current_database() AND usename = current_user`,
			SessionName(workerID)).Scan(&left)
		if err != nil {
			return fmt.Errorf("end the sessions of worker %s: %w", workerID, err)
		}
		if left == 0 || !every(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("end the sessions of worker %s: some are still there", workerID)
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
}

// adoptOrphans ends the rows that run nowhere and gives each a successor. A new row, not the old one again: River
// completes by id alone, so a late word of the dead worker would end its successor.
func (w *Worker) adoptOrphans(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, `
		SELECT id, kind, queue, priority, attempt, max_attempts, args, metadata,
		       metadata ? 'cancel_attempted_at' AS cancelled, attempted_by[array_upper(attempted_by, 1)] AS worker
		FROM river.river_job AS j
		WHERE state = 'running' AND (
			NOT EXISTS (
				SELECT FROM queue.workers AS worker
				WHERE worker.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND worker.stopped_at IS NULL)
			OR (attempted_by[array_upper(attempted_by, 1)] = $1 AND id <> ALL ($2) AND attempted_at < now() - $3::interval))
		ORDER BY id
		FOR UPDATE SKIP LOCKED`, w.id, w.active.list(), orphanGrace)
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
	heir, reason := o.successor(meta)
	patch := map[string]any{}
	if heir != nil {
		inserted, err := w.river.InsertTx(ctx, tx, payload{kind: o.Kind, raw: o.Args}, heir)
		if err != nil {
			return err
		}
		patch[keyTakenOverBy] = inserted.Job.ID
	}
	failure, err := json.Marshal(rivertype.AttemptError{At: w.now(), Attempt: o.Attempt, Error: reason})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE river.river_job
		SET state = CASE WHEN $4 THEN 'cancelled' ELSE 'discarded' END::river.river_job_state, finalized_at = now(),
		    errors = array_append(errors, $2::jsonb), metadata = metadata || $3::jsonb
		WHERE id = $1`, o.ID, string(failure), patch, o.Cancelled)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "DELETE FROM queue.leases WHERE job_id = $1", o.ID)
	if w.ObserveTakeover != nil {
		w.ObserveTakeover(o.Kind)
	}
	w.log.Warn("job taken over", "job", o.ID, "run", meta.RunID, "kind", o.Kind, "from", o.Worker, "reason", reason, "successor", patch[keyTakenOverBy])
	return err
}

// successor decides whether the job goes on, and says why it ended here.
func (o orphan) successor(meta metadata) (*river.InsertOpts, string) {
	used := meta.BaseAttempt + o.Attempt
	deaths := meta.Deaths + 1
	switch {
	case o.Cancelled:
		return nil, "cancelled; its worker " + o.Worker + " is gone"
	case deaths >= maxDeaths:
		return nil, fmt.Sprintf("quarantined: %d workers died under it; try it with: cpd-jobs run %s --local --args '%s'", deaths, o.Kind, o.Args)
	case o.Attempt >= o.MaxAttempts:
		return nil, "worker " + o.Worker + " died in the last attempt"
	}
	meta.BaseAttempt, meta.Deaths, meta.Previous = used, deaths, o.ID
	return &river.InsertOpts{
		Queue: o.Queue, Priority: o.Priority, MaxAttempts: o.MaxAttempts - o.Attempt, Metadata: meta.encode(),
	}, "worker " + o.Worker + " died"
}
