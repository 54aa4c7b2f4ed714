package housekeeping

import (
	"context"
	"fmt"
	"time"

	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/versions"
)

// forget lets reports forget how they were longer ago than they promise.
func forget(ctx context.Context, r run.Run, d Deps, counts map[string]int64) error {
	return r.Step(ctx, "history", func(ctx context.Context, step *run.Step) error {
		var before time.Time // on the clock that wrote the history
		err := d.DB.QueryRow(ctx, "SELECT clock_timestamp() - make_interval(secs => $1)", retention.Versions.Seconds()).
			Scan(&before)
		if err != nil {
			return fmt.Errorf("ask the database for the time: %w", err)
		}
		pruned, err := versions.Prune(ctx, r, d.DB, before, reports.All())
		counts["refreshes"], counts["changes"], counts["checks"] = pruned.Refreshes, pruned.Changes, pruned.Checks
		step.SetRows(pruned.Refreshes+pruned.Changes+pruned.Checks, 0)
		return err
	})
}
