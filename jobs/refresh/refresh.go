// Package refresh brings reports up to the inputs that are live. What a report is, and how it is computed, checked and
// published, is package reports' business.
package refresh

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/refresh"
)

// schoolOnboarding is the report that has a kind of its own: the service's main job.
const schoolOnboarding = "school_onboarding"

// Deps is what a refresh works with.
type Deps struct {
	DB *pgxpool.Pool
	// Version is the program's, recorded with what it publishes.
	Version string
	// Now times the steps; nil is the machine's clock.
	Now clock.Now
}

// Options are the arguments that every refresh has.
type Options struct {
	Force bool     `json:"force,omitempty" help:"compute even if the live version was made of the same inputs"`
	Allow []string `json:"allow,omitempty" help:"error checks that only warn, this once"`
}

// Args are the arguments of report_refresh.
type Args struct {
	Report string   `json:"report" default:"school_onboarding" help:"name of the report"`
	Force  bool     `json:"force,omitempty" help:"compute even if the live version was made of the same inputs"`
	Allow  []string `json:"allow,omitempty" help:"error checks that only warn, this once"`
}

// Validate knows the reports.
func (a Args) Validate() error {
	_, err := reports.Find(a.Report)
	return err
}

// Kinds are report_refresh, and school_onboarding_refresh which is the same for that report. They share its lease, so
// one refresh of a report runs at a time on all machines.
func Kinds(d Deps) []run.Kind {
	kind := run.Kind{
		Name: "report_refresh", Queue: "reports", Timeout: 30 * time.Minute, MaxAttempts: 5,
		About: "Bring a report up to the data that were synced last",
	}
	onboarding := kind
	onboarding.Name, onboarding.Report = "school_onboarding_refresh", schoolOnboarding
	onboarding.About = "Bring the School onboarding report up to the data that were synced last"
	return []run.Kind{
		run.NewKind(kind, func(a Args) string { return lease(a.Report) },
			func(ctx context.Context, r run.Run, a Args) (run.Outcome, error) {
				return d.refresh(ctx, r, a.Report, Options{a.Force, a.Allow})
			}),
		run.NewKind(onboarding, func(Options) string { return lease(schoolOnboarding) },
			func(ctx context.Context, r run.Run, o Options) (run.Outcome, error) {
				return d.refresh(ctx, r, schoolOnboarding, o)
			}),
	}
}

func lease(report string) string { return "report:" + report }

func (d Deps) refresh(ctx context.Context, r run.Run, report string, o Options) (run.Outcome, error) {
	def, err := reports.Find(report)
	if err != nil {
		return run.Outcome{}, err
	}
	return refresh.Report(ctx, r, d.DB, def, refresh.Options{
		ProgramVersion: d.Version, Force: o.Force, Allow: o.Allow, Now: d.Now,
	})
}
