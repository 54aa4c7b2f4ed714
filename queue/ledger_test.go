package queue_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

func noop(name string) run.Kind {
	return kind(name, func(context.Context, run.Run, testArgs) (run.Outcome, error) { return run.Outcome{}, nil })
}

// away makes the ledger look as if no worker had run for a while.
func (b *bench) away(name string, d time.Duration) {
	b.t.Helper()
	for _, statement := range []string{
		"UPDATE queue.schedule_spans SET after_at = after_at - $2::interval WHERE schedule = $1",
		"UPDATE queue.schedules SET accounted_to = accounted_to - $2::interval, next_tick = clock_timestamp() WHERE name = $1",
	} {
		if _, err := b.pool.Exec(b.t.Context(), statement, name, d); err != nil {
			b.t.Fatal(err)
		}
	}
}

// counts are the ticks of a schedule by state and reason, as "state/reason: n".
func (b *bench) counts(name string) map[string]int {
	b.t.Helper()
	rows, _ := b.pool.Query(b.t.Context(), `
		SELECT concat_ws('/', state, reason), count(*) FROM queue.ticks WHERE schedule = $1 GROUP BY 1`, name)
	counts := map[string]int{}
	var key string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error { counts[key] = n; return nil }); err != nil {
		b.t.Fatal(err)
	}
	return counts
}

// settled waits until every tick that is due has its row.
func (b *bench) settled(name string) {
	b.t.Helper()
	waitFor(b.t, b.pool, fmt.Sprintf("SELECT count(*) FROM queue.schedules WHERE name = '%s' AND next_tick > clock_timestamp()", name))
}

