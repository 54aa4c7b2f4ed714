package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// QueueInfo is a queue: its unfinished jobs by state, and how many ended in the last day.
type QueueInfo struct {
	Queue                                 string
	Waiting, Scheduled, Retrying, Running int64
	Oldest                                *time.Time // when the job that has waited longest could have started
	Done, Failed                          int64
}

// Queues lists the queues by name.
func Queues(ctx context.Context, db pg.Querier) ([]QueueInfo, error) {
	rows, _ := db.Query(ctx, `
		SELECT queue, count(*) FILTER (WHERE state = 'available') AS waiting,
		       count(*) FILTER (WHERE state IN ('scheduled', 'pending')) AS scheduled,
		       count(*) FILTER (WHERE state = 'retryable') AS retrying,
		       count(*) FILTER (WHERE state = 'running') AS running,
		       min(scheduled_at) FILTER (WHERE state = 'available' AND scheduled_at <= now()) AS oldest,
		       count(*) FILTER (WHERE state = 'completed') AS done, count(*) FILTER (WHERE state = 'discarded') AS failed
		FROM (
			SELECT queue, state, scheduled_at FROM queue.jobs
			WHERE finalized_at IS NULL OR finalized_at > now() - interval '1 day'
			UNION ALL
			SELECT known, NULL, NULL FROM unnest($1::text[]) AS known
		) AS job
		GROUP BY queue ORDER BY queue`, slices.Collect(maps.Keys(queueSlots)))
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[QueueInfo])
	if err != nil {
		return nil, fmt.Errorf("read the queues: %w", err)
	}
	return list, nil
}

// WorkerInfo is a worker process as the others see it.
type WorkerInfo struct {
	ID          string    `json:"id"`
	Host        string    `json:"host"`
	PID         int       `json:"pid"`
	Version     string    `json:"version"`
	StartedAt   time.Time `json:"started_at"`
	HeartbeatAt time.Time `json:"heartbeat_at"`
	Running     int64     `json:"-"` // jobs
}

// Workers lists the workers that live.
func Workers(ctx context.Context, db pg.Querier) ([]WorkerInfo, error) {
	rows, _ := db.Query(ctx, `
		SELECT id, host, pid, version, started_at, heartbeat_at, (
			SELECT count(*) FROM queue.jobs AS j
			WHERE j.state = 'running' AND j.finalized_at IS NULL
			  AND j.attempted_by[array_upper(j.attempted_by, 1)] = workers.id) AS running
		FROM queue.workers
		WHERE stopped_at IS NULL AND heartbeat_at > now() - $1::interval ORDER BY started_at`, deadAfter)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[WorkerInfo])
	if err != nil {
		return nil, fmt.Errorf("read the workers: %w", err)
	}
	return list, nil
}
