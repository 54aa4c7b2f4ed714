package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
)

type dbCommand struct {
	URL       dbURLCommand       `cmd:"" name:"url" help:"Print the connection string of the product's database."`
	Install   dbInstallCommand   `cmd:"" help:"Find PostgreSQL's server programs, or install them."`
	Dump      dbDumpCommand      `cmd:"" help:"Write what only this database has to a file."`
	Restore   dbRestoreCommand   `cmd:"" help:"Load a dump into an empty database."`
	Keepalive dbKeepaliveCommand `cmd:"" hidden:""`
	Reset     dbResetCommand     `cmd:"" help:"Delete the embedded databases and exported files, to start afresh."`
}

type dbURLCommand struct {
	Source bool `help:"Of the CPD source instead."`
}

func (c dbURLCommand) Run(ctx context.Context, a *app) error {
	url := a.databaseURL
	if c.Source {
		url = a.sourceURL
	}
	if url == "" {
		return run.Invalid("set CPD_DATABASE_URL", "no CPD source is configured")
	}
	if err := a.keepServer(ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.stdout, url)
	return err
}

// keepaliveFor is how long the embedded server stays up after its address was printed or last used.
const keepaliveFor = 10 * time.Minute

// keepServer keeps the embedded server up for those who are given its address.
func (a *app) keepServer(ctx context.Context) error {
	if a.server == nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	command := exec.Command(self, "db", "keepalive")
	command.Env = append(slices.Clone(a.environ), "CPD_JOBS_DATA_DIR="+a.dir) // it works in another folder
	fmt.Fprintf(a.stderr, "the embedded PostgreSQL stays up until it has not been used for %s\n", keepaliveFor)
	return pg.StartKeepalive(ctx, a.dir, command, clock.System())
}

type dbKeepaliveCommand struct{}

func (dbKeepaliveCommand) Run(ctx context.Context, k *console) error {
	dir, err := k.dataDir()
	if err != nil {
		return err
	}
	return pg.Keepalive(ctx, dir, keepaliveFor, clock.System)
}

type dbInstallCommand struct{}

func (dbInstallCommand) Run(ctx context.Context, a *console) error {
	dir, err := pg.FindBinaries()
	if err != nil {
		if err := pg.Install(ctx, a.stderr); err != nil {
			return err
		}
		if dir, err = pg.FindBinaries(); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.stderr, "PostgreSQL's programs are in %s\n", dir)
	return err
}

type dbDumpCommand struct {
	File string `arg:"" help:"File to write."`
}

func (c dbDumpCommand) Run(ctx context.Context, a *app) error {
	if err := pg.Dump(ctx, a.databaseURL, c.File, a.stderr); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "written: %s\n", c.File)
	return err
}

type dbRestoreCommand struct {
	File string `arg:"" help:"File that db dump wrote."`
}

func (c dbRestoreCommand) Run(ctx context.Context, a *app) error {
	if err := pg.Restore(ctx, a.databaseURL, c.File, a.stderr); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "restored from %s\n", c.File)
	return err
}

type dbResetCommand struct {
	Yes bool `help:"Do it without asking."`
}

func (c dbResetCommand) Run(ctx context.Context, k *console) error {
	if k.settingsErr == nil && k.settings.Database != "" {
		return run.Invalid("unset DATABASE_URL", "only the embedded databases can be reset, and DATABASE_URL is set")
	}
	dir, err := k.dataDir()
	if err != nil {
		return err
	}
	if !c.Yes {
		return run.Invalid("cpd-jobs db reset --yes does it", "this deletes the databases and exported files in %s", dir)
	}
	if err := dropDatabases(ctx, k); err != nil {
		return err
	}
	for _, folder := range []string{"exports", "demo"} {
		if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
			return fmt.Errorf("delete %s: %w", folder, err)
		}
	}
	_, err = fmt.Fprintf(k.stdout, "databases and exported files in %s are deleted\n", dir)
	return err
}

// dropDatabases fails where one is still in use.
func dropDatabases(ctx context.Context, k *console) error {
	a, err := newApp(ctx, k)
	if err != nil {
		return err
	}
	pool, err := pg.Open(ctx, a.server.URL("postgres"), pg.PoolOptions{App: "cpd-jobs reset", MaxConns: 1})
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, name := range []string{productDatabase, sourceDatabase} {
		if _, err := pool.Exec(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
			return run.Blocked("stop every cpd-jobs that uses it, then try again", "delete the database %s: %w", name, err)
		}
	}
	return nil
}
