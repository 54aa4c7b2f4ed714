// Package bench measures what crosses rooms. It is tests alone.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/log"
	"cpd-jobs/internal/metrics"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/jobs/probe"
	"cpd-jobs/migrations"
	"cpd-jobs/queue"
)

// The settings that both workers have.
const (
	jobsPerRound  = 20_000
	rounds        = 7
	slots         = 500
	connections   = 24
	fetchCooldown = 20 * time.Millisecond
	roundWithin   = 2 * time.Minute
)

// BenchmarkJobsPerSecond works probes that do nothing through our worker with everything on and through a plain River
// client with the same settings, in turns, so that what else the machine does falls on both.
func BenchmarkJobsPerSecond(b *testing.B) {
	own, plainRiver := openPool(b, pgtest.URL(b)), openPool(b, pgtest.NewEmpty(b))
	migrateRiver(b, plainRiver)
	for b.Loop() {
		var ours, plain, ratios []float64
		for round := range rounds {
			contenders := []func() float64{
				func() float64 { ours = append(ours, workOurs(b, own)); return ours[round] },
				func() float64 { plain = append(plain, workPlain(b, plainRiver)); return plain[round] },
			}
			if round%2 == 1 {
				slices.Reverse(contenders)
			}
			for _, contend := range contenders {
				contend()
			}
			ratios = append(ratios, ours[round]/plain[round])
		}
		b.ReportMetric(median(ours), "jobs/s")
		b.ReportMetric(median(plain), "plain-jobs/s")
		b.ReportMetric(median(ratios), "ratio")
	}
}

func openPool(b *testing.B, url string) *pgxpool.Pool {
	b.Helper()
	pool, err := pg.Open(b.Context(), url, pg.PoolOptions{App: "bench", MaxConns: connections})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return pool
}

// migrateRiver makes River's tables as River has them.
func migrateRiver(b *testing.B, pool *pgxpool.Pool) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), "CREATE SCHEMA "+migrations.RiverSchema); err != nil {
		b.Fatal(err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: migrations.RiverSchema})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := migrator.Migrate(b.Context(), rivermigrate.DirectionUp, nil); err != nil {
		b.Fatal(err)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// workOurs is our worker as the command line starts it: metrics, a log line for each job, every loop.
func workOurs(b *testing.B, pool *pgxpool.Pool) float64 {
	m := metrics.New("bench")
	ended := newCountdown(jobsPerRound)
	worker, err := queue.NewWorker(pool, queue.WorkerOptions{
		ID: queue.NewWorkerID("bench"), Host: "bench", PID: 1, Version: "bench",
		Queues: map[string]int{"default": slots}, Kinds: probe.Kinds(probe.Deps{DB: pool}),
		Observe: func(e queue.Ended) {
			m.JobEnded(e.Kind, e.Outcome, e.Took)
			ended.tick()
		},
		Log: log.New(io.Discard, log.Options{Format: "json"}), Now: clock.System,
	})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, pool, func(ctx context.Context, tx pgx.Tx) error {
		requests := make([]queue.Request, jobsPerRound)
		for i := range requests {
			requests[i] = queue.Request{Kind: "probe", By: "bench"}
		}
		_, err := worker.Client().EnqueueTx(ctx, tx, requests...)
		return err
	})
	return ended.time(b, worker.Run)
}

// plainArgs are of the kind probe for a River without us.
type plainArgs struct{}

func (plainArgs) Kind() string { return "probe" }

func workPlain(b *testing.B, pool *pgxpool.Pool) float64 {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[plainArgs]) error { return nil }))
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: migrations.RiverSchema, Logger: slog.New(slog.DiscardHandler), Workers: workers,
		Queues:        map[string]river.QueueConfig{"default": {MaxWorkers: slots}},
		FetchCooldown: fetchCooldown,
	})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, pool, func(ctx context.Context, tx pgx.Tx) error {
		params := make([]river.InsertManyParams, jobsPerRound)
		for i := range params {
			params[i] = river.InsertManyParams{Args: plainArgs{}}
		}
		_, err := client.InsertManyFastTx(ctx, tx, params)
		return err
	})
	events, unsubscribe := client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 2 * jobsPerRound, Kinds: []river.EventKind{river.EventKindJobCompleted},
	})
	defer unsubscribe()
	ended := newCountdown(jobsPerRound)
	go func() {
		for range events {
			ended.tick()
		}
	}()
	return ended.time(b, func(ctx context.Context) error {
		if err := client.Start(ctx); err != nil {
			return err
		}
		<-client.Stopped()
		return nil
	})
}

// fill empties the queue and inserts the jobs of a round.
func fill(b *testing.B, pool *pgxpool.Pool, insert func(context.Context, pgx.Tx) error) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), "TRUNCATE river.river_job"); err != nil {
		b.Fatal(err)
	}
	if err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error { return insert(b.Context(), tx) }); err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), "ANALYZE river.river_job"); err != nil {
		b.Fatal(err)
	}
}

// countdown waits for a number of things.
type countdown struct {
	left int
	done chan struct{}
}

func newCountdown(n int) *countdown { return &countdown{left: n, done: make(chan struct{})} }

// tick is called from one goroutine.
func (c *countdown) tick() {
	if c.left--; c.left == 0 {
		close(c.done)
	}
}

// time runs a worker until everything has ended, and returns how many a second that was.
func (c *countdown) time(b *testing.B, work func(context.Context) error) float64 {
	b.Helper()
	ctx, cancel := context.WithTimeoutCause(b.Context(), roundWithin, errors.New("the round takes too long"))
	defer cancel()
	stopped := make(chan error, 1)
	start := time.Now()
	go func() { stopped <- work(ctx) }()
	select {
	case <-c.done:
	case err := <-stopped:
		b.Fatal(fmt.Errorf("the worker stopped: %w", errors.Join(err, context.Cause(ctx))))
	}
	took := time.Since(start)
	cancel()
	if err := <-stopped; err != nil {
		b.Fatal(err)
	}
	return jobsPerRound / took.Seconds()
}
