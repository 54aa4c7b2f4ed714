// Package export writes a report to files that people download. All formats come from one read of one snapshot; each
// file is read back and compared with what was read from the table before anybody can find it.
//
// How a format looks is the business of the packages xlsx, ods, csvfile and parquet, where files are kept is package
// store's.
package export

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/store"
)

// Deps is what an export needs.
type Deps struct {
	DB    *pgxpool.Pool
	Store store.Store
	// Publisher is named in every file; Contact is who answers questions about it, an e-mail address or web page.
	// Both have defaults. Changing either changes the bytes of files of the same data.
	Publisher, Contact string
	// Passphrase opens the files of reports whose files are encrypted; without it there are none.
	Passphrase string
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
		NotReady:    notReady(d),
	}
	lease := func(a Args) string { return "export:" + a.Report }
	work := func(ctx context.Context, r run.Run, a Args) (run.Outcome, error) { return Export(ctx, r, d, a) }
	return []run.Kind{run.NewKind(kind, lease, work)}
}

// Export writes the report to files and publishes them. An unchanged report that was exported before is not written
// again: the outcome names the files that there are. It fails without leaving anything that anyone could find.
func Export(ctx context.Context, r run.Run, d Deps, a Args) (run.Outcome, error) {
	def, err := reports.Find(a.Report)
	if err != nil {
		return run.Outcome{}, err
	}
	job, err := newJob(d, r, def, a)
	if err != nil {
		return run.Outcome{}, err
	}
	return job.do(ctx)
}

func (j *job) do(ctx context.Context) (run.Outcome, error) {
	if swept, err := j.Store.CleanDrafts(ctx); err != nil {
		return run.Outcome{}, err
	} else if swept > 0 {
		j.run.Log().Info("removed what killed exports had left", "files", swept)
	}
	defer j.giveUp()
	defer thrift()()
	if err := j.run.Step(ctx, "write", j.write); err != nil {
		return run.Outcome{}, err
	}
	if len(j.files) == 0 {
		return j.outcome(false), nil
	}
	if err := j.run.Step(ctx, "verify", j.verify); err != nil {
		return run.Outcome{}, err
	}
	if j.run.DryRun() {
		return j.outcome(false), nil
	}
	if err := j.run.Step(ctx, "publish", j.publish); err != nil {
		return run.Outcome{}, err
	}
	if j.unsound != nil {
		return j.outcome(true), fmt.Errorf("%w; the other files were published", j.unsound)
	}
	return j.outcome(true), nil
}
