package riverdb

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

// PollResult is what one look at the queue found.
type PollResult struct {
	// NextTick is the time until the next tick of any schedule by the database's clock, negative where it is due
	// already; nil where no schedule has one.
	NextTick *time.Duration
	// Generation is that of the schedules file that is live.
	Generation int64
	// Now is the database's clock.
	Now time.Time
	// Backfills says that a backfill can go on.
	Backfills bool
	// Releasable are the schedules with a tick that waits for its turn and no job that has not ended.
	Releasable []string
	// Resumable are the queues whose pause is over.
	Resumable []string
	// Owed are the schedules to which a follow-up is owed that may be made now.
	Owed []string
}

//go:embed sql/poll.sql
var pollSQL string

// Poll makes jobs available whose time has come and notifies the workers of them. It notifies too of jobs whose time
// came within recent: River makes what is inserted for a moment to come available at once, and notifies nobody.
//
// A schedule that workers of the caller's version have set aside is due when they try it again.
func Poll(ctx context.Context, db DB, recent time.Duration, version string) (PollResult, error) {
	var p PollResult
	var seconds *float64
	err := db.QueryRow(ctx, pollSQL, recent, version).
		Scan(&seconds, &p.Generation, &p.Backfills, &p.Releasable, &p.Now, &p.Resumable, &p.Owed)
	if err != nil {
		return PollResult{}, fmt.Errorf("make delayed jobs available: %w", err)
	}
	if seconds != nil {
		next := time.Duration(*seconds * float64(time.Second))
		p.NextTick = &next
	}
	return p, nil
}

// Archive moves up to limit jobs that finished longer ago than age from River's table to queue.history, oldest first,
// and says how many.
func Archive(ctx context.Context, db DB, age time.Duration, limit int) (int64, error) {
	tag, err := db.Exec(ctx, `
		WITH finished AS (
			SELECT id FROM river.river_job
			WHERE state IN ('completed', 'cancelled', 'discarded') AND finalized_at < now() - $1::interval
			  AND NOT EXISTS (SELECT FROM queue.history AS h WHERE h.id = river_job.id) -- an id that was used before stays
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
		FROM gone`, age, limit)
	if err != nil {
		return 0, fmt.Errorf("move finished jobs to the history: %w", err)
	}
	return tag.RowsAffected(), nil
}
