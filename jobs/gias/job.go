// Package gias syncs the register of schools: it stages a delivery, compares it with the last one by key and hash, and
// merges the differences in one transaction, or stops before any change where a guard says that a person must look.
// Reading the register's files is left to package format.
package gias

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
	"cpd-jobs/jobs/guard"
)

// Deps are what the kind needs of its program.
type Deps struct {
	DB *pgxpool.Pool
	// Source is where the register comes from when a job does not say: GIAS_SOURCE.
	Source string
	// Fetch holds the extract service's credentials and the clock; paths need nothing of it.
	Fetch source.Options
}

// Args are a gias_sync job's.
type Args struct {
	Source string      `json:"source" help:"a .csv, .csv.gz, .zip, folder or address; empty: GIAS_SOURCE"`
	Links  string      `json:"links" help:"the links' own source; empty: those of the folder or zip, else links are left as they are"`
	Allow  guard.Allow `json:"allow" help:"guards to pass this once: shrink, closures, rejects, column:NAME, or all"`
}

// Validate finds unknown guards.
func (a Args) Validate() error {
	known := []string{guard.Shrink, guard.Closures, guard.Rejects}
	for _, t := range []*format.Table{&format.Establishments, &format.Links} {
		for _, c := range t.Columns {
			known = append(known, guard.ColumnPrefix+c.Name)
		}
	}
	return a.Allow.Validate(known...)
}

// Sources are what the job reads.
func (a Args) Sources() []string { return []string{a.Source, a.Links} }

// Kinds are the kinds of job of this package.
func Kinds(d Deps) []run.Kind {
	return []run.Kind{run.NewKind(run.Kind{
		Name:        "gias_sync",
		About:       "Sync the register of schools and the links between them",
		Queue:       "syncs",
		Timeout:     30 * time.Minute,
		MaxAttempts: 5,
		Backoff:     run.AllDay,
		NotReady:    run.NeedsSource(d.Source, "GIAS_SOURCE"),
		CheckSource: d.Fetch.CheckSource,
	}, func(Args) string { return "gias_sync" },
		func(ctx context.Context, r run.Run, args Args) (run.Outcome, error) {
			if args.Source == "" {
				args.Source = d.Source
			}
			return Sync(ctx, r, d.DB, d.Fetch, args)
		})}
}
