package queue

import (
	"context"
	"fmt"
	"time"
)

// pulseEvery is how late a delayed job or a retry may start. It is just under the second after which the pool asks a
// connection whether it is still there before it is used: an idle worker would ask twice as much.
const pulseEvery = 950 * time.Millisecond

// pulseLoop makes jobs available whose time has come, and accounts for the ticks of schedules when they are due. Every
// worker does both: River leaves them to a leader, and with a leader that keeps dying nothing delayed would ever start.
func (w *Worker) pulseLoop(ctx context.Context) {
	wait := time.Duration(0)
	for every(ctx, wait) {
		wait = pulseEvery
		beat, err := w.pulse(ctx)
		if err != nil {
			w.troubled(ctx, "delayed jobs and ticks not looked at; trying again", err)
			continue
		}
		if beat.backfilled {
			if _, err := w.backfill(ctx); err != nil {
				w.troubled(ctx, "backfill not gone on with; trying again", err)
			}
		}
		if beat.next > pulseEvery {
			continue
		}
		if !every(ctx, beat.next) {
			return
		}
		done, err := w.account(ctx)
		if err != nil {
			w.troubled(ctx, "ticks not accounted for; trying again", err)
		} else if done > 0 {
			wait = 0 // the next tick may be near
		}
	}
}

func (w *Worker) troubled(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		w.log.Warn(what, "error", err)
	}
}

// pulsed is what a look at the queue found.
type pulsed struct {
	next       time.Duration // until the next tick of any schedule, by the database's clock
	backfilled bool          // somebody asked for past ticks
}

// pulse also tells of jobs that River made available for a moment to come: their insertion notified nobody.
func (w *Worker) pulse(ctx context.Context) (pulsed, error) {
	var seconds *float64
	var generation int64
	var p pulsed
	err := w.pool.QueryRow(ctx, `
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
		), told AS (
			SELECT pg_notify($2 || '.river_insert', json_build_object('queue', queue)::text)
			FROM (SELECT queue FROM moved UNION SELECT queue FROM waiting) AS q
		)
		SELECT (SELECT extract(epoch FROM min(next_tick) - clock_timestamp())::float8 FROM queue.schedules),
		       (SELECT coalesce(max(generation), 0) FROM queue.schedule_files),
		       EXISTS (SELECT FROM queue.backfills WHERE finished_at IS NULL)
		FROM (SELECT count(*) FROM told) AS done`, 2*pulseEvery, riverSchema).Scan(&seconds, &generation, &p.backfilled)
	if err != nil {
		return pulsed{}, fmt.Errorf("make delayed jobs available: %w", err)
	}
	if generation != w.followersOf.Load() {
		if err := w.loadFollowers(ctx); err != nil {
			return pulsed{}, err
		}
		w.followersOf.Store(generation)
	}
	p.next = time.Hour
	if seconds != nil {
		p.next = max(0, time.Duration(*seconds*float64(time.Second)))
	}
	return p, nil
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
