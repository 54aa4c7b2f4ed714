// Package gias syncs the register of schools: it stages a delivery, compares it with the last one by key and hash, and
// merges the differences in one transaction, or stops before any change where a guard says that a person must look.
// Reading the register's files is left to package format.
package gias

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
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
	Source string `json:"source" help:"a .csv, .csv.gz, .zip, folder or address; empty: GIAS_SOURCE"`
	Links  string `json:"links" help:"the links' own source; empty: those of the folder or zip, else links are left as they are"`
	Allow  Allow  `json:"allow" help:"guards to pass this once: shrink, closures, rejects, or all"`
}

// Guards that a job may be allowed to pass.
const (
	Shrink   = "shrink"
	Closures = "closures"
	Rejects  = "rejects"
	All      = "all"
)

// Allow names guards. In JSON it is a list, or one text with commas.
type Allow []string

// UnmarshalJSON takes a list or a text.
func (a *Allow) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*a = strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

func (a Allow) has(guard string) bool { return slices.Contains(a, guard) || slices.Contains(a, All) }

// Validate finds unknown guards.
func (a Args) Validate() error {
	for _, guard := range a.Allow {
		if !slices.Contains([]string{Shrink, Closures, Rejects, All}, guard) {
			return fmt.Errorf("allow: %q is no guard", guard)
		}
	}
	return nil
}

// Kinds are the kinds of job of this package.
func Kinds(d Deps) []run.Kind {
	return []run.Kind{run.NewKind(run.Kind{
		Name:        "gias_sync",
		About:       "Sync the register of schools and the links between them",
		Queue:       "syncs",
		Timeout:     30 * time.Minute,
		MaxAttempts: 4,
		NotReady:    run.NeedsSource(d.Source, "GIAS_SOURCE"),
	}, func(Args) string { return "gias_sync" },
		func(ctx context.Context, r run.Run, args Args) (run.Outcome, error) {
			if args.Source == "" {
				args.Source = d.Source
			}
			return Sync(ctx, r, d.DB, d.Fetch, args)
		})}
}
