package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/run"
	demojobs "cpd-jobs/jobs/demo"
	"cpd-jobs/queue"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

type demoCommand struct {
	Run    demoRunCommand    `cmd:"" default:"withargs" hidden:""`
	Source demoSourceCommand `cmd:"" help:"Only make a demo CPD database, at any size."`
}

// demoFlags say what to make up. Those that are not given follow the data that are there already.
type demoFlags struct {
	Schools *int       `placeholder:"N" help:"Number of schools (24000)."`
	Seed    *uint64    `placeholder:"S" help:"Same seed and as-of, same data (1)."`
	AsOf    *time.Time `name:"as-of" placeholder:"T" help:"The moment that the data show (now)."`
	Gias    string     `name:"gias" placeholder:"FILE" type:"path" help:"A real register in place of a made-up one."`
	Links   string     `placeholder:"FILE" type:"path" help:"The links that go with --gias."`
}

type demoSourceCommand struct {
	demoFlags `embed:""`
	Database  string `placeholder:"URL" help:"An empty database to make it in (the embedded server's own)."`
}

func (c demoSourceCommand) Run(ctx context.Context, k *console) error {
	if c.Database == "" {
		a, err := newApp(ctx, k)
		if err != nil {
			return err
		}
		if c.Database, err = a.embeddedSource(ctx); err != nil {
			return err
		}
	}
	_, err := k.demoSource(ctx, c.Database, c.demoFlags)
	return err
}

// embeddedSource makes the demo's CPD database on the embedded server, where it is missing.
func (a *app) embeddedSource(ctx context.Context) (url string, err error) {
	if a.server == nil {
		return "", run.Invalid("give --database, or unset DATABASE_URL", "the demo's source goes on the embedded server, and DATABASE_URL is set")
	}
	_, err = a.server.EnsureDatabase(ctx, sourceDatabase)
	return a.server.URL(sourceDatabase), err
}

// demoSource finds a demo source that the flags allow, or makes it.
func (k *console) demoSource(ctx context.Context, url string, f demoFlags) (demo.Options, error) {
	wanted := demo.Wanted{Schools: f.Schools, Seed: f.Seed, AsOf: f.AsOf, Register: f.Gias}
	m, state, err := demo.Inspect(ctx, url)
	if err != nil {
		return demo.Options{}, err
	}
	o := wanted.Options(m, clock.System())
	if o.RegisterName != "" {
		o.Register = demojobs.Schools(o.RegisterName)
	}
	switch state {
	case demo.Foreign:
		return o, run.Blocked("use an empty database", "the source database has tables that no demo made; they are left alone")
	case demo.Complete:
		if conflict := wanted.Conflict(m); conflict != "" {
			return o, run.Invalid("to start afresh: make db/reset (or cpd-jobs db reset --yes), or set CPD_JOBS_DATA_DIR to another folder",
				"a demo is here already and was made with other flags: %s", conflict)
		}
		fmt.Fprintf(k.stderr, "demo data found: %d schools as of %s\n", m.Schools, m.AsOf.Format(time.RFC3339))
		return o, nil
	}
	show := newProgress(k.stderr)
	o.Replace, o.Progress = true, show.counting("making the CPD source", clock.System)
	made, err := demo.Source(ctx, url, o)
	show.end()
	if err != nil {
		return o, err
	}
	fmt.Fprintf(k.stderr, "made up: %d schools, %d participants, %d induction records as of %s\n", made.Schools,
		made.Rows("participant_profiles"), made.Rows("induction_records"), made.AsOf.Format(time.RFC3339))
	return o, nil
}

type demoRunCommand struct {
	demoFlags `embed:""`
	NoServe   bool `name:"no-serve" help:"Stop after the export."`
}

func (c demoRunCommand) Run(ctx context.Context, k *console) error {
	k.hush()
	switch {
	case k.settingsErr == nil && k.settings.Database != "":
		return run.Invalid("unset DATABASE_URL", "the demo makes its own databases, and DATABASE_URL is set")
	case c.Gias == "" && c.Links != "":
		return run.Invalid("give --gias too", "--links goes with --gias")
	case c.Gias != "":
		if err := demojobs.CheckRegister(ctx, c.Gias, c.Links); err != nil {
			return err
		}
	}
	var l net.Listener
	if !c.NoServe { // a port that is taken is said now, not after minutes of work
		var err error
		if l, err = k.listen(ctx); err != nil {
			return err
		}
		defer l.Close()
	}
	a, err := newApp(ctx, k)
	if err != nil {
		return err
	}
	url, err := a.embeddedSource(ctx)
	if err != nil {
		return err
	}
	options, err := k.demoSource(ctx, url, c.demoFlags)
	if err != nil {
		return err
	}
	p, err := newProcess(ctx, a, "demo", true)
	if err != nil {
		return err
	}
	return c.work(ctx, p, options, l)
}

// work runs a worker, and through it each job of the main job once; then it serves, or stops.
func (c demoRunCommand) work(ctx context.Context, p *process, o demo.Options, l net.Listener) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	g, working := errgroup.WithContext(working)
	worker, err := p.worker(working)
	if err != nil {
		return err
	}
	made := false
	g.Go(func() error { return p.runWorker(working, worker) })
	g.Go(func() error {
		defer stop()
		if err := c.jobs(working, p, o); err != nil || c.NoServe {
			return err
		}
		made = true
		if err := p.applySchedules(working, person()+" (demo)"); err != nil { // they go on from here
			return err
		}
		fmt.Fprintf(p.stdout, "\nthe pages are at http://%s (Ctrl-C stops)\n", l.Addr())
		return p.run(working, p.serve(l))
	})
	err = g.Wait()
	if made && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // it was stopped while pages or worker were still starting: all was made by then
	}
	return err
}

// jobs runs what the demo shows, unless it is there already, and lists the files.
func (c demoRunCommand) jobs(ctx context.Context, p *process, o demo.Options) error {
	if done, err := exports.List(ctx, p.pool, demojobs.Report, 1); err != nil {
		return err
	} else if len(done) == 0 {
		list, err := demojobs.Jobs(ctx, filepath.Join(p.dir, "demo"), o, c.Links)
		if err != nil {
			return err
		}
		for _, job := range list {
			if err := p.demoJob(ctx, job); err != nil {
				return err
			}
		}
	}
	live, err := versions.List(ctx, p.pool, demojobs.Report, 1)
	if err != nil || len(live) == 0 {
		return errors.Join(err, errors.New("no report was published"))
	}
	fmt.Fprintf(p.stdout, "\n%d schools in the report as of %s; files in %s:\n", live[0].Rows, live[0].AsOf.Format(time.RFC3339), p.files)
	list, err := exports.List(ctx, p.pool, demojobs.Report, 20)
	for _, e := range list {
		fmt.Fprintf(p.stdout, "  %s  %s rows, %s bytes\n", filepath.FromSlash(e.Key), table.Thousands(e.Rows), table.Thousands(e.Size))
	}
	return err
}

func (a *session) demoJob(ctx context.Context, job demojobs.Job) error {
	ticket, err := a.client.Enqueue(ctx, queue.Request{Kind: job.Kind, Args: job.Args, By: person() + " (demo)"})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s (job %d)\n", job.Kind, ticket.ID)
	show := newProgress(a.stderr)
	show.quiet = true
	done, err := queue.Follow(ctx, a.pool, ticket.ID, show)
	show.end()
	if err != nil {
		return err
	}
	return ended(done)
}
