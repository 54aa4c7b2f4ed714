package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/alarm"
	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/metrics"
	"cpd-jobs/internal/run"
	"cpd-jobs/migrations"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
	"cpd-jobs/web"
)

const (
	// processConnections is the pool of a process: pages, inserting jobs, the watch and metrics share it. Too few and
	// a page waits for another; too many and several processes exhaust the server.
	processConnections = 12
	// readerConnections is the pool of pages that read reports: those that wait for a locked table must leave the
	// process's own pool to health, sign-in, runs and metrics.
	readerConnections = 6
	// workerConnections is the pool of a worker's jobs: one for River's notifications, the rest for jobs and what looks
	// after them. Too few and a sync's parallel copies wait for each other.
	workerConnections = 24
)

// process runs a worker, serves pages, or both. All but the worker's jobs share one pool, under the process's name in
// pg_stat_activity. Jobs have their own, named for the worker: a takeover ends its sessions by that name, and jobs
// that take every connection must not silence the rest.
type process struct {
	*session
	name    string
	metrics *metrics.Metrics
	watch   *alarm.Watch
	beats   *alarm.Heartbeats // sent for jobs of this process's worker
	slots   map[string]int    // how many jobs of a queue run at once, where that is said
}

// newProcess connects as cpd-jobs NAME. A process with a worker brings the database up to date first.
func newProcess(ctx context.Context, a *app, name string, worker bool) (*process, error) {
	pool, err := a.open(ctx, "cpd-jobs "+name, processConnections)
	if err != nil {
		return nil, err
	}
	if worker {
		if err := checkOwn(ctx, pool); err != nil {
			return nil, err
		}
		applied, err := migrate(ctx, pool)
		for _, m := range applied {
			a.log.Info("migration applied", "migration", m.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	s, err := a.session(ctx, pool)
	if err != nil {
		return nil, err
	}
	targets := map[string]time.Duration{} // how old the data of each report may be
	for _, d := range reports.All() {
		targets[d.Name] = d.Freshness
	}
	due := func(ctx context.Context) (map[string]time.Time, error) { // by when each schedule must succeed
		list, err := queue.Expect(ctx, pool)
		if err != nil {
			return nil, err
		}
		due := make(map[string]time.Time, len(list))
		for _, e := range list {
			due[e.Schedule] = e.Due
		}
		return due, nil
	}
	p := &process{session: s, name: name, metrics: metrics.New(version())}
	places := map[string]string{"data": a.dir, "temporary": os.TempDir()}
	if folder := a.exportFolder(a.dir); folder != "" {
		places["exports"] = folder
	}
	p.metrics.Register(metrics.NewPool(pool), metrics.NewDisks(places), metrics.NewDatabase(metrics.DatabaseOptions{
		DB: pool, Targets: targets, Due: due, Log: a.log, Now: clock.System,
	}))
	p.watch = alarm.NewWatch(alarm.Options{
		DB: pool, Targets: targets, Due: due, Webhook: a.settings.Webhook.Reveal(), Environment: a.settings.Environment,
		PublicURL: a.settings.PublicURL, Runbooks: a.settings.Runbooks, Log: a.log,
	})
	p.beats = alarm.NewHeartbeats(func(schedule string) string { return a.settings.Heartbeat(schedule).Reveal() }, a.log)
	return p, nil
}

// run does all of tasks until ctx ends or one fails, and watches for incidents meanwhile: workers and pages both do, so
// that either tells of the other's silence. The database sees to it that one looks at a time. An embedded server that
// dies is started again.
func (p *process) run(ctx context.Context, tasks ...func(context.Context) error) error {
	defer p.steerLog(ctx)()
	beside := p.watch.Run
	if p.server != nil {
		beside = func(ctx context.Context) {
			var both sync.WaitGroup
			both.Go(func() { p.server.Watch(ctx) })
			both.Go(func() { p.watch.Run(ctx) })
			both.Wait()
		}
	}
	return alongside(ctx, beside, func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		for _, task := range tasks {
			g.Go(func() error { return task(ctx) })
		}
		return g.Wait()
	})
}

// alongside runs beside for as long as main runs, and a moment longer: what main does last is seen.
func alongside(ctx context.Context, beside func(context.Context), main func(context.Context) error) error {
	outlives, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { beside(outlives) })
	err := main(ctx)
	stop()
	running.Wait()
	return err
}

// work makes the schedules of the file live and runs jobs until ctx ends.
func (p *process) work(ctx context.Context) error {
	worker, err := p.worker(ctx)
	if err != nil {
		return err
	}
	if err := p.applySchedules(ctx, worker.ID); err != nil {
		return err
	}
	return p.runWorker(ctx, worker)
}

// runWorker runs jobs until ctx ends. A worker that was taken for dead starts again as another.
func (p *process) runWorker(ctx context.Context, worker *queue.Worker) error {
	for {
		p.log.Info("worker started", "worker", worker.ID)
		err := alongside(ctx, p.beats.Run, worker.Run)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // stopped before it had begun
		}
		if !errors.Is(err, queue.ErrWorkerLost) {
			return err
		}
		if worker, err = p.worker(ctx); err != nil {
			return err
		}
	}
}

