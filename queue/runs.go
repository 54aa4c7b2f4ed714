package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// Run is a chain of jobs, with every takeover of each.
type Run struct {
	RunID      int64      `json:"run_id"`
	FirstJob   int64      `json:"first_job"`
	Jobs       int64      `json:"jobs" doc:"How many jobs it has"`
	CreatedAt  time.Time  `json:"created_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at" doc:"Null while one of its jobs is unfinished"`
	StartedBy  *string    `json:"started_by"`
}

// Runs lists runs, latest first: those of the limit numbers below before, or of the latest numbers where before is 0.
// Some of these may have no jobs left. Next is what to give as before for earlier ones, nil after the first run.
//
// It looks at a range of numbers because counting up every job that ever ran would take long.
func Runs(ctx context.Context, db pg.Querier, before int64, limit int) (list []Run, next *int64, err error) {
	if before == 0 {
		rows, _ := db.Query(ctx, "SELECT last_value + 1 FROM queue.run_ids")
		if before, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64]); err != nil {
			return nil, nil, fmt.Errorf("read the latest run: %w", err)
		}
	}
	from := max(before-int64(limit), 1)
	rows, _ := db.Query(ctx, `
		SELECT run_id, first_job, jobs, created_at, started_at, finished_at, started_by FROM queue.runs
		WHERE run_id >= $1 AND run_id < $2 ORDER BY run_id DESC`, from, before)
	if list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Run]); err != nil {
		return nil, nil, fmt.Errorf("read runs: %w", err)
	}
	if from > 1 {
		next = &from
	}
	return list, next, nil
}
