package riverdb

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// SessionPrefix begins the application_name of every worker's sessions; the worker's id follows.
const SessionPrefix = "cpd-jobs worker "

// Heartbeat is one worker's heartbeat, and what it takes to see whether another needs looking after.
type Heartbeat struct {
	Worker    string
	DeadAfter time.Duration // how old the heartbeat of a dead worker is
	Active    []int64       // the jobs that this process knows to run here
	LostAfter time.Duration // how long a job may be marked as running here before this process knows of it
	Pooled    bool          // whether a pooler is between, whose idle sessions have the name of whoever used them last
	Version   string        // what another version set aside needs looking after too
}

//go:embed sql/heartbeat.sql
var heartbeatSQL string

// Beat writes the heartbeat. It says whether the worker still counts as alive, and whether a worker is dead, a dead one
// has sessions left, or a job runs nowhere: in one statement, because every idle worker makes it.
func Beat(ctx context.Context, db DB, h Heartbeat) (alive, trouble bool, err error) {
	err = db.QueryRow(ctx, heartbeatSQL, h.Worker, h.DeadAfter, h.Active, h.LostAfter, h.Pooled, h.Version).Scan(&alive, &trouble)
	return alive, trouble, err
}

// StaleWorkers lists the workers that are gone while jobs are still marked as running on them or sessions of theirs are
// still there: one that was frozen between two jobs may hold locks of the ledger.
func StaleWorkers(ctx context.Context, db DB) ([]string, error) {
	rows, _ := db.Query(ctx, `
		SELECT attempted_by[array_upper(attempted_by, 1)] FROM river.river_job AS j
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] IS NOT NULL AND NOT EXISTS (
			SELECT FROM queue.workers AS worker
			WHERE worker.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND worker.stopped_at IS NULL)
		UNION
		SELECT worker.id FROM queue.workers AS worker JOIN pg_stat_activity AS s ON s.application_name = $1 || worker.id
		WHERE worker.taken_over_by IS NOT NULL AND s.datname = current_database()`, SessionPrefix)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for jobs of dead workers: %w", err)
	}
	return ids, nil
}

// LostJobs lists the jobs that have been marked as running on a worker for longer than age and are not among those that
// it knows of.
func LostJobs(ctx context.Context, db DB, workerID string, age time.Duration, active []int64) ([]int64, error) {
	rows, _ := db.Query(ctx, `
		SELECT id FROM river.river_job
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1
		  AND attempted_at < now() - $2::interval AND id NOT IN (SELECT unnest($3::bigint[]))`, workerID, age, active)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("look for jobs that were lost on their way here: %w", err)
	}
	return ids, nil
}

// RequeueLost makes jobs available again that are marked as running on a worker and never began there, with no attempt
// used.
func RequeueLost(ctx context.Context, db DB, workerID string, ids []int64) error {
	_, err := db.Exec(ctx, `
		WITH back AS (
			UPDATE river.river_job SET state = 'available', attempt = greatest(attempt - 1, 0), scheduled_at = now()
			WHERE id = ANY ($1) AND state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $2
			RETURNING queue
		)
		SELECT pg_notify('river.river_insert', json_build_object('queue', queue)::text)
		FROM (SELECT DISTINCT queue FROM back) AS q`, ids, workerID)
	if err != nil {
		return fmt.Errorf("hand back jobs that were lost on their way here: %w", err)
	}
	return nil
}

// Orphan is a job that is marked as running and runs nowhere.
type Orphan struct {
	ID          int64
	Kind        string
	Queue       string
	Priority    int
	Attempt     int
	MaxAttempts int
	Args        json.RawMessage
	Metadata    json.RawMessage
	Cancelled   bool // somebody asked for its end
	Worker      string
	HoldsLease  bool
}

// orphaned selects the jobs that are marked as running on workers that are gone.
const orphaned = `
	FROM river.river_job AS j
	WHERE state = 'running' AND NOT EXISTS (
		SELECT FROM queue.workers AS worker
		WHERE worker.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND worker.stopped_at IS NULL)`

// Orphans lists the jobs that are marked as running on workers that are gone, oldest first. It leaves out those of the
// workers except and those that were set aside, until workers of the caller's version try them again.
func Orphans(ctx context.Context, db DB, except []string, version string) ([]int64, error) {
	rows, _ := db.Query(ctx, "SELECT id"+orphaned+`
		  AND coalesce(attempted_by[array_upper(attempted_by, 1)], '') <> ALL ($1)
		  AND NOT EXISTS (
			SELECT FROM queue.set_aside_jobs AS a
			WHERE a.job_id = j.id AND a.set_aside_by = $2 AND a.retry_at > clock_timestamp())
		ORDER BY id`, append([]string{}, except...), version)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("look for jobs that run nowhere: %w", err)
	}
	return ids, nil
}

// LockOrphan locks an orphan until the transaction ends; nil where it is none any more, or another transaction has it.
func LockOrphan(ctx context.Context, tx pgx.Tx, id int64) (*Orphan, error) {
	rows, _ := tx.Query(ctx, `
		SELECT id, kind, queue, priority, attempt, max_attempts, args, metadata,
		       metadata ? 'cancel_attempted_at' AS cancelled,
		       coalesce(attempted_by[array_upper(attempted_by, 1)], '') AS worker,
		       EXISTS (SELECT FROM queue.leases AS l WHERE l.job_id = j.id) AS holds_lease`+orphaned+`
		  AND id = $1
		FOR UPDATE SKIP LOCKED`, id)
	orphan, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Orphan])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock job %d, which runs nowhere: %w", id, err)
	}
	return orphan, nil
}