func TestEverySecondOnceOnTwoWorkers(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	b.another(nil, noop("tick"))
	b.schedules(`schedules: [{name: each-second, kind: tick, cron: "* * * * * *", seconds: true, timezone: UTC}]`)
	waitFor(t, b.pool, "SELECT greatest(count(*) - 3, 0) FROM queue.ticks")
	var ticks, jobs, gaps int
	// On a busy machine a tick may be skipped because the job of the one before still runs.
	err := b.pool.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE state = 'enqueued'), count(DISTINCT job_id), count(*) FILTER (WHERE before <> tick - interval '1 second')
		FROM (SELECT *, lag(tick) OVER (ORDER BY tick) AS before FROM queue.ticks) AS t`).Scan(&ticks, &jobs, &gaps)
	if err != nil || jobs != ticks || gaps > 0 {
		t.Errorf("%d ticks, %d jobs, %d gaps (%v)", ticks, jobs, gaps, err)
	}
	var twice int
	err = b.pool.QueryRow(t.Context(), `
		SELECT count(*) FROM (SELECT metadata ->> 'tick' FROM queue.jobs GROUP BY 1 HAVING count(*) > 1) AS twice`).Scan(&twice)
	if err != nil || twice > 0 {
		t.Errorf("%d ticks have two jobs (%v)", twice, err)
	}
}

func TestCatchUpAfterThreeHours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy string
		want   string
	}{
		{"{policy: none}", "map[missed/catch_up_none:3]"},
		{"{policy: latest}", "map[enqueued:1 missed/too_old:2]"},
		{"{policy: all}", "map[enqueued:3]"},
		{"{policy: all, max_count: 2}", "map[enqueued:2 missed/too_old:1]"},
	} {
		t.Run(c.policy, func(t *testing.T) {
			t.Parallel()
			b := start(t, nil, noop("tick"))
			// Half an hour from now, so that no tick is near.
			minute := (clock.System().Minute() + 30) % 60
			b.schedules(fmt.Sprintf(`schedules: [{name: hourly, kind: tick, cron: "%d * * * *", timezone: UTC, catch_up: %s}]`, minute, c.policy))
			b.away("hourly", 3*time.Hour)
			b.settled("hourly")
			if got := fmt.Sprint(b.counts("hourly")); got != c.want {
				t.Errorf("ticks are %s, want %s", got, c.want)
			}
		})
	}
}

func TestTwoWeeksOfSecondsDoNotFlood(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	b.schedules(`schedules: [{name: busy, kind: tick, cron: "*/10 * * * * *", seconds: true, timezone: UTC, catch_up: {policy: latest}, overlap: queue}]`)
	b.away("busy", 14*24*time.Hour)
	waitFor(t, b.pool, "SELECT greatest(count(*) - 14 * 24 * 360, 0) FROM queue.ticks")
	counts := b.counts("busy")
	if counts["enqueued"] > 20 || counts["missed/too_old"] < 120_900 {
		t.Errorf("ticks are %v", counts)
	}
}

func TestPausedTicksAreSkippedAndNeverMadeUp(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	b.schedules(`schedules: [{name: each-second, kind: tick, cron: "* * * * * *", seconds: true, timezone: UTC, catch_up: {policy: all}}]`)
	if err := queue.Pause(t.Context(), b.pool, "each-second", time.Time{}, "person test", "quiet"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b.pool, "SELECT greatest(count(*) - 1, 0) FROM queue.ticks WHERE reason = 'paused'")
	if err := queue.Resume(t.Context(), b.pool, "each-second"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b.pool, "SELECT count(*) FROM queue.ticks WHERE state = 'enqueued' AND tick > (SELECT max(until_at) FROM queue.pauses)")
	var wrong int
	err := b.pool.QueryRow(t.Context(), `
		SELECT count(*) FROM queue.ticks AS t JOIN queue.pauses AS p ON t.tick >= p.from_at AND t.tick < p.until_at
		WHERE t.state <> 'skipped'`).Scan(&wrong)
	if err != nil || wrong > 0 {
		t.Errorf("%d ticks ran in the pause (%v)", wrong, err)
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ overlap, want string }{
		{"skip", "SELECT count(*) FROM queue.ticks WHERE reason = 'overlap'"},
		{"cancel_running", "SELECT count(*) FROM queue.jobs WHERE state = 'cancelled'"},
	} {
		t.Run(c.overlap, func(t *testing.T) {
			t.Parallel()
			b := start(t, nil, kind("long", func(ctx context.Context, _ run.Run, _ testArgs) (run.Outcome, error) {
				<-ctx.Done()
				return run.Outcome{}, ctx.Err()
			}))
			b.schedules(fmt.Sprintf(`schedules: [{name: long, kind: long, cron: "* * * * * *", seconds: true, timezone: UTC, overlap: %s}]`, c.overlap))
			waitFor(t, b.pool, c.want)
		})
	}
}

func TestRestoredCopyHoldsItsTicks(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	b.schedules(`schedules: [{name: hourly, kind: tick, cron: "0 * * * *", timezone: UTC, catch_up: {policy: all}}]`)
	b.settled("hourly")
	if _, err := queue.Held(t.Context(), b.pool); err != nil { // records which database this is
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(t.Context(), "UPDATE queue.identity SET database_oid = 1"); err != nil {
		t.Fatal(err)
	}
	b.away("hourly", 5*time.Hour)
	hold, err := queue.Held(t.Context(), b.pool)
	if err != nil || !hold.Held || hold.Ticks != 1 {
		t.Fatalf("hold is %+v (%v)", hold, err)
	}
	if n := len(b.counts("hourly")); n > 0 {
		t.Errorf("a held schedule has ticks: %v", b.counts("hourly"))
	}
	if confirmed, err := queue.Confirm(t.Context(), b.pool, "person test"); err != nil || !confirmed {
		t.Fatalf("confirm: %v, %v", confirmed, err)
	}
	b.settled("hourly")
	if got := b.counts("hourly"); got["skipped/restored"] != 5 || got["enqueued"] > 0 {
		t.Errorf("ticks are %v, want five that are skipped as restored", got)
	}
}

// pg_upgrade keeps the files of a database, and so the row that says which it is, in a cluster with another identifier.
func TestUpgradedClusterIsNotHeld(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	if _, err := queue.Held(t.Context(), b.pool); err != nil { // records which database this is
		t.Fatal(err)
	}
	b.exec("UPDATE queue.identity SET system_identifier = 1, written_by = pg_current_xact_id()::xid")
	if hold, err := queue.Held(t.Context(), b.pool); err != nil || hold.Held {
		t.Errorf("an upgraded cluster is held: %+v (%v)", hold, err)
	}
	b.exec("UPDATE queue.identity SET system_identifier = 1") // as a restored dump has it: another transaction wrote the row
	if hold, err := queue.Held(t.Context(), b.pool); err != nil || !hold.Held {
		t.Errorf("a restored copy is not held: %+v (%v)", hold, err)
	}
	if confirmed, err := queue.Confirm(t.Context(), b.pool, "person test"); err != nil || !confirmed {
		t.Fatalf("confirm: %v, %v", confirmed, err)
	}
	b.exec("UPDATE queue.identity SET system_identifier = 1, written_by = pg_current_xact_id()::xid")
	if hold, err := queue.Held(t.Context(), b.pool); err != nil || hold.Held {
		t.Errorf("a confirmed copy that is upgraded is held: %+v (%v)", hold, err)
	}
}

func TestFilesByGeneration(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	apply := func(text string) queue.Applied {
		t.Helper()
		file, _, err := schedule.Parse([]byte(text), b.worker.Client().Kind, clock.System())
		if err != nil {
			t.Fatal(err)
		}
		applied, err := queue.ApplySchedules(t.Context(), b.pool, file, []byte(text), "test")
		if err != nil {
			t.Fatal(err)
		}
		return applied
	}
	first := `schedules: [{name: nightly, kind: tick, cron: "0 6 * * *"}]`
	second := `schedules: [{name: nightly, kind: tick, cron: "0 7 * * *"}, {name: more, kind: tick, cron: "0 8 * * *"}]`
	for _, c := range []struct {
		title, text string
		applied     bool
		generation  int64
	}{
		{"the first file", first, true, 1},
		{"the same again", first, false, 1},
		{"a new version", second, true, 2},
		{"a worker that starts again with the old version", first, false, 2},
		{"a roll back without a higher generation", "generation: 2\n" + first, false, 2},
		{"a roll back", "generation: 3\n" + first, true, 3},
	} {
		if got := apply(c.text); got.Applied != c.applied || got.Generation != c.generation || !c.applied && c.title != "the same again" && got.Reason == "" {
			t.Errorf("%s: %+v, want applied %v, generation %d", c.title, got, c.applied, c.generation)
		}
	}
	list, err := queue.Schedules(t.Context(), b.pool)
	if err != nil || len(list) != 1 || list[0].Cron != "0 6 * * *" {
		t.Errorf("live schedules are %+v (%v)", list, err)
	}
}

func TestChangedCronStartsAfterTheOldOnesNextTick(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	b.schedules(`schedules: [{name: job, kind: tick, cron: "0 6 * * *", timezone: UTC}]`)
	old, err := queue.FindSchedule(t.Context(), b.pool, "job")
	if err != nil {
		t.Fatal(err)
	}
	b.schedules(`schedules: [{name: job, kind: tick, cron: "* * * * *", timezone: UTC}]`)
	changed, err := queue.FindSchedule(t.Context(), b.pool, "job")
	if err != nil || !changed.NextTick.Equal(*old.NextTick) {
		t.Fatalf("next tick is %v, want the old cron's: %v (%v)", changed.NextTick, old.NextTick, err)
	}
	var after time.Time
	err = b.pool.QueryRow(t.Context(), "SELECT after_at FROM queue.schedule_spans WHERE until_at IS NULL").Scan(&after)
	if err != nil || !after.Equal(*old.NextTick) {
		t.Errorf("the new cron starts after %s (%v), want %s", after, err, old.NextTick)
	}
}

func TestBackfillRunsWhatDidNot(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	minute := (clock.System().Minute() + 30) % 60
	b.schedules(fmt.Sprintf(`schedules: [{name: hourly, kind: tick, cron: "%d * * * *", timezone: UTC, catch_up: {policy: latest}}]`, minute))
	b.away("hourly", 6*time.Hour)
	b.settled("hourly")
	s, err := queue.FindSchedule(t.Context(), b.pool, "hourly")
	if err != nil {
		t.Fatal(err)
	}
	now := clock.System()
	ask := queue.Backfill{Schedule: "hourly", From: now.Add(-7 * time.Hour), To: now, AtOnce: 1, By: "person test"}
	plan, err := queue.PlanBackfill(t.Context(), b.pool, s.Schedule, ask)
	runs := 0
	for _, p := range plan {
		if p.Runs {
			runs++
		}
	}
	if err != nil || len(plan) != 7 || runs != 6 {
		t.Fatalf("plan is %+v (%v), want 6 of 7 to run", plan, err)
	}
	if _, err := queue.StartBackfill(t.Context(), b.pool, s.Schedule, ask); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b.pool, "SELECT count(*) FROM queue.backfills WHERE finished_at IS NOT NULL")
	if got := b.counts("hourly"); got["enqueued"] != 7 || len(got) != 1 {
		t.Errorf("ticks are %v, want 7 that ran", got)
	}
	jobs, err := queue.ListJobs(t.Context(), b.pool, queue.JobFilter{Limit: 100})
	if err != nil || len(jobs) != 7 || !strings.Contains(jobs[0].StartedBy, "backfill") {
		t.Errorf("%d jobs, the last started by %s (%v)", len(jobs), jobs[0].StartedBy, err)
	}
}

func TestJitterMovesTheStartNeverTheTick(t *testing.T) {
	t.Parallel()
	b := start(t, nil, noop("tick"))
	entry := `{name: %s, kind: tick, cron: "* * * * * *", seconds: true, timezone: UTC, jitter: 1h}`
	b.schedules(fmt.Sprintf("schedules: ["+entry+", "+entry+", "+entry+"]", "spread", "scatter", "strew"))
	waitFor(t, b.pool, "SELECT greatest(count(DISTINCT schedule) - 2, 0) FROM queue.ticks WHERE state = 'enqueued'")
	var ticks, outside, starts int
	err := b.pool.QueryRow(t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE j.scheduled_at < t.tick OR j.scheduled_at >= t.tick + interval '1 hour'),
		       count(DISTINCT j.scheduled_at - t.tick)
		FROM queue.ticks AS t JOIN queue.jobs AS j ON j.id = t.job_id AND (j.metadata ->> 'tick')::timestamptz = t.tick`).Scan(&ticks, &outside, &starts)
	if err != nil || ticks < 3 || outside > 0 || starts < 2 {
		t.Errorf("%d ticks, %d start outside their hour, %d different delays (%v)", ticks, outside, starts, err)
	}
}

// A job knows the tick that it is for, whenever it runs.
func TestJobKnowsItsTick(t *testing.T) {
	t.Parallel()
	told := make(chan time.Time, 100)
	b := start(t, nil, kind("tell", func(_ context.Context, r run.Run, _ testArgs) (run.Outcome, error) {
		told <- r.Tick()
		return run.Outcome{}, nil
	}))
	b.schedules(`schedules: [{name: daily, kind: tell, cron: "30 6 * * *", catch_up: {policy: latest}}]`)
	b.away("daily", 48*time.Hour)
	at := (<-told).In(time.UTC)
	zone, err := schedule.Zone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	if local := at.In(zone).Format("15:04:05"); local != "06:30:00" {
		t.Errorf("the job was told that it is for %s", at)
	}
}
