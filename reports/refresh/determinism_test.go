package refresh_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/refresh"
)

// forcedPlans keep PostgreSQL from what it would choose, one after the other.
var forcedPlans = []string{
	"enable_hashjoin = off", "enable_mergejoin = off, enable_nestloop = off", "enable_sort = off, enable_seqscan = off", "enable_hashagg = off",
	"min_parallel_table_scan_size = 0, parallel_setup_cost = 0, parallel_tuple_cost = 0, max_parallel_workers_per_gather = 4",
	"max_parallel_workers_per_gather = 0",
}

// TestEveryReportIsTheSameInAnyOrderAndByAnyPlan: the rows of a made-up source are shuffled and plans forced, and no
// refresh of any report finds a cell to change.
func TestEveryReportIsTheSameInAnyOrderAndByAnyPlan(t *testing.T) {
	t.Parallel()
	at := reporttest.Instant(t, "2026-11-22T06:10:00Z")
	source := reporttest.Generated(t, demo.Options{Schools: 100, Seed: 5, AsOf: at})
	db := reporttest.New(t)
	db.Sync(t, at, source)
	for _, d := range reports.All() {
		db.Refreshed(t, d)
	}
	random := rand.New(rand.NewPCG(5, 5))
	for _, plan := range forcedPlans {
		for _, name := range slices.Sorted(maps.Keys(source)) {
			rows := source[name]
			random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		}
		db.Sync(t, at, source)
		force(t, db, plan)
		for _, d := range reports.All() {
			got, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{})
			if err != nil {
				t.Fatalf("%s by %s: %v", d.Name, plan, err)
			}
			if got.State != "published" || got.Added+got.Removed+got.Changed != 0 {
				t.Errorf("%s by %s: got %s with %d rows added, %d removed and %d changed, want none", d.Name, plan, got.State, got.Added, got.Removed, got.Changed)
			}
		}
	}
}

// force sets what every new session begins with, in place of what was forced before.
func force(t *testing.T, db reporttest.Database, plan string) {
	t.Helper()
	const alter = "DO $$ BEGIN EXECUTE format('ALTER ROLE %%I IN DATABASE %%I %s', current_user, current_database()); END $$"
	db.MustExec(t, fmt.Sprintf(alter, "RESET ALL"))
	for _, setting := range strings.Split(plan, ", ") {
		db.MustExec(t, fmt.Sprintf(alter, "SET "+strings.Replace(setting, "=", "TO", 1)))
	}
	db.Reset()
}
