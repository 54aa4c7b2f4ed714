package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/alarm"
	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/metrics"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
)

// watch looks for what is wrong and tells of it. Workers and pages both do, so that either tells of the other's silence;
// the database sees to it that only one looks at a time and that each thing is told once.
func (a *app) watch(ctx context.Context) (*alarm.Watch, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	pool, err := a.pool(ctx, "cpd-jobs watch", 2) // its own: jobs that take every connection must not silence it
	if err != nil {
		return nil, err
	}
	return alarm.NewWatch(alarm.Options{
		DB: pool, Targets: targets(), Due: dueOf(pool), Webhook: c.Webhook.Reveal(), Environment: c.Environment,
		PublicURL: c.PublicURL, Runbooks: c.Runbooks, Log: a.log(),
	}), nil
}

// measure adds to a process's own metrics what the database knows.
func (a *app) measure(m *metrics.Metrics, pool *pgxpool.Pool) {
	m.Register(metrics.NewPool(pool), metrics.NewDatabase(metrics.DatabaseOptions{
		DB: pool, Targets: targets(), Due: dueOf(pool), Log: a.log(), Now: clock.System,
	}))
}

// targets are how old the data of each report may be.
func targets() map[string]time.Duration {
	ages := map[string]time.Duration{}
	for _, d := range reports.All() {
		ages[d.Name] = d.Freshness
	}
	return ages
}

// dueOf says by when each schedule must succeed.
func dueOf(pool *pgxpool.Pool) func(context.Context) (map[string]time.Time, error) {
	return func(ctx context.Context) (map[string]time.Time, error) {
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

func listenForMetrics(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, run.Invalid("give --metrics a HOST:PORT of this machine that is free, on a network that is not public", "listen on %s for metrics: %w", address, err)
	}
	return l, nil
}

// onlyMetrics answers /metrics and nothing else: a worker may listen where its pages may not.
func onlyMetrics(m *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	return mux
}
