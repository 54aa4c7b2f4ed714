package riverdb

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// LockRunning locks a job's row until the transaction ends, and says whether the job still runs on the worker: false
// where another worker has taken it over.
func LockRunning(ctx context.Context, db DB, jobID int64, workerID string) (bool, error) {
	tag, err := db.Exec(ctx, `
		SELECT FROM river.river_job
		WHERE id = $1 AND state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $2
		FOR NO KEY UPDATE`, jobID, workerID)
	if err != nil {
		return false, fmt.Errorf("lock the row of job %d: %w", jobID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// TakeLease takes a lease for a job, and says whether it could: not where another job that runs holds it. Whether the
// holder runs is looked up after the lease's row is locked, by a statement of its own: one statement would see the row of
// a holder that began meanwhile as it was before.
func TakeLease(ctx context.Context, db interface {
	DB
	Begin(context.Context) (pgx.Tx, error)
}, key string, jobID, runID int64, workerID string) (taken bool, err error) {
	const insert = `
		INSERT INTO queue.leases AS held (key, job_id, run_id, worker) VALUES ($1, $2, $3, $4)
		ON CONFLICT (key) DO UPDATE SET run_id = excluded.run_id, worker = excluded.worker, taken_at = now()
		WHERE held.job_id = excluded.job_id`
	tag, err := db.Exec(ctx, insert, key, jobID, runID, workerID)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SELECT FROM queue.leases WHERE key = $1 FOR UPDATE", key); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `
				DELETE FROM queue.leases AS held WHERE key = $1 AND NOT EXISTS (
					SELECT FROM river.river_job AS j WHERE j.id = held.job_id AND j.state = 'running')`, key)
			if err == nil {
				tag, err = tx.Exec(ctx, insert, key, jobID, runID, workerID)
			}
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("take the lease %s: %w", key, err)
	}
	return tag.RowsAffected() == 1, nil
}

//go:embed sql/release_leases.sql
var releaseLeasesSQL string

// ReleaseLeases gives back the leases that a job holds, and of the jobs that wait for each makes the first available.
func ReleaseLeases(ctx context.Context, db DB, jobID int64) error {
	if _, err := db.Exec(ctx, releaseLeasesSQL, jobID); err != nil {
		return fmt.Errorf("give back the leases of job %d: %w", jobID, err)
	}
	return nil
}

// AllowAttempt lets a job that runs on a worker be tried once more than it was to be.
func AllowAttempt(ctx context.Context, db DB, jobID int64, workerID string) error {
	_, err := db.Exec(ctx, `
		UPDATE river.river_job SET max_attempts = max_attempts + 1
		WHERE id = $1 AND state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $2`, jobID, workerID)
	if err != nil {
		return fmt.Errorf("allow job %d another attempt: %w", jobID, err)
	}
	return nil
}
