package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/schema"
)

type reportsWithdrawCommand struct {
	Name    string `arg:"" help:"The report's name."`
	Version int64  `arg:"" help:"The version that is wrong, from reports show."`
	Why     string `required:"" help:"What is wrong with it, for those who have its files."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

func (c reportsWithdrawCommand) Run(ctx context.Context, a *session) error {
	if c.Version < 1 {
		return run.Invalid("cpd-jobs reports show "+c.Name+" lists them", "version %d: versions count from 1", c.Version)
	}
	d, err := reports.Find(c.Name)
	if err != nil {
		return err
	}
	result := struct {
		refresh.Withdrawn
		Files []string `json:"files"`
	}{Files: []string{}}
	takeAway := func(ctx context.Context, tx pgx.Tx, versions []int64) error {
		gone, err := exports.Withdraw(ctx, tx, a.files, d.Name, versions)
		for _, e := range gone {
			result.Files = append(result.Files, e.Name)
		}
		return err
	}
	result.Withdrawn, err = refresh.Withdraw(ctx, &run.Local{}, a.pool, d, refresh.Withdrawal{
		Version: c.Version, Why: c.Why, Within: takeAway, ProgramVersion: version(), Now: clock.System,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, result)
	}
	fmt.Fprintf(a.stdout, "withdrawn: versions %v of %s, with %d files\n", result.Withdrawn.Withdrawn, d.Name, len(result.Files))
	if result.Published > 0 {
		fmt.Fprintf(a.stdout, "live: version %d again, as version %d\n", result.Restored, result.Published)
	}
	return nil
}

type reportsMigrateCommand struct {
	Name string `arg:"" help:"The report's name."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c reportsMigrateCommand) Run(ctx context.Context, a *app) error {
	d, err := reports.Find(c.Name)
	if err != nil {
		return err
	}
	// Not by a client: that wants tables which fit the definitions already.
	pool, err := a.open(ctx, "cpd-jobs cli", 4)
	if err != nil {
		return err
	}
	done, err := schema.Migrate(ctx, pool, d)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, done)
	}
	for _, column := range done.Dropped {
		fmt.Fprintf(a.stdout, "dropped: %s; earlier versions keep it\n", column)
	}
	for _, column := range done.Retyped {
		fmt.Fprintf(a.stdout, "retyped: %s; empty until the next refresh\n", column)
	}
	if len(done.Dropped)+len(done.Retyped) == 0 {
		fmt.Fprintf(a.stdout, "nothing to do: the table of %s fits version %s of its definition\n", d.Name, d.Version)
	}
	return nil
}
