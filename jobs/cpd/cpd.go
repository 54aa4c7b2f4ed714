// Package cpd copies what reports need of the CPD service's database into schema cpd, and what restricted reports need
// of people into schema restricted: all tables of one moment, streamed from COPY to COPY without a look at the values,
// and swapped in together. It leaves what the data mean to the reports.
package cpd

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/guard"
)

// Deps is what the sync works with. Counts of 0 are the defaults.
type Deps struct {
	DB *pgxpool.Pool
	// SourceURL is the CPD service's PostgreSQL.
	SourceURL string
	// Workers is how many tables are copied at once (3). More load the source more; one doubles the time.
	Workers int
	// SwapTries is how often the swap tries to get past reports that read the old copy (500, which is 20 minutes).
	SwapTries int
	// Wait passes the time until it is looked whether a copy has moved; nil is [clock.Wait].
	Wait func(ctx context.Context, d time.Duration) error
}

func (d Deps) workers() int   { return cmp.Or(d.Workers, 3) }
func (d Deps) swapTries() int { return cmp.Or(d.SwapTries, 500) }

// Kinds is cpd_sync.
func Kinds(d Deps) []run.Kind {
	sync := run.Kind{
		Name: "cpd_sync", Queue: "syncs", Timeout: time.Hour, MaxAttempts: 5,
		About: "Copy the CPD service's tables that reports need, all of one moment",
	}
	lease := func(Args) string { return "cpd_sync" }
	return []run.Kind{run.NewKind(sync, lease, func(ctx context.Context, r run.Run, args Args) (run.Outcome, error) {
		return Sync(ctx, r, d, args)
	})}
}

// Sync copies the tables and publishes a version. On any error the copy before stays whole and live.
func Sync(ctx context.Context, r run.Run, d Deps, args Args) (run.Outcome, error) {
	if d.Wait == nil {
		d.Wait = clock.Wait
	}
	src, err := openSource(ctx, d)
	if err != nil {
		return run.Outcome{}, err
	}
	defer src.close()
	s := &syncing{run: r, deps: d, src: src, tables: Tables(), allow: args.Allow}
	if err := r.Step(ctx, "check columns", s.check); err != nil {
		return run.Outcome{}, err
	}
	if r.DryRun() {
		return s.compare(ctx)
	}
	return s.publish(ctx)
}

// syncing is one sync under way.
type syncing struct {
	run    run.Run
	deps   Deps
	src    *source
	tables []Table
	allow  guard.Allow

	before map[name]relation // the source's tables
	live   map[name]relation // our views
	last   published         // what is live
}

// check makes sure that the copy can be made, before anything is.
func (s *syncing) check(ctx context.Context, _ *run.Step) (err error) {
	if s.before, err = s.src.describe(ctx, s.tables); err != nil {
		return err
	}
	if wrong := sourceSide.problems(s.tables, s.before); len(wrong) > 0 {
		return run.Invalid("the service's tables have changed and jobs/cpd must follow; the copy before stays",
			"the CPD database has not what is copied: %s", join(wrong))
	}
	if closed := unreadable(s.tables, s.before); len(closed) > 0 {
		return run.Invalid("grant SELECT on them to the role of CPD_DATABASE_URL; the copy before stays",
			"the CPD database does not let us read %s", join(closed))
	}
	if added := newColumns(s.tables, s.before); len(added) > 0 {
		s.run.Log().Warn("the CPD database has new columns; they are not copied", "columns", added)
	}
	if s.live, err = copySide.describe(ctx, s.deps.DB, s.tables); err != nil {
		return err
	}
	if wrong := copySide.problems(s.tables, s.live); len(wrong) > 0 {
		return run.Invalid("run cpd-jobs migrate up", "this program copies what the database has no room for: %s", join(wrong))
	}
	s.last, err = lastPublished(ctx, s.deps.DB)
	return err
}

// publish copies, guards and swaps.
func (s *syncing) publish(ctx context.Context) (run.Outcome, error) {
	c, err := newCopy(ctx, s)
	if err != nil {
		return run.Outcome{}, err
	}
	defer c.dropLeftovers(ctx)
	c.dropLeftovers(ctx)
	if err := c.fill(ctx); err != nil {
		return run.Outcome{}, err
	}
	if err := s.run.Step(ctx, "compare with the copy before", func(ctx context.Context, _ *run.Step) error {
		return c.guard(ctx)
	}); err != nil {
		return run.Outcome{}, err
	}
	return c.swap(ctx)
}
