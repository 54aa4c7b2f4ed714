package housekeeping

import (
	"context"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/versions"
)

// forget lets reports forget how they were longer ago than they promise.
func forget(ctx context.Context, r run.Run, d Deps, counts map[string]int64) error {
	return r.Step(ctx, "history", func(ctx context.Context, step *run.Step) error {
		now, err := pg.Now(ctx, d.DB)
		if err != nil {
			return err
		}
		pruned, err := versions.Prune(ctx, r, d.DB, now.Add(-retention.Versions), reports.All())
		counts["refreshes"], counts["changes"], counts["checks"] = pruned.Refreshes, pruned.Changes, pruned.Checks
		step.SetRows(pruned.Refreshes+pruned.Changes+pruned.Checks, 0)
		return err
	})
}
