package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cpd-jobs/internal/doctor"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/smoke"
	"cpd-jobs/queue"
)

// examine runs doctor and returns its findings by area and check.
func (p *place) examine(status int, args ...string) map[string]doctor.Finding {
	p.t.Helper()
	r := p.run(append([]string{"doctor", "--json"}, args...)...)
	if r.status != status {
		p.t.Errorf("doctor: status %d, want %d\n%s%s", r.status, status, r.stdout, r.stderr)
	}
	var said struct{ Findings []doctor.Finding }
	if err := json.Unmarshal([]byte(r.stdout), &said); err != nil {
		p.t.Fatalf("doctor prints no JSON: %v\n%s%s", err, r.stdout, r.stderr)
	}
	found := map[string]doctor.Finding{}
	for _, f := range said.Findings {
		if (f.State == doctor.Problem || f.State == doctor.Warning) && f.Remedy == "" {
			p.t.Errorf("%s %s: %s has no remedy", f.Area, f.Check, f.Found)
		}
		found[f.Area+" "+f.Check] = f
	}
	return found
}

func (p *place) expect(found map[string]doctor.Finding, state doctor.State, checks ...string) {
	p.t.Helper()
	for _, check := range checks {
		if f, ok := found[check]; !ok || f.State != state {
			p.t.Errorf("%s is %q (%s), want %s", check, f.State, f.Found, state)
		}
	}
}

// serveUntilTheEnd starts jobs and pages, waits until they are ready, and stops them after the test.
func (p *place) serveUntilTheEnd() (url string) {
	p.t.Helper()
	port := freePort(p.t)
	cmd := p.command("serve")
	cmd.Env = append(cmd.Env, fmt.Sprintf("PORT=%d", port))
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	url = fmt.Sprintf("http://127.0.0.1:%d", port)
	client := http.Client{Timeout: time.Second}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if answer, err := client.Get(url + "/health/ready"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return url
			}
		}
		if time.Since(began) > patience {
			p.t.Fatal("nothing is served")
		}
	}
}

func TestDoctorAndSmokeOnADemo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	found := p.examine(1)
	p.expect(found, doctor.Problem, "database migrations")
	p.expect(found, doctor.Skipped, "schedules state")
	p.ok("demo", "--schools", "150", "--no-serve")
	p.keep()
	found = p.examine(1)
	p.expect(found, doctor.Problem, "schedules workers", "schedules live")
	p.expect(found, doctor.OK, "reports files") // from then on a worker fills the other reports, of which there are no files yet

	url := p.serveUntilTheEnd()
	for began := time.Now(); len(p.json("schedules", "schedules", "list")) == 0 && time.Since(began) < patience; {
		time.Sleep(100 * time.Millisecond)
	}
	found = p.examine(0)
	p.expect(found, doctor.OK, "database privileges", "database clock", "database connections", "machine data directory", "schedules workers",
		"schedules silence", "reports school_onboarding", "reports store", "sources cpd")
	p.expect(found, doctor.Warning, "settings webhook", "schedules register", "sources gias")

	r := p.run("smoke", url, "--jobs", "--json")
	var said struct{ Tries []smoke.Try }
	if err := json.Unmarshal([]byte(r.stdout), &said); err != nil || r.status != 0 || len(said.Tries) != 8 {
		t.Errorf("smoke: status %d, %v\n%s%s", r.status, err, r.stdout, r.stderr)
	}

	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	shown, err := io.ReadAll(answer.Body)
	for _, want := range []string{
		`http_requests_total{code="200",method="GET",route="/reports/{name}"} `, `report_rows{report="school_onboarding"} `,
		`workers_alive 1`, `schedule_success_due_timestamp_seconds{schedule="onboarding"} `, `database_up 1`, `pool_connections_limit 12`,
	} {
		if err != nil || !strings.Contains(string(shown), "cpd_jobs_"+want) {
			t.Errorf("/metrics does not show %s (%v)", want, err)
		}
	}

	p.env = append(p.env, "HEARTBEAT_URL_REGISTRE=https://push.example.org/x", "EXPORT_STORE_URL=/proc/nowhere")
	found = p.examine(1)
	p.expect(found, doctor.Warning, "settings heartbeats")
	p.expect(found, doctor.Problem, "reports store")
}