// worker prepares a worker whose sessions bear its id.
func (p *process) worker(ctx context.Context) (*queue.Worker, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find this machine's name: %w", err)
	}
	queues, err := queue.QueuesWith(p.slots)
	if err != nil {
		return nil, err
	}
	id := queue.NewWorkerID(host)
	pool, err := p.open(ctx, queue.SessionName(id), workerConnections)
	if err != nil {
		return nil, err
	}
	allow, err := p.allowed()
	if err != nil {
		return nil, err
	}
	m := p.metrics
	return queue.NewWorker(pool, queue.WorkerOptions{
		ID: id, Host: host, PID: os.Getpid(), Version: version(), Queues: queues, Kinds: p.app.kinds(pool, p.files, &allow),
		Observe: func(e queue.Ended) {
			m.JobEnded(e.Kind, e.Outcome, e.Took)
			if e.Outcome == "completed" {
				p.beats.Succeeded(e.Schedule)
			}
		},
		ObserveCost:     m.JobCost,
		ObserveTakeover: m.TakenOver,
		ObserveTick: func(t queue.TickWritten) {
			if t.Reason == "" {
				m.Enqueued(t.Late)
				return
			}
			m.NotEnqueued(t.State, t.Reason)
		},
		Log: p.log, Now: clock.System,
	})
}

// serve answers pages on l until ctx ends.
func (p *process) serve(l net.Listener) func(context.Context) error {
	c := p.settings
	var signIn *web.SignIn // nil where people need not sign in
	if c.SignIn() {
		signIn = &web.SignIn{
			Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: c.OIDC.ClientSecret.Reveal(), PublicURL: c.PublicURL,
		}
	}
	return func(ctx context.Context) error {
		readers, err := p.open(ctx, "cpd-jobs "+p.name, readerConnections)
		if err != nil {
			return err
		}
		// A visitor comes over the network: no file of this machine but those of allowed folders.
		allow, err := p.allowed()
		if err != nil {
			return err
		}
		allow.AnyPath = false
		client, err := queue.NewClient(p.pool, p.app.kinds(p.pool, p.files, &allow), p.log)
		if err != nil {
			return err
		}
		pages := web.New(web.Deps{
			Queue: client, SignIn: signIn, BehindProxy: c.CloudFoundry, TrustedProxies: c.TrustedProxies,
			Contact: c.Contact, Analytics: web.Analytics{ID: c.GoogleAnalytics}, SecurityTxt: c.SecurityTxt,
			DB: readers, Control: p.pool, Store: p.files, Log: p.log, Now: clock.System, Version: version(),
			Metrics: p.metrics.Handler(), Downloaded: p.metrics.Downloaded,
			Schema: func(ctx context.Context) error {
				pending, err := migrations.Pending(ctx, p.pool)
				if err == nil && pending > 0 {
					err = fmt.Errorf("%d migrations are missing", pending)
				}
				return err
			},
		})
		p.log.Info("pages served", "address", "http://"+l.Addr().String())
		return web.Serve(ctx, l, p.metrics.Measure(pages, clock.System), p.log)
	}
}

// listen takes the address of the pages, before anything that takes long: a taken port is said at once.
func (k *console) listen(ctx context.Context) (net.Listener, error) {
	if k.settingsErr != nil {
		return nil, k.settingsErr
	}
	if k.settings.SignIn() {
		return web.ListenAnywhere(ctx, k.settings.Listen)
	}
	return web.Listen(ctx, k.settings.Listen)
}

type workerCommand struct {
	Slots   map[string]int `placeholder:"QUEUE=N" help:"How many jobs of a queue run at once here (syncs=2, reports=2, exports=2, default=10)."`
	Metrics string         `placeholder:"HOST:PORT" env:"METRICS_ADDRESS" help:"Also answer /metrics there, for a Prometheus on the same network: a worker has no pages."`
}

func (c workerCommand) Run(ctx context.Context, a *app) error {
	var l net.Listener
	if c.Metrics != "" {
		var err error
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", c.Metrics); err != nil {
			return run.Invalid("give --metrics a HOST:PORT of this machine that is free, on a network that is not public", "listen on %s for metrics: %w", c.Metrics, err)
		}
	}
	p, err := newProcess(ctx, a, "worker", true)
	if err != nil {
		return err
	}
	p.slots = c.Slots
	if l == nil {
		return p.run(ctx, p.work)
	}
	mux := http.NewServeMux() // /metrics and nothing else: a worker may listen where its pages may not
	mux.Handle("GET /metrics", p.metrics.Handler())
	return p.run(ctx, p.work, func(ctx context.Context) error { return web.Serve(ctx, l, mux, p.log) })
}

type webCommand struct{}

func (webCommand) Run(ctx context.Context, k *console) error {
	l, err := k.listen(ctx)
	if err != nil {
		return err
	}
	a, err := newApp(ctx, k)
	if err != nil {
		return err
	}
	p, err := newProcess(ctx, a, "web", false)
	if err != nil {
		return err
	}
	return p.run(ctx, p.serve(l))
}

type serveCommand struct{}

func (serveCommand) Run(ctx context.Context, k *console) error {
	l, err := k.listen(ctx)
	if err != nil {
		return err
	}
	a, err := newApp(ctx, k)
	if err != nil {
		return err
	}
	p, err := newProcess(ctx, a, "serve", true)
	if err != nil {
		return err
	}
	return p.run(ctx, p.work, p.serve(l))
}
