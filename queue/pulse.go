package queue

import (
	"context"
	"fmt"
	"time"
)

// pulseEvery is how late a delayed job or a retry may start.
const pulseEvery = time.Second

// pulseLoop makes jobs available whose time has come. Every worker does it: River leaves it to a leader, and with a
// leader that keeps dying nothing delayed would ever start.
func (w *Worker) pulseLoop(ctx context.Context) {
	for every(ctx, pulseEvery) {
		if err := w.pulse(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("delayed jobs not looked at; trying again", "error", err)
		}
	}
}

// pulse also tells of jobs that River made available for a moment to come: their insertion notified nobody.
func (w *Worker) pulse(ctx context.Context) error {
	_, err := w.pool.Exec(ctx, `
		WITH due AS (
			SELECT id FROM river.river_job
			WHERE state IN ('scheduled', 'retryable') AND scheduled_at <= now()
			ORDER BY priority, scheduled_at, id
			LIMIT 10000
			FOR UPDATE SKIP LOCKED
		), moved AS (
			UPDATE river.river_job AS j SET state = 'available' FROM due WHERE j.id = due.id RETURNING j.queue
		), waiting AS (
			SELECT DISTINCT queue FROM river.river_job
			WHERE state = 'available' AND scheduled_at BETWEEN now() - $1::interval AND now()
			  AND scheduled_at > created_at
		)
		SELECT pg_notify($2 || '.river_insert', json_build_object('queue', queue)::text)
		FROM (SELECT queue FROM moved UNION SELECT queue FROM waiting) AS q`, 2*pulseEvery, riverSchema)
	if err != nil {
		return fmt.Errorf("make delayed jobs available: %w", err)
	}
	return nil
}

// Finished jobs stay in River's table for historyAfter, then move to our history: a queue is fast while it is small.
const (
	historyAfter = 10 * time.Minute
	archiveBatch = 5000
)

func (w *Worker) archiveLoop(ctx context.Context) {
	for every(ctx, time.Minute) {
		for {
			moved, err := w.archive(ctx, historyAfter)
			if err != nil && ctx.Err() == nil {
				w.log.Warn("finished jobs not moved to the history; trying again", "error", err)
			}
			if moved < archiveBatch {
				break
			}
		}
	}
}

// archive moves one batch of jobs that finished longer ago than age, and says how many.
func (w *Worker) archive(ctx context.Context, age time.Duration) (int64, error) {
	tag, err := w.pool.Exec(ctx, `
		WITH finished AS (
			SELECT id FROM river.river_job
			WHERE state IN ('completed', 'cancelled', 'discarded') AND finalized_at < now() - $1::interval
			ORDER BY finalized_at
			LIMIT $2
			FOR UPDATE SKIP LOCKED
		), gone AS (
			DELETE FROM river.river_job AS j USING finished WHERE j.id = finished.id
			RETURNING j.*
		)
		INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, errors,
			attempted_by, created_at, scheduled_at, attempted_at, finalized_at)
		SELECT id, kind, queue, priority, state::text, attempt, max_attempts, args, metadata,
			coalesce(array_to_json(errors)::jsonb, '[]'), coalesce(attempted_by, '{}'),
			created_at, scheduled_at, attempted_at, finalized_at
		FROM gone`, age, archiveBatch)
	if err != nil {
		return 0, fmt.Errorf("move finished jobs to the history: %w", err)
	}
	return tag.RowsAffected(), nil
}
