package metrics

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pgtest"
)

// aDay is a database on which something of everything has happened, and the metrics of a process on it.
func aDay(t *testing.T) (*Metrics, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.New(t)
	story, err := os.ReadFile("testdata/day.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), string(story)); err != nil {
		t.Fatalf("testdata/day.sql: %v", err)
	}
	m := New("v1.2.3")
	somethingOfEach(m)
	m.Register(NewPool(pool), NewDatabase(options(pool)))
	return m, pool
}

func options(pool *pgxpool.Pool) DatabaseOptions {
	return DatabaseOptions{
		DB: pool, Log: slog.New(slog.DiscardHandler), Now: clock.System,
		Targets: map[string]time.Duration{"school_onboarding": 3 * time.Hour},
		Due: func(context.Context) (map[string]time.Time, error) {
			return map[string]time.Time{"register": time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)}, nil
		},
	}
}

func TestWhatTheDatabaseKnows(t *testing.T) {
	t.Parallel()
	m, _ := aDay(t)
	got := scrape(t, m)
	// A value that begins with ~ is an age or a size and must only be there.
	for _, want := range []string{
		`database_up 1`,
		`database_read_success{part="tables"} 1`,
		`queue_jobs{queue="exports",state="available"} 2`,
		`queue_jobs{queue="syncs",state="running"} 1`,
		`queue_jobs{queue="default",state="available"} 0`,
		`queue_oldest_wait_seconds{queue="exports"} 4`,
		`queue_oldest_wait_seconds{queue="syncs"} 0`,
		`job_running_seconds{kind="cpd_sync"} 60`,
		`workers_alive 2`,
		`incidents_open{what="stale"} 1`,
		`incidents_open{what="failed"} 0`,
		`jobs_ended_last_day{kind="gias_sync",state="completed"} 1`,
		`jobs_ended_last_day{kind="gias_sync",state="discarded"} 1`,
		`takeovers_last_day 1`,
		`schedule_last_success_timestamp_seconds{schedule="onboarding"} 1.`,
		`schedule_last_success_timestamp_seconds{schedule="register"} 1.`,
		`schedule_success_due_timestamp_seconds{schedule="register"} 1.7955036e+09`,
		`schedule_next_tick_timestamp_seconds{schedule="register"} 1.`,
		`schedule_paused{schedule="uplift"} 1`,
		`schedule_paused{schedule="exports"} 0`,
		`ticks_late 1`,
		`tick_oldest_late_seconds 9`,
		`ticks_last_day{reason="",state="enqueued"} 2`,
		`ticks_last_day{reason="too_old",state="missed"} 1`,
		`schedules_held 0`,
		`report_as_of_timestamp_seconds{report="school_onboarding"} 1.`,
		`export_last_seconds{report="school_onboarding"} 10`,
		`export_lint_findings{format="xlsx",report="school_onboarding"} 2`,
		`report_freshness_target_seconds{report="school_onboarding"} 10800`,
		`report_rows{report="school_onboarding"} 24000`,
		`report_changes{change="changed",report="school_onboarding"} 412`,
		`report_failing_checks{effect="warned",report="school_onboarding"} 1`,
		`report_failing_checks{effect="stopped",report="school_onboarding"} 2`,
		`report_failing_checks{effect="stopped",report="never_refreshed"} 0`,
		`export_last_bytes{format="xlsx",report="school_onboarding"} 4e+06`,
		`input_rows{input="gias"} 52141`,
		`input_rejected_rows{input="gias"} 9`,
		`input_received_rows{input="gias",outcome="rejected"} 9`,
		`input_received_rows{input="gias",outcome="merged"} `,
		`input_as_at_timestamp_seconds{input="cpd"} 1.`,
		`source_replica_lag_seconds 1.5`,
		`database_connections{state="idle"} `,
		`database_connections_limit `,
		`database_longest_transaction_seconds `,
		`database_oldest_snapshot_seconds `,
		`database_blocks_hit_total `,
		`database_size_bytes `,
		`database_checkpoints_total{cause="timed"} `,
		`table_dead_rows{table="river.river_job"} `,
		`table_size_bytes{table="queue.history"} `,
		`table_size_bytes{table="cpd.*"} `,
		`table_size_bytes{table="restricted.cpd_*"} `,
		`pool_connections_limit 8`,
	} {
		if !strings.Contains(got, "cpd_jobs_"+want) {
			t.Errorf("%s is not shown", want)
		}
	}
	for _, unwanted := range []string{"forgotten", `report_rows{report="never_refreshed"}`, "database_replication_lag", `part="tables"} 0`} {
		if strings.Contains(got, unwanted) {
			t.Errorf("%s is shown", unwanted)
		}
	}
	if t.Failed() {
		t.Logf("shown:\n%s", ours(got))
	}
}

