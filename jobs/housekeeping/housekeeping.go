// Package housekeeping deletes what has been kept long enough, a batch at a time so that nobody waits for it, and mends what
// does not belong together: exported files and what is recorded of them.
package housekeeping

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/store"
)

// batch is how many rows one statement deletes: enough to get on, few enough to hold locks only for milliseconds.
const batch = 1000

// chore is one thing to delete when it is old.
type chore struct {
	name string
	keep time.Duration
}

// chores are done in this order. The name is that of the statement in sql/, and of the count in the result.
var chores = []chore{
	{"jobs", retention.History}, // with their steps and logs
	{"logs", retention.Logs},
	{"steps", retention.History}, // of jobs that left no history
	{"probes", retention.Probes},
	{"workers", retention.Workers},
	{"audit", retention.Audit},
	{"tokens", retention.EndedTokens},
	{"sessions", retention.EndedSessions},
	{"ticks", retention.Ticks},
	{"pauses", retention.Ticks},
	{"backfills", retention.Ticks},
	{"incidents", retention.Incidents},
	{"rejects", retention.SourceFindings},
	{"issues", retention.SourceFindings},
	{"profiles", retention.SourceFindings},
}

//go:embed sql/*.sql
var statements embed.FS

// Deps is what housekeeping works with.
type Deps struct {
	DB    *pgxpool.Pool
	Store store.Store // of exported files
	// Now is the clock by which files are old; nil is the machine's.
	Now clock.Now
}

// Kinds is housekeeping.
func Kinds(d Deps) []run.Kind {
	kind := run.Kind{
		Name: "housekeeping", Queue: "default", Timeout: 30 * time.Minute, MaxAttempts: 5,
		About: "Delete history, logs, exported files and the like that have been kept long enough",
	}
	lease := func(Args) string { return "housekeeping" }
	return []run.Kind{run.NewKind(kind, lease, func(ctx context.Context, r run.Run, a Args) (run.Outcome, error) {
		return Clean(ctx, r, d, a)
	})}
}

// Clean does every chore; its summary is how much each deleted, or would delete in a dry run. A chore that fails does not
// keep the others from being done; the error names each that did.
func Clean(ctx context.Context, r run.Run, d Deps, a Args) (run.Outcome, error) {
	if d.Now == nil {
		d.Now = clock.System
	}
	counts := map[string]int64{}
	var failures []error
	for _, c := range chores {
		err := r.Step(ctx, c.name, func(ctx context.Context, step *run.Step) error {
			rows, err := c.do(ctx, r, d.DB, step)
			counts[c.name] = rows
			step.SetRows(rows, 0)
			return err
		})
		if err != nil {
			failures = append(failures, fmt.Errorf("chore %s: %w", c.name, err))
		}
	}
	failures = append(failures, logSeal(ctx, r, d.DB), forget(ctx, r, d, counts), cleanFiles(ctx, r, d, a, counts))
	if err := errors.Join(failures...); err != nil {
		return run.Outcome{}, err
	}
	return run.Outcome{Summary: counts}, nil
}

// logSeal writes into the log how far the audit has come, for `audit verify` to hold against it.
func logSeal(ctx context.Context, r run.Run, db *pgxpool.Pool) error {
	seal, err := access.LatestSeal(ctx, db)
	if err == nil && seal.ID > 0 {
		r.Log().Info(access.SealLogged, "row", seal.ID, "hash", seal.Hash)
	}
	return err
}

// do deletes batches until one is not full. A dry run deletes all at once, and takes it back.
func (c chore) do(ctx context.Context, r run.Run, db *pgxpool.Pool, step *run.Step) (total int64, err error) {
	if r.DryRun() {
		return c.try(ctx, db)
	}
	for rows := int64(batch); rows == batch; {
		rows, err = c.delete(ctx, db, batch)
		if err != nil {
			return total, err
		}
		total += rows
		step.Add(rows)
	}
	return total, nil
}

func (c chore) try(ctx context.Context, db *pgxpool.Pool) (int64, error) {
	tx, err := db.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return c.delete(ctx, tx, math.MaxInt64)
}

func (c chore) delete(ctx context.Context, db pg.Querier, limit int64) (rows int64, err error) {
	sql, err := statements.ReadFile("sql/" + c.name + ".sql")
	if err != nil {
		return 0, err
	}
	found, _ := db.Query(ctx, string(sql), pgx.NamedArgs{"keep": c.keep, "limit": limit})
	if rows, err = pgx.CollectExactlyOneRow(found, pgx.RowTo[int64]); err != nil {
		return 0, fmt.Errorf("delete what is older than %g days: %w", c.keep.Hours()/24, err)
	}
	return rows, nil
}
