package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/alarm"
	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/config"
	"cpd-jobs/internal/metrics"
	"cpd-jobs/migrations"
	"cpd-jobs/queue"
	"cpd-jobs/web"
)

// workerConnections is the pool of a worker: one for River's notifications, the rest for jobs and what looks after
// them. Too few and a sync's parallel copies wait for each other; too many and several workers exhaust the server.
const workerConnections = 24

type workerCommand struct {
	Slots   map[string]int `placeholder:"QUEUE=N" help:"How many jobs of a queue run at once here (syncs=2, reports=2, exports=2, default=10)."`
	Metrics string         `placeholder:"HOST:PORT" env:"METRICS_ADDRESS" help:"Also answer /metrics there, for a Prometheus on the same network: a worker has no pages."`
}

func (c workerCommand) Run(ctx context.Context, a *app) error {
	a.slots = c.Slots
	defer a.steerLog(ctx)()
	m := metrics.New(version())
	if c.Metrics == "" {
		return a.work(ctx, m)
	}
	l, err := listenForMetrics(ctx, c.Metrics)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.work(ctx, m) })
	g.Go(func() error { return web.Serve(ctx, l, onlyMetrics(m), a.log()) })
	return g.Wait()
}

type webCommand struct{}

func (webCommand) Run(ctx context.Context, a *app) error {
	defer a.steerLog(ctx)()
	l, err := a.listen(ctx)
	if err != nil {
		return err
	}
	return a.serve(ctx, l, metrics.New(version()))
}

type serveCommand struct{}

func (serveCommand) Run(ctx context.Context, a *app) error {
	defer a.steerLog(ctx)()
	return a.workAndServe(ctx)
}

// workAndServe runs jobs and pages in one process until ctx ends.
func (a *app) workAndServe(ctx context.Context) error {
	l, err := a.listen(ctx)
	if err != nil {
		return err
	}
	if _, err := a.databaseURL(ctx); err != nil { // both need it, and one of them starts it
		return err
	}
	m := metrics.New(version())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.work(ctx, m) })
	g.Go(func() error { return a.serve(ctx, l, m) })
	return g.Wait()
}

// work runs jobs until ctx ends.
func (a *app) work(ctx context.Context, m *metrics.Metrics) error {
	worker, err := a.worker(ctx, m)
	if err != nil {
		return err
	}
	if err := a.applySchedules(ctx, worker.ID); err != nil {
		return err
	}
	watch, err := a.watch(ctx)
	if err != nil {
		return err
	}
	return alongside(ctx, watch.Run, func(ctx context.Context) error { return a.workAs(ctx, worker, m) })
}

// workAs runs jobs as the given worker; one that was taken for dead starts again as another.
func (a *app) workAs(ctx context.Context, worker *queue.Worker, m *metrics.Metrics) error {
	for {
		a.log().Info("worker started", "worker", worker.ID)
		err := alongside(ctx, a.beats.Run, worker.Run)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // told to stop before it had begun
		}
		if !errors.Is(err, queue.ErrWorkerLost) {
			return err
		}
		if worker, err = a.worker(ctx, m); err != nil {
			return err
		}
	}
}

// worker prepares a worker whose sessions can be told from those of others.
func (a *app) worker(ctx context.Context, m *metrics.Metrics) (*queue.Worker, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find this machine's name: %w", err)
	}
	id := queue.NewWorkerID(host)
	pool, err := a.pool(ctx, queue.SessionName(id), workerConnections)
	if err != nil {
		return nil, err
	}
	if _, err := migrate(ctx, pool); err != nil {
		return nil, err
	}
	kinds, err := a.kinds(ctx, pool)
	if err != nil {
		return nil, err
	}
	queues, err := queue.QueuesWith(a.slots)
	if err != nil {
		return nil, err
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	a.beats = alarm.NewHeartbeats(func(schedule string) string { return c.Heartbeat(schedule).Reveal() }, a.log())
	return queue.NewWorker(pool, queue.WorkerOptions{
		ID: id, Host: host, PID: os.Getpid(), Version: version(), Queues: queues, Kinds: kinds,
		Observe: func(e queue.Ended) {
			m.JobEnded(e.Kind, e.Outcome, e.Took)
			if e.Outcome == "completed" {
				a.beats.Succeeded(e.Schedule)
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
		Log: a.log(), Now: clock.System,
	})
}

func (a *app) listen(ctx context.Context) (net.Listener, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	if c.SignIn() {
		return web.ListenAnywhere(ctx, c.Listen)
	}
	return web.Listen(ctx, c.Listen)
}

// serve answers pages until ctx ends.
func (a *app) serve(ctx context.Context, l net.Listener, m *metrics.Metrics) error {
	pool, err := a.pool(ctx, "cpd-jobs web", 8)
	if err != nil {
		return err
	}
	if err := a.checkSchema(ctx, pool); err != nil {
		return err
	}
	files, err := a.store()
	if err != nil {
		return err
	}
	a.measure(m, pool)
	watch, err := a.watch(ctx)
	if err != nil {
		return err
	}
	client, _, err := a.client(ctx)
	if err != nil {
		return err
	}
	c, err := a.config()
	if err != nil {
		return err
	}
	pages := web.New(web.Deps{
		Queue: client, SignIn: signIn(c), BehindProxy: c.CloudFoundry, Contact: c.Contact, Analytics: web.Analytics{ID: c.GoogleAnalytics},
		DB: pool, Store: files, Log: a.log(), Now: clock.System, Version: version(), Metrics: m.Handler(), SecurityTxt: c.SecurityTxt, Downloaded: m.Downloaded,
		Schema: func(ctx context.Context) error { return schemaCurrent(ctx, pool) },
	})
	a.log().Info("pages served", "address", "http://"+l.Addr().String())
	return alongside(ctx, watch.Run, func(ctx context.Context) error {
		return web.Serve(ctx, l, m.Measure(pages, clock.System), a.log())
	})
}

// signIn is how people sign in, nil where nobody does.
func signIn(c *config.Config) *web.SignIn {
	if !c.SignIn() {
		return nil
	}
	return &web.SignIn{
		Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: c.OIDC.ClientSecret.Reveal(), PublicURL: c.PublicURL,
	}
}

func schemaCurrent(ctx context.Context, pool *pgxpool.Pool) error {
	pending, err := migrations.Pending(ctx, pool)
	if err == nil && pending > 0 {
		err = fmt.Errorf("%d migrations are missing", pending)
	}
	return err
}