// TestLastSuccessIsTheLatest compares the two ages to seconds: one job has moved to the history, one has not.
func TestLastSuccessIsTheLatest(t *testing.T) {
	t.Parallel()
	_, pool := aDay(t)
	var register, onboarding float64
	err := pool.QueryRow(t.Context(), `
		SELECT extract(epoch FROM now() - finished_at)::float8, (SELECT extract(epoch FROM now() - finished_at)::float8 FROM queue.last_successes WHERE schedule = 'onboarding')
		FROM queue.last_successes WHERE schedule = 'register'`).Scan(&register, &onboarding)
	if err != nil || int(register)/3600 != 2 || int(onboarding)/60 != 5 {
		t.Errorf("register succeeded %.0f s ago, onboarding %.0f (%v); want 2 hours and 5 minutes", register, onboarding, err)
	}
}

// maybe are metrics that are absent where there is nothing to tell of.
var maybe = []string{"database_replication_lag_seconds", "database_replication_lag_bytes"}

func TestEveryDeclaredMetricAppears(t *testing.T) {
	t.Parallel()
	m, pool := aDay(t)
	got := scrape(t, m)
	for name := range NewDatabase(options(pool)).descs {
		if !strings.Contains(got, "# TYPE cpd_jobs_"+name+" ") && !slices.Contains(maybe, name) {
			t.Errorf("%s is declared and never appears", name)
		}
	}
}

func TestDatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	pool.Close()
	m := New("v1")
	m.Register(NewDatabase(options(pool)))
	got := scrape(t, m)
	if !strings.Contains(got, "cpd_jobs_database_up 0") || !strings.Contains(got, "go_goroutines ") {
		t.Errorf("want the database down and the process's own metrics, got:\n%s", ours(got))
	}
	if strings.Contains(got, "cpd_jobs_workers_alive") {
		t.Error("a database that is away still tells of workers")
	}
}

func TestAPartThatFailsLeavesTheRest(t *testing.T) {
	t.Parallel()
	m, pool := aDay(t)
	if _, err := pool.Exec(t.Context(), "ALTER TABLE gias.files RENAME TO fails"); err != nil {
		t.Fatal(err)
	}
	got := scrape(t, m)
	for _, want := range []string{`database_read_success{part="inputs"} 0`, `database_read_success{part="due"} 1`, "workers_alive 2", "database_up 1"} {
		if !strings.Contains(got, "cpd_jobs_"+want) {
			t.Errorf("%s is not shown", want)
		}
	}
	broken := options(pool)
	broken.Due = func(context.Context) (map[string]time.Time, error) { return nil, errors.New("no rule") }
	other := New("v1")
	other.Register(NewDatabase(broken))
	if got := scrape(t, other); !strings.Contains(got, `cpd_jobs_database_read_success{part="due"} 0`) {
		t.Error("rules that fail are not told of")
	}
}

func TestScrapesShareAnAnswerForAWhile(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	o := options(pool)
	now, asked := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), 0
	o.Now = func() time.Time { return now }
	o.Due = func(context.Context) (map[string]time.Time, error) { asked++; return nil, nil }
	m := New("v1")
	m.Register(NewDatabase(o))
	for _, c := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {cacheTTL - time.Second, 1}, {time.Second, 2}, {-time.Hour, 3}} {
		now = now.Add(c.later)
		scrape(t, m)
		if asked != c.want {
			t.Errorf("%s later the database was asked %d times, want %d", c.later, asked, c.want)
		}
	}
}

// TestLittleRoleWillDo reads as a role that may only look at our own tables, as on a managed server.
func TestLittleRoleWillDo(t *testing.T) {
	t.Parallel()
	_, pool := aDay(t)

	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "SET ROLE pg_read_all_data"); err != nil {
		t.Fatal(err)
	}
	d := NewDatabase(options(pool))
	for _, p := range parts() {
		if p.since > 15 || p.until != 0 && p.until < 15 {
			continue
		}
		if _, err := d.readPart(t.Context(), conn, p); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
	if _, err := conn.Exec(t.Context(), "RESET ROLE"); err != nil {
		t.Fatal(err)
	}
}

// labels finds a metric's labels in what a scrape shows.
var labels = regexp.MustCompile(`(?m)^(cpd_jobs_\w+)\{([^}]*)\}`)

func TestFewSeries(t *testing.T) {
	t.Parallel()
	m, _ := aDay(t)
	count := map[string]int{}
	for _, found := range labels.FindAllStringSubmatch(scrape(t, m), -1) {
		count[found[1]]++
	}
	for _, name := range slices.Sorted(maps.Keys(count)) {
		if count[name] > 70 {
			t.Errorf("%s has %d series on a small database", name, count[name])
		}
	}
}

// ours leaves out what the client library says of itself, of Go and of the process.
func ours(shown string) string {
	var lines []string
	for line := range strings.Lines(shown) {
		if strings.HasPrefix(line, "cpd_jobs_") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
