// Package riverdb holds all SQL on River's own tables, with what joins them to ours, and River's notifications. A
// release of River that changes them breaks this folder alone, and its contract test says where. What the answers mean
// is for package queue to decide.
package riverdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Schema is where River's own tables are.
const Schema = "river"

// insertTopic is what River calls a notification of new jobs.
const insertTopic = "river_insert"

// DB is a pool, a connection or a transaction.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Notify wakes the workers of queues when tx commits. River notifies of what it inserts too, but not twice within a
// moment: a transaction that commits a little later than another one would leave its jobs to the next poll.
func Notify(ctx context.Context, db DB, queues []string) error {
	_, err := db.Exec(ctx, `
		SELECT pg_notify('river.river_insert', json_build_object('queue', queue)::text)
		FROM unnest($1::text[]) AS queue`, queues)
	if err != nil {
		return fmt.Errorf("notify workers of new jobs: %w", err)
	}
	return nil
}

// UnfinishedBySchedule lists the jobs of the named schedules that have not ended, by schedule, oldest first, without
// those of backfills that do not share the schedule's overlap.
func UnfinishedBySchedule(ctx context.Context, db DB, names []string) (map[string][]int64, error) {
	rows, _ := db.Query(ctx, `
		SELECT metadata ->> 'schedule', array_agg(id ORDER BY id) FROM river.river_job
		WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
		  AND metadata ->> 'schedule' = ANY ($1)
		  AND NOT EXISTS (
			SELECT FROM queue.backfills AS b WHERE b.id::text = metadata ->> 'backfill' AND NOT b.shares_overlap)
		GROUP BY 1`, names)
	jobs := map[string][]int64{}
	var name string
	var ids []int64
	_, err := pgx.ForEachRow(rows, []any{&name, &ids}, func() error {
		jobs[name], ids = ids, nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for unfinished jobs of schedules: %w", err)
	}
	return jobs, nil
}

// UnfinishedOfBackfill lists the jobs of a backfill that have not ended, oldest first.
func UnfinishedOfBackfill(ctx context.Context, db DB, backfill int64) ([]int64, error) {
	rows, _ := db.Query(ctx, `
		SELECT id FROM river.river_job
		WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
		  AND metadata ->> 'backfill' = $1::bigint::text
		ORDER BY id`, backfill)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("list the unfinished jobs of backfill %d: %w", backfill, err)
	}
	return ids, nil
}
