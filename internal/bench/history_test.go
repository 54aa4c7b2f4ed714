package bench

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/housekeeping"
	"cpd-jobs/queue"
	"cpd-jobs/queue/riverdb"
	"cpd-jobs/reports/store"
)

// years is ten million ticks of ten schedules, a tenth of them older than they are kept, and a million finished jobs in
// the history, of which as large a part is old.
const years = `
	INSERT INTO queue.schedules (name, spec, active, generation, accounted_to, next_tick)
	SELECT 's' || n, '{"name": "x", "kind": "probe", "cron": "* * * * *", "timezone": "UTC"}', true, 1, now(), now() + interval '1 minute'
	FROM generate_series(0, 9) AS n;
	INSERT INTO queue.schedule_spans (schedule, after_at, spec, generation)
	SELECT name, now() - interval '2 years', spec, 1 FROM queue.schedules;
	INSERT INTO queue.ticks (schedule, tick, state, reason, job_id, recorded_at)
	SELECT 's' || n % 10, at, CASE WHEN n % 3 = 0 THEN 'skipped' ELSE 'enqueued' END, CASE WHEN n % 3 = 0 THEN 'overlap' END,
	       CASE WHEN n % 3 > 0 THEN n END, at
	FROM (SELECT n, now() - n / 1e7 * interval '444 days' AS at FROM generate_series(10000000, 1, -1) AS n) AS made;
	INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at, attempted_at, finalized_at)
	SELECT 1000001 - n, 'probe', 'default', 1, 'completed', 1, 3, '{}', jsonb_build_object('schedule', 's' || n % 10, 'run_id', 1000001 - n), at, at, at, at
	FROM (SELECT n, now() - n / 1e6 * interval '444 days' AS at FROM generate_series(1000000, 1, -1) AS n) AS made;
	ANALYZE queue.ticks, queue.history, queue.schedules`

// BenchmarkYearsOfHistory measures the slowest statement of the poll, of the heartbeat, of what is asked about schedules and
// of housekeeping, where a year and more has been kept.
func BenchmarkYearsOfHistory(b *testing.B) {
	db := openPool(b, pgtest.URL(b))
	if _, err := db.Exec(b.Context(), years); err != nil {
		b.Fatal(err)
	}
	slow := &slowest{}
	config := db.Config()
	config.ConnConfig.Tracer = slow
	traced, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(traced.Close)
	files, err := store.Folder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	moves := map[string]func(ctx context.Context) error{
		"poll": func(ctx context.Context) error {
			_, err := riverdb.Poll(ctx, traced, 2*time.Second, "bench")
			return err
		},
		"archive": func(ctx context.Context) error {
			_, err := riverdb.Archive(ctx, traced, 10*time.Minute, 5000)
			return err
		},
		"silence": func(ctx context.Context) error {
			_, err := queue.Expect(ctx, traced)
			return err
		},
		"latest ticks": func(ctx context.Context) error {
			_, err := queue.LatestTicks(ctx, traced, []string{"s0", "s1", "s9"}, 20)
			return err
		},
	}
	for b.Loop() {
		for range 20 {
			for _, move := range moves {
				must(move(b.Context()))
			}
		}
		b.ReportMetric(slow.take(b, "asking"), "ms-asking")
		_, err := housekeeping.Kinds(housekeeping.Deps{DB: traced, Store: files})[0].Work(b.Context(), &run.Local{}, nil)
		must(err)
		b.ReportMetric(slow.take(b, "housekeeping"), "ms-housekeeping")
	}
	var ticks, jobs float64
	must(db.QueryRow(b.Context(), "SELECT (SELECT count(*) FROM queue.ticks), (SELECT count(*) FROM queue.history)").Scan(&ticks, &jobs))
	b.ReportMetric(ticks, "ticks-left")
	b.ReportMetric(jobs, "jobs-left")
}

// slowest remembers the statement that took longest.
type slowest struct {
	mu  sync.Mutex
	sql string
	d   time.Duration
}

type began struct {
	sql string
	at  time.Time
}

type beganKey struct{}

func (s *slowest) TraceQueryStart(ctx context.Context, _ *pgx.Conn, start pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, beganKey{}, began{start.SQL, time.Now()})
}

func (s *slowest) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	start, _ := ctx.Value(beganKey{}).(began)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := time.Since(start.at); d > s.d {
		s.sql, s.d = start.sql, d
	}
}

// take gives the slowest statement's milliseconds, and forgets it.
func (s *slowest) take(b *testing.B, what string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Logf("%s: slowest %s: %.300s", what, s.d, strings.Join(strings.Fields(s.sql), " "))
	ms := float64(s.d.Microseconds()) / 1000
	s.sql, s.d = "", 0
	return ms
}
