// Package probe is a job that does next to nothing, on request: smoke tests and benchmarks see with it whether and how
// fast jobs run, fail, and have their effect once.
package probe

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
)

// Deps is what probe works with.
type Deps struct{ DB *pgxpool.Pool }

// Kinds is probe.
func Kinds(d Deps) []run.Kind {
	probe := run.Kind{
		Name: "probe", Queue: "default", Timeout: time.Hour, MaxAttempts: 3,
		About: "Sleep, fail or write rows as told: for smoke tests and benchmarks",
	}
	return []run.Kind{run.NewKind(probe, nil, func(ctx context.Context, r run.Run, args Args) (run.Outcome, error) {
		return Probe(ctx, r, d.DB, args)
	})}
}

// Result is what a probe leaves behind.
type Result struct {
	Note string `json:"note,omitempty"`
	Rows int64  `json:"rows"`
}

// Probe sleeps, fails, then writes, each only if asked to. Asked for nothing it touches no database: thousands of
// those a second are the benchmark.
func Probe(ctx context.Context, r run.Run, db *pgxpool.Pool, args Args) (run.Outcome, error) {
	if args.Sleep != "" {
		if err := sleep(ctx, r, args); err != nil {
			return run.Outcome{}, err
		}
	}
	if args.Fail != "" {
		if err := fail(ctx, r, db, args.Fail); err != nil {
			return run.Outcome{}, err
		}
	}
	if args.Rows == 0 && args.Note == "" {
		return run.Outcome{}, nil
	}
	if args.Rows == 0 {
		return run.Outcome{Summary: Result{Note: args.Note}}, nil
	}
	rows, err := write(ctx, r, db, args)
	return run.Outcome{Changed: rows > 0 && !r.DryRun(), Summary: Result{Note: args.Note, Rows: rows}}, err
}

// sleep counts milliseconds, so that there is progress to look at.
func sleep(ctx context.Context, r run.Run, args Args) error {
	const tick = 100 * time.Millisecond
	d, err := args.sleep()
	if err != nil {
		return err
	}
	return r.Step(ctx, "sleep", func(ctx context.Context, step *run.Step) error {
		step.Unit = "ms"
		step.SetTotal(d.Milliseconds())
		end := time.NewTimer(d)
		defer end.Stop()
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-ticker.C:
				step.Add(tick.Milliseconds())
			case <-end.C:
				step.Add(d.Milliseconds() - step.Done())
				return nil
			}
		}
	})
}
