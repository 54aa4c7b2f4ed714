package queue_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

// BenchmarkThousandSchedulesAtOneInstant measures how long after its tick a job starts when 1,000 schedules fire at the
// same moment on two workers of 500 slots.
func BenchmarkThousandSchedulesAtOneInstant(b *testing.B) {
	wide := func(o *queue.WorkerOptions) { o.Queues = map[string]int{"default": 500} }
	quick := kind("quick", func(context.Context, run.Run, testArgs) (run.Outcome, error) { return run.Outcome{}, nil })
	w := start(b, wide, quick)
	w.another(wide, quick)
	var file strings.Builder
	file.WriteString("schedules:\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "- {name: s%04d, kind: quick, cron: \"*/5 * * * * *\", seconds: true, timezone: UTC}\n", i)
	}
	w.schedules(file.String())
	live := clock.System() // ticks that fell due while the file was applied are not what is measured
	for b.Loop() {
		time.Sleep(20 * time.Second) // four firings
	}
	var ticks int
	var p50, p99, worst float64
	err := w.pool.QueryRow(b.Context(), `
		SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY late), percentile_cont(0.99) WITHIN GROUP (ORDER BY late), max(late)
		FROM (
			SELECT 1000 * extract(epoch FROM j.attempted_at - t.tick)::float8 AS late
			FROM queue.ticks AS t JOIN queue.jobs AS j ON j.id = t.job_id WHERE j.attempted_at IS NOT NULL AND t.tick > $1
		) AS started`, live).Scan(&ticks, &p50, &p99, &worst)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(ticks), "ticks")
	b.ReportMetric(p50, "ms-p50")
	b.ReportMetric(p99, "ms-p99")
	b.ReportMetric(worst, "ms-worst")
}