// Beside lists the other jobs that are marked as running on an orphan's worker, and counts those that died there with it and
// were taken over before.
func Beside(ctx context.Context, tx pgx.Tx, o *Orphan) (running []Orphan, died int, err error) {
	rows, _ := tx.Query(ctx, `
		SELECT id, kind, queue, priority, attempt, max_attempts, args, metadata, false AS cancelled, $2 AS worker,
		       EXISTS (SELECT FROM queue.leases AS l WHERE l.job_id = j.id) AS holds_lease
		FROM river.river_job AS j
		WHERE state = 'running' AND id <> $1 AND attempted_by[array_upper(attempted_by, 1)] = $2`, o.ID, o.Worker)
	running, err = pgx.CollectRows(rows, pgx.RowToStructByName[Orphan])
	if err == nil {
		err = tx.QueryRow(ctx, `
			SELECT count(*) FROM river.river_job
			WHERE state IN ('discarded', 'cancelled') AND finalized_at IS NOT NULL AND metadata ->> 'died_on' = $1`, o.Worker).Scan(&died)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look for what ran beside job %d: %w", o.ID, err)
	}
	return running, died, nil
}

// SetJobAside records why an orphan cannot be taken over, and that workers of this version try again after a while.
func SetJobAside(ctx context.Context, db DB, id int64, reason, version string, retryAfter time.Duration) error {
	_, err := db.Exec(ctx, `
		INSERT INTO queue.set_aside_jobs AS a (job_id, reason, set_aside_by, retry_at)
		VALUES ($1, $2, $3, clock_timestamp() + $4::interval)
		ON CONFLICT (job_id) DO UPDATE
		SET reason = excluded.reason, set_aside_by = excluded.set_aside_by, retry_at = excluded.retry_at`, id, reason, version, retryAfter)
	if err != nil {
		return fmt.Errorf("set job %d aside: %w", id, err)
	}
	return nil
}

// ForgetSetAside removes the records of jobs that no longer run, and of those of ids, which are tried again at once.
func ForgetSetAside(ctx context.Context, db DB, ids ...int64) error {
	_, err := db.Exec(ctx, `
		DELETE FROM queue.set_aside_jobs AS a
		WHERE job_id = ANY ($1)
		   OR NOT EXISTS (SELECT FROM river.river_job AS j WHERE j.id = a.job_id AND j.state = 'running')`, ids)
	if err != nil {
		return fmt.Errorf("forget jobs that were set aside: %w", err)
	}
	return nil
}

// MakeCancellable makes an object of a job's metadata that are none: River cannot note a cancellation in them.
func MakeCancellable(ctx context.Context, db DB, id int64) error {
	_, err := db.Exec(ctx, `
		UPDATE river.river_job SET metadata = jsonb_build_object('unreadable', metadata)
		WHERE id = $1 AND jsonb_typeof(metadata) <> 'object'`, id)
	if err != nil {
		return fmt.Errorf("make job %d cancellable: %w", id, err)
	}
	return nil
}

// FinaliseOrphan ends the row of an orphan, as cancelled where that was asked for, else as discarded. Failure is
// appended to its errors; replacement is the job that goes on in its place, 0 where none does. Begun says that it had begun
// on its worker, rather than waited for its turn there; quarantined, that it was what killed it.
func FinaliseOrphan(ctx context.Context, tx pgx.Tx, o Orphan, failure []byte, replacement int64, begun, quarantined bool) error {
	_, err := tx.Exec(ctx, `
		UPDATE river.river_job
		SET state = CASE WHEN $4 THEN 'cancelled' ELSE 'discarded' END::river.river_job_state, finalized_at = now(),
		    errors = array_append(errors, $2::jsonb),
		    metadata = metadata || jsonb_strip_nulls(jsonb_build_object(
		        'taken_over_by', nullif($3::bigint, 0), 'died_on', CASE WHEN $5 THEN $6::text END,
		        'quarantined', CASE WHEN $7 THEN true END))
		WHERE id = $1`, o.ID, string(failure), replacement, o.Cancelled, begun, o.Worker, quarantined)
	if err != nil {
		return fmt.Errorf("end the row of job %d: %w", o.ID, err)
	}
	return nil
}

// Supersede notes on the row of a finished job which job goes on in its place, and says whether it was the first to.
func Supersede(ctx context.Context, tx pgx.Tx, id, next int64) (bool, error) {
	for _, table := range []string{"river.river_job", "queue.history"} {
		tag, err := tx.Exec(ctx, `
			UPDATE `+table+` SET metadata = metadata || jsonb_build_object('retried_by', $2::bigint)
			WHERE id = $1 AND finalized_at IS NOT NULL AND NOT metadata ?| '{retried_by,taken_over_by}'`, id, next)
		if err != nil {
			return false, fmt.Errorf("note that job %d goes on as %d: %w", id, next, err)
		}
		if tag.RowsAffected() > 0 {
			return true, nil
		}
	}
	return false, nil
}

// Unquarantine takes a finished job out of quarantine.
func Unquarantine(ctx context.Context, db DB, id int64) error {
	for _, table := range []string{"river.river_job", "queue.history"} {
		_, err := db.Exec(ctx, "UPDATE "+table+" SET metadata = metadata - 'quarantined' WHERE id = $1 AND metadata ? 'quarantined'", id)
		if err != nil {
			return fmt.Errorf("take job %d out of quarantine: %w", id, err)
		}
	}
	return nil
}
