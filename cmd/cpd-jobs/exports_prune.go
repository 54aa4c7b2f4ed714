package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/housekeeping"
	"cpd-jobs/reports/exports"
)

type exportsPruneCommand struct {
	Keep      int    `default:"${housekeeping_keep}" help:"Files of each report and format that stay whatever their age."`
	OlderThan string `default:"${housekeeping_older_than}" placeholder:"AGE" help:"Age from which others go, such as 30d or 12h (${default})."`
	DryRun    bool   `help:"Say what would go, and delete nothing."`
	JSON      bool   `name:"json" help:"Print JSON."`
}

func (c exportsPruneCommand) Run(ctx context.Context, a *session) error {
	retention, err := housekeeping.Args{Keep: c.Keep, OlderThan: c.OlderThan}.Retention()
	if err != nil {
		return run.Invalid("such as --keep 20 --older-than 30d", "%w", err)
	}
	list, err := c.prune(ctx, a, a.pool, retention)
	if printed := c.print(a, list); err == nil {
		err = printed
	}
	return err
}

func (c exportsPruneCommand) prune(ctx context.Context, a *session, pool *pgxpool.Pool, r exports.Retention) (list []exports.Export, err error) {
	if c.DryRun {
		return exports.Prunable(ctx, pool, r)
	}
	err = a.audited(ctx, "prune", "exports", c, func() (err error) {
		list, err = exports.Prune(ctx, pool, a.files, r, nil)
		return err
	})
	return list, err
}

func (c exportsPruneCommand) print(a *session, list []exports.Export) error {
	if c.JSON {
		if list == nil {
			list = []exports.Export{}
		}
		return printJSON(a.stdout, map[string]any{"exports": list})
	}
	t := newTable("id", "report", "version", "name", "size", "created")
	for _, e := range list {
		t.row(e.ID, e.Report, e.Version, e.Name, e.Size, e.CreatedAt)
	}
	what := "deleted"
	if c.DryRun {
		what = "would be deleted"
	}
	fmt.Fprintf(a.stderr, "%d files %s\n", len(list), what)
	return t.print(a.stdout)
}
