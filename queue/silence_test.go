package queue

import (
	"testing"
	"time"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/queue/schedule"
)

func TestDueAfter(t *testing.T) {
	t.Parallel()
	hourly := schedule.Schedule{Cron: "5 * * * *", Timezone: "Europe/London", Deadline: schedule.Duration(15 * time.Minute)}
	nightly := schedule.Schedule{Cron: "0 6 * * *", Timezone: "Europe/London"}
	once := schedule.Schedule{Cron: "@every 1m", Timezone: "UTC", Deadline: schedule.Duration(30 * time.Second)}
	for _, c := range []struct {
		name, since, want string
		schedule          schedule.Schedule
	}{
		{"hourly: the next tick, its deadline, and another hour", "2026-11-22T06:06:00Z", "2026-11-22T08:20:00Z", hourly},
		{"nightly: the same morning", "2026-11-21T06:03:00Z", "2026-11-22T09:00:00Z", nightly},
		{"a finished run before its tick counts for that tick alone", "2026-11-22T05:59:00Z", "2026-11-22T09:00:00Z", nightly},
		{"nightly in summer", "2026-07-01T05:03:00Z", "2026-07-02T08:00:00Z", nightly},
		{"each minute", "2026-11-22T06:00:10Z", "2026-11-22T06:02:30Z", once},
	} {
		since, err := time.Parse(time.RFC3339, c.since)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dueAfter(c.schedule, since)
		if err != nil || got.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%s: due %s (%v), want %s", c.name, got.UTC().Format(time.RFC3339), err, c.want)
		}
	}
}

func TestExpectReadsTheLedger(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	_, err := pool.Exec(t.Context(), `
		INSERT INTO queue.schedules (name, spec, accounted_to, next_tick, generation, active)
		SELECT name, format('{"name": "%s", "kind": "probe", "cron": "0 6 * * *", "timezone": "UTC"}', name)::jsonb, now(), next, 1, name <> 'gone'
		FROM (VALUES ('kept', timestamptz '2026-11-22T06:00Z'), ('never', '2026-11-22T06:00Z'), ('paused', '2026-11-22T06:00Z'),
			('resumed', '2026-11-22T06:00Z'), ('waiting', '2026-11-22T06:00Z'), ('over', NULL), ('gone', '2026-11-22T06:00Z')) AS s (name, next);
		INSERT INTO queue.schedule_spans (schedule, after_at, spec, generation)
		SELECT name, '2026-01-01T00:00Z', spec, 1 FROM queue.schedules;
		INSERT INTO queue.pauses (schedule, from_at, until_at, by) VALUES
			('paused', '2026-02-01', NULL, 'test'), ('resumed', '2026-02-01', '2026-03-01T12:00Z', 'test');
		INSERT INTO queue.ticks (schedule, tick, state, reason) VALUES
			('waiting', '2026-04-01T06:00Z', 'skipped', 'paused'), ('waiting', '2026-04-03T06:00Z', 'missed', 'too_old');
		INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at, finalized_at) VALUES
			(1, 'probe', 'default', 1, 'completed', 1, 1, '{}', '{"schedule": "kept"}', now(), now(), '2026-05-01T06:01Z'),
			(2, 'probe', 'default', 1, 'discarded', 1, 1, '{}', '{"schedule": "kept"}', now(), now(), '2026-05-02T06:01Z'),
			(3, 'probe', 'default', 1, 'completed', 1, 1, '{}', '{"schedule": "never", "run_id": 9}', now(), now(), NULL)`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Expect(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range list {
		got[e.Schedule] = e.Due.Format(time.RFC3339)
		if before := e.Due.Add(-time.Second); e.Silent(before) || !e.Silent(e.Due.Add(time.Second)) {
			t.Errorf("%s is not silent exactly from %s on", e.Schedule, e.Due)
		}
	}
	want := map[string]string{
		"kept":    "2026-05-02T09:00:00Z",
		"never":   "2026-01-01T09:00:00Z",
		"resumed": "2026-03-02T09:00:00Z",
		"waiting": "2026-04-02T09:00:00Z",
	}
	for name, due := range want {
		if got[name] != due {
			t.Errorf("%s is due %s, want %s", name, got[name], due)
		}
	}
	if len(got) != len(want) {
		t.Errorf("expected of %v, want of %v", got, want)
	}
}
