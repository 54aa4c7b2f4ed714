// Package export writes a report to files that people download. All formats come from one read of one snapshot; each
// file is read back and compared with what was read from the table before anybody can find it.
//
// How a format looks is the business of the packages xlsx, ods, csvfile and parquet, where files are kept is package store's.
package export

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/store"
)

// Deps is what an export needs.
type Deps struct {
	DB    *pgxpool.Pool
	Store store.Store
	// Publisher is named in every file; Contact is who answers questions about it, an e-mail address or web page.
	// Both have defaults. Changing either changes the bytes of files of the same data.
	Publisher, Contact string
}

// timeout is far above any export seen (national size: under a minute), so that only a hung one meets it.
const timeout = time.Hour

// Kinds are the kinds of job of this package.
func Kinds(d Deps) []run.Kind {
	kind := run.Kind{
		Name:        "report_export",
		About:       "Writes a report to spreadsheet, CSV and Parquet files, checks them against the table, and publishes them",
		Queue:       "exports",
		Timeout:     timeout,
		MaxAttempts: 5,
	}
	lease := func(a Args) string { return "export:" + a.Report }
	work := func(ctx context.Context, r run.Run, a Args) (run.Outcome, error) { return Export(ctx, r, d, a) }
	return []run.Kind{run.NewKind(kind, lease, work)}
}

// Export writes the report to files and publishes them. An unchanged report that was exported before is not written again:
// the outcome names the files that there are. It fails without leaving anything that anyone could find.
func Export(ctx context.Context, r run.Run, d Deps, a Args) (run.Outcome, error) {
	job, err := newJob(d, r, a)
	if err != nil {
		return run.Outcome{}, err
	}
	if swept, err := d.Store.Sweep(ctx); err != nil {
		return run.Outcome{}, err
	} else if swept > 0 {
		r.Log().Info("removed what killed exports had left", "files", swept)
	}
	defer job.giveUp()
	if err := r.Step(ctx, "write", job.write); err != nil {
		return run.Outcome{}, err
	}
	if len(job.files) == 0 {
		return job.outcome(false), nil
	}
	if err := r.Step(ctx, "verify", job.verify); err != nil {
		return run.Outcome{}, err
	}
	if r.DryRun() {
		return job.outcome(false), nil
	}
	if err := r.Step(ctx, "publish", job.publish); err != nil {
		return run.Outcome{}, err
	}
	return job.outcome(true), nil
}