// TestSessionsOfAProcess: an operator tells by their names who is connected, and a takeover whose sessions to end.
func TestSessionsOfAProcess(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	pool := pgtest.Connect(t, url)
	p := newPlace(t)
	p.env = append(p.env, "DATABASE_URL="+url)
	served := p.serveUntilTheEnd()
	var worker string
	for began := time.Now(); worker == "" && time.Since(began) < patience; {
		_ = pool.QueryRow(t.Context(), "SELECT id FROM queue.workers").Scan(&worker)
	}
	answer, err := http.Get(served + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	var names []string
	err = pool.QueryRow(t.Context(), `SELECT array_agg(DISTINCT application_name ORDER BY application_name) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name NOT LIKE 'Test%'`).Scan(&names)
	want := []string{"cpd-jobs serve", queue.SessionName(worker)}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("sessions of %q (%v), want %q", names, err, want)
	}
}

func TestDoctorWithoutADatabase(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env = append(p.env, "DATABASE_URL=postgres://ann:secret@127.0.0.1:1/none")
	found := p.examine(1, "--offline")
	p.expect(found, doctor.Problem, "database connection")
	p.env = append(p.env, "PORT=many", "LOG_LEVEL=loud")
	r := p.run("doctor", "--json")
	if r.status != 1 {
		t.Errorf("wrong settings: status %d\n%s", r.status, r.stdout)
	}
	var said struct{ Problems int }
	if err := json.Unmarshal([]byte(r.stdout), &said); err != nil || said.Problems != 2 {
		t.Errorf("%d problems (%v), want one for each variable\n%s", said.Problems, err, r.stdout)
	}
}

// TestDoctorWritesToTheBucket: a draft is sent when it is read back, so one that is only begun says nothing of the
// bucket.
func TestDoctorWritesToTheBucket(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env = append(p.env, "DATABASE_URL=postgres://ann:secret@127.0.0.1:1/none", "EXPORT_STORE_URL=s3://key:secret@127.0.0.1:1/bucket?region=here&tls=false")
	p.expect(p.examine(1, "--offline"), doctor.Problem, "reports store")
}

// TestDoctorFindsWhatIsWrongInADatabase breaks one thing after another.
func TestDoctorFindsWhatIsWrongInADatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	pool := pgtest.Connect(t, url)
	p := newPlace(t)
	p.env = append(p.env, "DATABASE_URL="+url)
	p.ok("migrate", "up")
	_, err := pool.Exec(t.Context(), `
		INSERT INTO queue.schedules (name, spec, accounted_to, next_tick, generation)
		VALUES ('gone_quiet', '{"name": "gone_quiet", "kind": "probe", "cron": "* * * * *", "timezone": "UTC"}', now() - interval '5 hours', now() - interval '5 hours', 1);
		INSERT INTO queue.schedule_spans (schedule, after_at, spec, generation) SELECT name, now() - interval '6 hours', spec, 1 FROM queue.schedules;
		INSERT INTO queue.workers (id, host, pid, version) VALUES ('other', 'other', 1, 'v0.0.1');
		INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at, finalized_at)
		VALUES (1, 'probe', 'default', 1, 'discarded', 1, 1, '{}', '{}', now(), now(), now());
		INSERT INTO reports.check_results (report, run_id, name, about, level, offending, of_rows) VALUES ('school_onboarding', 1, 'unique', '', 'error', 1, 2);
		INSERT INTO reports.exports (report, version, definition_version, definition_hash, format, name, key, size, rows, checksum, sha256, as_of, run_id, job_id)
		VALUES ('school_onboarding', 1, '1.0', 'h', 'csv', 'a.csv', 'gone/a.csv', 1, 1, 'c', 's', now(), 1, 1);
		UPDATE queue.identity SET system_identifier = 1;
		INSERT INTO queue.identity (system_identifier, database_oid, confirmed_by) SELECT 1, 1, 'test' WHERE NOT EXISTS (SELECT FROM queue.identity)`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''90s''', current_database()); END $$"); err != nil {
		t.Fatal(err)
	}
	found := p.examine(1)
	p.expect(found, doctor.Problem, "schedules gone_quiet", "database identity", "database statement_timeout",
		"reports checks", "reports files", "sources cpd")
	p.expect(found, doctor.Warning, "schedules versions", "schedules failed jobs", "reports school_onboarding")
}
