package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/export"
	"cpd-jobs/jobs/probe"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
	"cpd-jobs/reports"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/store"
)

// schoolsVariable sets the smallest size of BenchmarkSchools: the country's if it is not set.
const schoolsVariable = "BENCH_SCHOOLS"

// BenchmarkSchools does the main job on sources of one, three and ten times the size.
func BenchmarkSchools(b *testing.B) {
	size := demo.DefaultSchools
	if text := os.Getenv(schoolsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			b.Fatalf("%s is %q, want a number of schools", schoolsVariable, text)
		}
		size = n
	}
	for _, times := range []int{1, 3, 10} {
		b.Run(fmt.Sprintf("schools=%d", times*size), func(b *testing.B) {
			source := pgtest.NewEmpty(b)
			if _, err := demo.Source(b.Context(), source, demo.Options{Schools: times * size, Seed: 1, AsOf: refreshAsOf}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				mainJob(b, source)
			}
		})
	}
}

// mainJob copies, refreshes and exports on a fresh database, and reports how long each took.
func mainJob(b *testing.B, source string) {
	db := pgtest.New(b)
	def, err := reports.Find("school_onboarding")
	if err != nil {
		b.Fatal(err)
	}
	if err := reports.EnsureTables(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	files, err := store.Folder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	timed(b, "sync-s", func() error {
		_, err := cpd.Sync(b.Context(), &run.Local{}, cpd.Deps{DB: db, SourceURL: source}, cpd.Args{})
		return err
	})
	timed(b, "refresh-s", func() error {
		_, err := refresh.Report(b.Context(), &run.Local{}, db, def, refresh.Options{Now: clock.System})
		return err
	})
	for _, format := range []string{"xlsx", "csv"} {
		timed(b, format+"-s", func() error {
			_, err := export.Export(b.Context(), &run.Local{}, export.Deps{DB: db, Store: files}, export.Args{Report: def.Name, Formats: []string{format}})
			return err
		})
	}
	var rows int64
	if err := db.QueryRow(b.Context(), "SELECT count(*) FROM reports.school_onboarding").Scan(&rows); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(rows), "rows")
}

func timed(b *testing.B, unit string, f func() error) {
	b.Helper()
	began := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), unit)
}

// quietly are the options of a worker of these benchmarks.
func quietly(db *pgxpool.Pool, limit int, observe func(queue.Ended)) queue.WorkerOptions {
	return queue.WorkerOptions{
		ID: queue.NewWorkerID("bench"), Host: "bench", PID: 1, Version: "bench", Queues: map[string]int{"default": limit},
		Kinds: probe.Kinds(probe.Deps{DB: db}), Observe: observe, Log: slog.New(slog.DiscardHandler), Now: clock.System,
	}
}

// BenchmarkWorkers works the same jobs with one, two and four workers.
func BenchmarkWorkers(b *testing.B) {
	for _, workers := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(workTogether(b, workers), "jobs/s")
			}
		})
	}
}

func workTogether(b *testing.B, workers int) (perSecond float64) {
	url := pgtest.URL(b)
	ended := newCountdown(jobsPerRound)
	events := make(chan struct{}, jobsPerRound) // of several workers, counted by one
	defer close(events)                         // by then all have stopped
	go func() {
		for range events {
			ended.tick()
		}
	}()
	list := make([]*queue.Worker, workers)
	for i := range list {
		pool := openPool(b, url)
		var err error
		list[i], err = queue.NewWorker(pool, quietly(pool, slots, func(queue.Ended) { events <- struct{}{} }))
		if err != nil {
			b.Fatal(err)
		}
	}
	fill(b, openPool(b, url), func(ctx context.Context, tx pgx.Tx) error {
		requests := make([]queue.Request, jobsPerRound)
		for i := range requests {
			requests[i] = queue.Request{Kind: "probe", By: "bench"}
		}
		_, err := list[0].Client().EnqueueTx(ctx, tx, requests...)
		return err
	})
	return ended.time(b, func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		for _, w := range list {
			g.Go(func() error { return w.Run(ctx) })
		}
		return g.Wait()
	})
}

// BenchmarkSchedules has more and more schedules fire at one instant, on one worker.
func BenchmarkSchedules(b *testing.B) {
	for _, n := range []int{100, 300, 1000, 3000} {
		b.Run(fmt.Sprintf("schedules=%d", n), func(b *testing.B) {
			for b.Loop() {
				fireTogether(b, n)
			}
		})
	}
}

// firings is how often all schedules fire while it is measured.
const firings = 3

func fireTogether(b *testing.B, schedules int) {
	pool := openPool(b, pgtest.URL(b))
	worker, err := queue.NewWorker(pool, quietly(pool, slots, nil))
	if err != nil {
		b.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("schedules:\n")
	for i := range schedules {
		fmt.Fprintf(&text, "- {name: s%04d, kind: probe, cron: \"*/5 * * * * *\", seconds: true, timezone: UTC}\n", i)
	}
	file, _, err := schedule.Parse([]byte(text.String()), worker.Client().Kind, clock.System())
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	if _, err := queue.ApplySchedules(b.Context(), pool, file, []byte(text.String()), "bench"); err != nil {
		b.Fatal(err)
	}
	live := clock.System()
	for fired := 0; fired < firings*schedules; time.Sleep(100 * time.Millisecond) {
		err := pool.QueryRow(b.Context(), `
			SELECT count(*) FROM queue.ticks AS t JOIN queue.jobs AS j ON j.id = t.job_id WHERE j.attempted_at IS NOT NULL AND t.tick > $1`, live).Scan(&fired)
		if err != nil {
			b.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	var half, most float64
	err = pool.QueryRow(b.Context(), `
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late), percentile_cont(0.99) WITHIN GROUP (ORDER BY late)
		FROM (
			SELECT 1000 * extract(epoch FROM j.attempted_at - t.tick)::float8 AS late
			FROM queue.ticks AS t JOIN queue.jobs AS j ON j.id = t.job_id WHERE j.attempted_at IS NOT NULL AND t.tick > $1
		) AS started`, live).Scan(&half, &most)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(half, "ms-p50")
	b.ReportMetric(most, "ms-p99")
}
