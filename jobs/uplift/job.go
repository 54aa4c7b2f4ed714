// Package uplift loads the policy files that say which schools bring a pupil premium or sparsity uplift in a cohort
// year, and which districts are sparse. It keeps the service's own load rules and lists everything that they pass over
// in silence.
package uplift

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/guard"
)

// Deps are what the kind needs of its program.
type Deps struct {
	DB *pgxpool.Pool
	// Source is where the file comes from when a job does not say: UPLIFT_SOURCE.
	Source string
	// Fetch says how addresses are fetched; paths need nothing of it.
	Fetch source.Options
}

// Args are an uplift_sync job's.
type Args struct {
	Source string      `json:"source" help:"a .csv, .csv.gz or address; empty: UPLIFT_SOURCE"`
	Year   int         `json:"year" help:"cohort year that the file is for; 0: the year in its name"`
	Allow  guard.Allow `json:"allow" help:"guards to pass this once: shrink, rejects, or all"`
}

// Uplifts are paid for the cohorts of 2021 to 2024; the bounds leave room and catch slips.
const firstYear, lastYear = 2021, 2040

// Validate finds impossible years and unknown guards.
func (a Args) Validate() error {
	if a.Year != 0 && (a.Year < firstYear || a.Year > lastYear) {
		return fmt.Errorf("year: %d is no cohort year", a.Year)
	}
	return a.Allow.Validate(guard.Shrink, guard.Rejects)
}

// Sources are what the job reads.
func (a Args) Sources() []string { return []string{a.Source} }

// Kinds are the kinds of job of this package.
func Kinds(d Deps) []run.Kind {
	return []run.Kind{run.NewKind(run.Kind{
		Name:        "uplift_sync",
		About:       "Load a pupil premium and sparsity file, or the list of sparse districts",
		Queue:       "syncs",
		Timeout:     15 * time.Minute,
		MaxAttempts: 5,
		Backoff:     run.AllDay,
		NotReady:    run.NeedsSource(d.Source, "UPLIFT_SOURCE"),
		CheckSource: d.Fetch.CheckSource,
	}, func(Args) string { return "uplift_sync" },
		func(ctx context.Context, r run.Run, args Args) (run.Outcome, error) {
			if args.Source == "" {
				args.Source = d.Source
			}
			return Sync(ctx, r, d.DB, d.Fetch, args)
		})}
}
