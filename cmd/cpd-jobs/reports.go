package main

import (
	"context"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/reports"
)

type reportsCommand struct {
	List reportsListCommand `cmd:"" help:"List the reports and what is live of each."`
	Show reportsShowCommand `cmd:"" help:"Show a report: what is live, from which inputs, and its earlier versions."`

	Diff    reportsDiffCommand    `cmd:"" help:"Say what differs between two versions, cell by cell."`
	History reportsHistoryCommand `cmd:"" help:"Say what happened to a row, or what each refresh did."`

	New      reportsNewCommand      `cmd:"" help:"Make the folder of a new report, in a checkout."`
	Check    reportsCheckCommand    `cmd:"" help:"Try definitions against the database."`
	Refresh  reportsRefreshCommand  `cmd:"" help:"Bring a report up to the data that were synced last, and follow it."`
	Export   reportsExportCommand   `cmd:"" help:"Write a report's files, and follow it."`
	Withdraw reportsWithdrawCommand `cmd:"" help:"Take a wrong version back, with its files: the one before it is the latest again."`
	Erase    reportsEraseCommand    `cmd:"" help:"Erase a person from everything that is kept of people."`
	Migrate  reportsMigrateCommand  `cmd:"" help:"Let a report's table follow a definition that drops or retypes columns."`
	Docs     reportsDocsCommand     `cmd:"" help:"Write the data dictionary of every report."`
	Lint     reportsLintCommand     `cmd:"" help:"Run the checklist for accessible spreadsheets on a file."`
}

type reportsListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c reportsListCommand) Run(ctx context.Context, a *session) error {
	list, err := reports.Summaries(ctx, a.pool)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"reports": list})
	}
	t := newTable("report", "version", "rows", "as of", "age", "target")
	for _, o := range list {
		if o.Latest == nil {
			t.row(o.Name, "", "", "", "", o.Freshness)
			continue
		}
		age := clock.System().Sub(o.Latest.AsOf).Round(time.Minute)
		t.row(o.Name, o.Latest.Version, o.Latest.Rows, o.Latest.AsOf, age, o.Freshness)
	}
	return t.print(a.stdout)
}
