package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/metrics"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

// demoReport is what the demo is about.
const demoReport = "school_onboarding"

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

// differs names the first flag that was given and is not what a source was made with.
func (f demoFlags) differs(m demo.Manifest) string {
	switch {
	case f.Schools != nil && int64(*f.Schools) != m.Schools && m.Register == "":
		return fmt.Sprintf("--schools %d, and it has %d", *f.Schools, m.Schools)
	case f.Seed != nil && *f.Seed != m.Seed:
		return fmt.Sprintf("--seed %d, and it was %d", *f.Seed, m.Seed)
	case f.AsOf != nil && !f.AsOf.Truncate(time.Microsecond).Equal(m.AsOf):
		return fmt.Sprintf("--as-of %s, and it was %s", f.AsOf.Format(time.RFC3339), m.AsOf.Format(time.RFC3339))
	case f.Gias != "" && f.Gias != m.Register:
		return fmt.Sprintf("--gias %s, and its schools are from %s", f.Gias, or(m.Register, "nowhere: made up"))
	}
	return ""
}

// options are what the flags ask for; what they leave open is as before, or the default.
func (f demoFlags) options(before demo.Manifest, now time.Time) demo.Options {
	o := demo.Options{Schools: int(before.Schools), Seed: before.Seed, AsOf: before.AsOf, RegisterName: or(f.Gias, before.Register)}
	if before.AsOf.IsZero() {
		o = demo.Options{Schools: demo.DefaultSchools, Seed: demo.DefaultSeed, AsOf: now.Truncate(time.Minute), RegisterName: f.Gias}
	}
	if f.Schools != nil {
		o.Schools = *f.Schools
	}
	if f.Seed != nil {
		o.Seed = *f.Seed
	}
	if f.AsOf != nil {
		o.AsOf = *f.AsOf
	}
	if o.RegisterName != "" {
		o.Register = registerSchools(o.RegisterName)
	}
	return o
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

type demoSourceCommand struct {
	demoFlags `embed:""`
	Database  string `placeholder:"URL" help:"An empty database to make it in (the embedded server's own)."`
}

func (c demoSourceCommand) Run(ctx context.Context, a *app) error {
	url := c.Database
	if url == "" {
		server, err := a.embedded(ctx)
		if err != nil {
			return err
		}
		if _, err := server.EnsureDatabase(ctx, sourceDatabase); err != nil {
			return err
		}
		url = server.URL(sourceDatabase)
	}
	_, err := a.demoSource(ctx, url, c.demoFlags)
	return err
}

// demoSource finds a demo source that the flags allow, or makes it.
func (a *app) demoSource(ctx context.Context, url string, f demoFlags) (demo.Options, error) {
	m, state, err := demo.Inspect(ctx, url)
	if err != nil {
		return demo.Options{}, err
	}
	switch state {
	case demo.Foreign:
		return demo.Options{}, run.Blocked("use an empty database", "the source database has tables that no demo made; they are left alone")
	case demo.Complete:
		if other := f.differs(m); other != "" {
			return demo.Options{}, run.Invalid("to start afresh: make db/reset (or cpd-jobs db reset --yes), or set CPD_JOBS_DATA_DIR to another folder",
				"a demo is here already and was made with other flags: %s", other)
		}
		fmt.Fprintf(a.stderr, "demo data found: %d schools as of %s\n", m.Schools, m.AsOf.Format(time.RFC3339))
		return f.options(m, clock.System()), nil
	}
	o := f.options(m, clock.System())
	show := newProgress(a.stderr)
	o.Replace, o.Progress = true, show.counting("making the CPD source", clock.System)
	made, err := demo.Source(ctx, url, o)
	show.end()
	if err != nil {
		return o, err
	}
	fmt.Fprintf(a.stderr, "made up: %d schools, %d participants, %d induction records as of %s\n", made.Schools,
		made.Rows("participant_profiles"), made.Rows("induction_records"), made.AsOf.Format(time.RFC3339))
	return o, nil
}

type demoRunCommand struct {
	demoFlags `embed:""`
	NoServe   bool `name:"no-serve" help:"Stop after the export."`
}

func (c demoRunCommand) Run(ctx context.Context, a *app) error {
	a.quiet = true
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if cfg.Database != "" {
		return run.Invalid("unset DATABASE_URL", "the demo makes its own databases, and DATABASE_URL is set")
	}
	if err := c.checkFiles(ctx); err != nil {
		return err
	}
	var l net.Listener
	if !c.NoServe { // a port that is taken is told now, not after minutes of work
		if l, err = a.listen(ctx); err != nil {
			return err
		}
		defer l.Close()
	}
	if err := a.demoDatabases(ctx); err != nil {
		return err
	}
	options, err := a.demoSource(ctx, a.server.URL(sourceDatabase), c.demoFlags)
	if err != nil {
		return err
	}
	return c.work(ctx, a, options, l)
}

// checkFiles tries the files that were given before anything is made.
func (c demoRunCommand) checkFiles(ctx context.Context) error {
	if c.Gias == "" {
		if c.Links != "" {
			return run.Invalid("give --gias too", "--links goes with --gias")
		}
		return nil
	}
	return checkRegister(ctx, c.Gias, c.Links)
}

func (a *app) demoDatabases(ctx context.Context) error {
	server, err := a.embedded(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{productDatabase, sourceDatabase} {
		if _, err := server.EnsureDatabase(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// work runs a worker, and through it each job of the main job once; then it serves, or stops.
func (c demoRunCommand) work(ctx context.Context, a *app, o demo.Options, l net.Listener) error {
	m := metrics.New(version())
	working, stop := context.WithCancel(ctx)
	defer stop()
	g, working := errgroup.WithContext(working)
	worker, err := a.worker(working, m)
	if err != nil {
		return err
	}
	made := false
	g.Go(func() error { return a.workAs(working, worker, m) })
	g.Go(func() error {
		defer stop()
		if err := c.jobs(working, a, o); err != nil || c.NoServe {
			return err
		}
		made = true
		return a.demoServe(working, l, m)
	})
	err = g.Wait()
	if made && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // it was stopped while pages or worker were still starting: all was made by then
	}
	return err
}

// demoServe lets the schedules go on from here and serves the pages.
func (a *app) demoServe(ctx context.Context, l net.Listener, m *metrics.Metrics) error {
	if err := a.applySchedules(ctx, person()+" (demo)"); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nthe pages are at http://%s (Ctrl-C stops)\n", l.Addr())
	return a.serve(ctx, l, m)
}

// jobs runs what the demo shows, unless it is there already.
func (c demoRunCommand) jobs(ctx context.Context, a *app, o demo.Options) error {
	client, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	done, err := demoDone(ctx, pool)
	if err != nil {
		return err
	}
	if !done {
		list, err := a.demoJobs(ctx, c, o)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := a.demoJob(ctx, client, pool, r); err != nil {
				return err
			}
		}
	}
	return a.printExports(ctx, pool)
}

// demoDone says whether a report is live and exported.
func demoDone(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	live, err := versions.List(ctx, pool, demoReport, 1)
	if err != nil || len(live) == 0 {
		return false, err
	}
	files, err := exports.List(ctx, pool, demoReport, 1)
	return len(files) > 0, err
}

// demoJobs are the jobs of the main job in order, with the files that they read.
func (a *app) demoJobs(ctx context.Context, c demoRunCommand, o demo.Options) ([]queue.Request, error) {
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	year := demo.CohortYear(o.AsOf)
	upliftFile, err := demo.WriteUplift(ctx, filepath.Join(dir, "demo"), year, o)
	if err != nil {
		return nil, err
	}
	register := map[string]any{"source": o.RegisterName, "links": c.Links}
	if o.Register == nil {
		made, err := demo.WriteRegister(ctx, filepath.Join(dir, "demo", "register"), demo.RegisterOptions{Options: o})
		if err != nil {
			return nil, err
		}
		register = map[string]any{"source": filepath.Dir(made.Establishments)}
	}
	return []queue.Request{
		demoRequest("gias_sync", register),
		demoRequest("uplift_sync", map[string]any{"source": upliftFile.Path, "year": year}),
		demoRequest("cpd_sync", nil),
		demoRequest("school_onboarding_refresh", nil),
		demoRequest("report_export", map[string]any{"report": demoReport}),
	}, nil
}

func demoRequest(kind string, args map[string]any) queue.Request {
	raw, err := json.Marshal(args)
	if err != nil || args == nil {
		raw = json.RawMessage("{}")
	}
	return queue.Request{Kind: kind, Args: raw, By: person() + " (demo)"}
}

func (a *app) demoJob(ctx context.Context, client *queue.Client, pool *pgxpool.Pool, r queue.Request) error {
	ticket, err := client.Enqueue(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s (job %d)\n", r.Kind, ticket.ID)
	show := newProgress(a.stderr)
	show.quiet = true
	job, err := queue.Follow(ctx, pool, ticket.ID, show)
	show.end()
	if err != nil {
		return err
	}
	if job.State != "completed" {
		return a.finish(job, false)
	}
	return nil
}

func (a *app) printExports(ctx context.Context, pool *pgxpool.Pool) error {
	files, err := a.store()
	if err != nil {
		return err
	}
	overview, err := versions.List(ctx, pool, demoReport, 1)
	if err != nil || len(overview) == 0 {
		return errors.Join(err, errors.New("no report was published"))
	}
	fmt.Fprintf(a.stdout, "\n%d schools in the report as of %s; files in %s:\n", overview[0].Rows, overview[0].AsOf.Format(time.RFC3339), files)
	list, err := exports.List(ctx, pool, demoReport, 20)
	if err != nil {
		return err
	}
	for _, e := range list {
		fmt.Fprintf(a.stdout, "  %s  %s rows, %s bytes\n", filepath.FromSlash(e.Key), table.Thousands(e.Rows), table.Thousands(e.Size))
	}
	return nil
}
