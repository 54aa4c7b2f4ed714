package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/migrations"
	"cpd-jobs/reports"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply what is missing."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations and whether the database has them."`
	Plan   migratePlanCommand   `cmd:"" help:"Say what up would do, and do nothing."`
}

type migrateUpCommand struct {
	IntoThisDatabase bool `name:"into-this-database" help:"Also where the database has tables of another program and none of ours."`
}

func (c migrateUpCommand) Run(ctx context.Context, a *app) error {
	pool, err := a.open(ctx, "cpd-jobs migrate", 4)
	if err != nil {
		return err
	}
	if !c.IntoThisDatabase {
		if err := checkOwn(ctx, pool); err != nil {
			return err
		}
	}
	applied, err := migrate(ctx, pool)
	for _, m := range applied {
		fmt.Fprintf(a.stdout, "applied %s\n", m.Name)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%d migrations applied; the database is up to date\n", len(applied))
	return err
}

// checkOwn refuses a database that is not this program's, before anything is changed in it.
func checkOwn(ctx context.Context, pool *pgxpool.Pool) error {
	err := migrations.CheckOwn(ctx, pool)
	switch {
	case errors.Is(err, migrations.ErrSwapped):
		return run.Invalid("are DATABASE_URL and CPD_DATABASE_URL swapped? DATABASE_URL is the product's own database", "%w", err)
	case errors.Is(err, migrations.ErrForeign):
		return run.Invalid("let DATABASE_URL name an empty database; to share this one: cpd-jobs migrate up --into-this-database", "%w", err)
	}
	return err
}

// migrate brings schemas and report tables up to date. It may be called by several processes at once.
func migrate(ctx context.Context, pool *pgxpool.Pool) ([]migrations.Migration, error) {
	applied, err := migrations.Up(ctx, pool)
	if errors.Is(err, migrations.ErrBusy) {
		return applied, run.Blocked("find who holds it (docs/runbooks/database-slow.md), then the same command again", "%w", err)
	}
	if err != nil {
		return applied, err
	}
	return applied, reports.EnsureTables(ctx, pool)
}

type migrateStatusCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c migrateStatusCommand) Run(ctx context.Context, a *app) error {
	pool, err := a.open(ctx, "cpd-jobs migrate", 4)
	if err != nil {
		return err
	}
	list, err := migrations.Status(ctx, pool)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"migrations": list})
	}
	t := newTable("version", "migration", "state")
	for _, m := range list {
		t.row(m.Version, m.Name, m.State)
	}
	return t.print(a.stdout)
}

type migratePlanCommand struct {
	SQL  bool `name:"sql" help:"Print the statements too."`
	JSON bool `name:"json" help:"Print JSON."`
}

func (c migratePlanCommand) Run(ctx context.Context, a *app) error {
	pool, err := a.open(ctx, "cpd-jobs migrate", 4)
	if err != nil {
		return err
	}
	list, err := migrations.Plan(ctx, pool)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"migrations": list})
	}
	for _, m := range list {
		fmt.Fprintf(a.stdout, "%s %d, %s\n", m.Of, m.Version, m.Name)
		if m.About != "" {
			fmt.Fprintf(a.stdout, "    %s\n", m.About)
		}
		if c.SQL {
			fmt.Fprintf(a.stdout, "\n%s\n\n", m.SQL)
		}
	}
	_, err = fmt.Fprintf(a.stdout, "%d migrations to apply; each waits 2 s at most for a lock and is tried again\n", len(list))
	return err
}

// checkSchema says what the database lacks, as a person can act on it.
func (a *app) checkSchema(ctx context.Context, pool *pgxpool.Pool) error {
	if err := checkOwn(ctx, pool); err != nil {
		return err
	}
	pending, err := migrations.Pending(ctx, pool)
	if err != nil {
		return run.Unreachable("run: cpd-jobs migrate up", "%w", err)
	}
	if pending == 0 {
		return nil
	}
	if a.server != nil { // the embedded database is this program's alone
		_, err := migrate(ctx, pool)
		return err
	}
	return run.Invalid("run: cpd-jobs migrate up", "the database lacks %d migrations of this version", pending)
}
