package probe

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
)

// fail raises the failure that was asked for. A number counts the attempts that have failed so far in queue.probes, as
// rows numbered 0, because an attempt that another worker took over counts too.
func fail(ctx context.Context, r run.Run, db *pgxpool.Pool, how Failing) error {
	switch how {
	case "true":
		return errors.New("failed as told")
	case Failing(run.ClassBlocked):
		return run.Blocked("run it without fail", "refused as told")
	case Failing(run.ClassInvalid):
		return run.Invalid("run it without fail", "bad input as told")
	case Failing(run.ClassUnreachable):
		return run.Unreachable("run it without fail", "unreachable as told")
	case "panic":
		panic("panicked as told")
	}
	times, err := strconv.Atoi(string(how))
	if err != nil {
		return errors.New(string(how))
	}
	return failFirst(ctx, r, db, times)
}

func failFirst(ctx context.Context, r run.Run, db *pgxpool.Pool, times int) error {
	var before int
	err := db.QueryRow(ctx, "SELECT count(*) FROM queue.probes WHERE run_id = $1 AND row = 0", r.ID()).Scan(&before)
	if err != nil {
		return fmt.Errorf("count failed attempts: %w", err)
	}
	if before >= times {
		return nil
	}
	_, err = db.Exec(ctx, "INSERT INTO queue.probes (job_id, run_id, row, note) VALUES ($1, $2, 0, 'failed as told')",
		r.JobID(), r.ID())
	return errors.Join(fmt.Errorf("failed as told, %d of %d times", before+1, times), err)
}

// write makes rows 1, 2, 3 ..., unless an earlier attempt of this run did with the same note. It returns how many it wrote.
func write(ctx context.Context, r run.Run, db *pgxpool.Pool, args Args) (rows int64, err error) {
	err = r.Step(ctx, "write", func(ctx context.Context, step *run.Step) error {
		tx, err := db.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
		if err := r.Fence(ctx, tx); err != nil {
			return err
		}
		if rows, err = insert(ctx, tx, r, args); err != nil {
			return fmt.Errorf("insert %d rows: %w", args.Rows, err)
		}
		step.Add(rows)
		step.SetRows(int64(args.Rows), rows)
		if r.DryRun() {
			return nil
		}
		if rows > 0 {
			if err := r.Changed(ctx, tx, 0); err != nil {
				return err
			}
		}
		return tx.Commit(ctx)
	})
	return rows, err
}

// insert takes turns with another attempt of the same run, so that it sees what that one wrote. Outside the queue there
// is no run to be once in.
func insert(ctx context.Context, tx pgx.Tx, r run.Run, args Args) (int64, error) {
	if r.ID() != 0 {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", r.ID()); err != nil {
			return 0, err
		}
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO queue.probes (job_id, run_id, row, note)
		SELECT $1, $2::bigint, n, $4::text FROM generate_series(1, $3::integer) AS n
		WHERE $2::bigint = 0
			OR NOT EXISTS (SELECT FROM queue.probes WHERE run_id = $2::bigint AND row > 0 AND note = $4::text)`,
		r.JobID(), r.ID(), args.Rows, args.Note)
	return tag.RowsAffected(), err
}
