package queue_test

import (
	"testing"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/queue"
)

// A retry comes when the database says that it is due, on a worker whose clock is wrong by an hour.
func TestRetriesFollowTheDatabasesClock(t *testing.T) {
	t.Parallel()
	for _, wrong := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(wrong.String(), func(t *testing.T) {
			t.Parallel()
			skewed := func() time.Time { return clock.System().Add(wrong) }
			b := start(t, func(o *queue.WorkerOptions) { o.Now = skewed }, kind("flaky", flaky(1)))
			b.polled()
			id := b.enqueue("flaky", "{}")
			waitFor(t, b.pool, "SELECT count(*) FROM queue.jobs WHERE errors <> '[]'")
			var wait float64
			err := b.pool.QueryRow(t.Context(), `
				SELECT extract(epoch FROM scheduled_at - (errors -> 0 ->> 'at')::timestamptz)::float8 FROM queue.jobs WHERE id = $1`, id).Scan(&wait)
			if err != nil || wait < 3 || wait > 8 {
				t.Errorf("the retry is due %.1f s after the failure by the database's clock (%v), want about five", wait, err)
			}
			var off float64
			err = b.pool.QueryRow(t.Context(), `
				SELECT abs(extract(epoch FROM (errors -> 0 ->> 'at')::timestamptz - clock_timestamp()))::float8 FROM queue.jobs WHERE id = $1`, id).Scan(&off)
			if err != nil || off > 1800 {
				t.Errorf("the failure is %.0f s away from the database's clock (%v)", off, err)
			}
		})
	}
}
