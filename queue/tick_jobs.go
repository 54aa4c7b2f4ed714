package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// TickJob is a tick with the job that it became, or the one that took over that job's work.
type TickJob struct {
	Schedule   string
	Tick       time.Time
	State      string
	Reason     *string
	RecordedAt time.Time
	JobID      *int64
	JobState   *string
	StartedAt  *time.Time
	FinishedAt *time.Time
}

// LatestTicks lists the latest ticks of schedules, at most limit of each, newest first, by schedule.
func LatestTicks(ctx context.Context, db pg.Querier, schedules []string, limit int) ([]TickJob, error) {
	rows, _ := db.Query(ctx, `
		SELECT t.schedule, t.tick, t.state, t.reason, t.recorded_at, coalesce(j.id, t.job_id) AS job_id, j.state AS job_state,
		       j.attempted_at AS started_at, j.finalized_at AS finished_at
		FROM unnest($1::text[]) AS s (name)
		CROSS JOIN LATERAL (SELECT * FROM queue.ticks WHERE schedule = s.name ORDER BY tick DESC LIMIT $2) AS t
		LEFT JOIN queue.jobs AS j ON j.id = queue.latest_job(t.job_id)
		ORDER BY t.schedule, t.tick DESC`, schedules, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[TickJob])
	if err != nil {
		return nil, fmt.Errorf("read the ticks of schedules: %w", err)
	}
	return list, nil
}

// LateSchedules counts the active schedules whose next tick has been due for longer than a while.
func LateSchedules(ctx context.Context, db pg.Querier, while time.Duration) (int64, error) {
	const sql = "SELECT count(*) FROM queue.schedules WHERE active AND next_tick < now() - $1::interval"
	rows, _ := db.Query(ctx, sql, while)
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("count late schedules: %w", err)
	}
	return n, nil
}
