package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// worker runs a worker on the place until the test ends, when it must stop cleanly.
func (p *place) worker(flags ...string) {
	p.t.Helper()
	cmd := p.command(append(flags, "worker")...)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			p.t.Errorf("stop the worker: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			p.t.Errorf("the worker ended with %v:\n%s", err, said.String())
		}
	})
	p.until("a worker is there", func() bool { return len(p.json("schedules", "schedules", "list")) > 0 })
}

// until waits for something to come about.
func (p *place) until(what string, about func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); !about(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited a minute in vain: %s", what)
		}
	}
}

func TestDeveloperRunsJobs(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	p.worker()

	done := p.ok("run", "probe", "--arg", "sleep=100ms", "--arg", "rows=3", "--arg", "note=hello")
	if !strings.Contains(done.stdout, `"rows": 3`) || !strings.Contains(done.stderr, "write") {
		t.Errorf("a run says\n%s%s", done.stdout, done.stderr)
	}
	p.env = append(p.env, "TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if traced := p.json("jobs", "run", "probe"); traced[0]["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("the caller's trace is lost: %v", traced[0]["trace_id"])
	}
	if said := p.ok("jobs", "show", fmt.Sprintf("%.0f", p.json("jobs", "run", "probe", "--arg", "rows=1")[0]["id"])).stdout; !strings.Contains(said, "s of processor") || !strings.Contains(said, "4bf92f3577b34da6") {
		t.Errorf("jobs show does not say what the job cost, or its trace:\n%s", said)
	}
	p.env = p.env[:len(p.env)-1]
	jobs := p.json("jobs", "run", "probe")
	if len(jobs) != 1 || jobs[0]["state"] != "completed" || jobs[0]["attempt"] != 1.0 {
		t.Errorf("run --json prints %v", jobs)
	}
	id := strings.TrimSpace(p.ok("enqueue", "probe", "--at", "2040-01-01T00:00:00Z", "--priority", "2").stdout)
	if shown := p.json("jobs", "jobs", "show", id); shown[0]["state"] != "scheduled" || shown[0]["priority"] != 2.0 {
		t.Errorf("a delayed job is %v", shown)
	}
	p.ok("jobs", "cancel", id)
	p.fails(1, "is cancelled already", "jobs", "cancel", id)
	p.fails(2, "no jobs are named", "jobs", "cancel")
	p.fails(2, "an id and a selection of jobs", "jobs", "cancel", id, "--kind", "probe")
	if dry := p.ok("jobs", "retry", "--state", "cancelled", "--kind", "probe", "--dry-run").stdout; !strings.Contains(dry, "["+id+"]") {
		t.Errorf("a dry retry of many says %s", dry)
	}
	again := strings.TrimSpace(p.ok("jobs", "retry", id).stdout)
	p.ok("jobs", "logs", again, "--follow")
	if shown := p.json("jobs", "jobs", "show", again); shown[0]["state"] != "completed" || !strings.Contains(fmt.Sprint(shown[0]["started_by"]), "job "+id+" again") {
		t.Errorf("a retried job is %v", shown)
	}

	before := len(p.json("jobs", "jobs", "list"))
	p.fails(2, "did you mean probe?", "run", "prob")
	p.fails(2, "did you mean sleep?", "run", "probe", "--arg", "slep=1s")
	p.fails(2, "must be number", "enqueue", "probe", "--arg", "rows=many")
	p.fails(2, "no job has the id 999999", "jobs", "show", "999999")
	if after := len(p.json("jobs", "jobs", "list")); after != before {
		t.Errorf("wrong requests inserted %d jobs", after-before)
	}
	p.fails(1, "refused", "run", "probe", "--arg", "fail=refused")
	p.fails(2, "bad input", "run", "probe", "--arg", "fail=bad_input")
	p.fails(2, "bad input", "run", "probe", "--arg", "fail=bad_input", "--local")
	if local := p.ok("run", "probe", "--arg", "rows=2", "--local"); !strings.Contains(local.stdout, `"rows": 2`) {
		t.Errorf("a local run says\n%s", local.stdout)
	}
	if dry := p.ok("run", "probe", "--arg", "rows=2", "--dry-run"); strings.Contains(dry.stdout, `"changed": true`) {
		t.Errorf("a dry run says\n%s", dry.stdout)
	}
}

// Ctrl-C leaves the job running and says how to come back; a second one cancels it.
func TestInterruptDetachesAndASecondOneCancels(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	p.worker()
	before := 0.0 // the id of the job before
	for _, c := range []struct {
		interrupts int
		want       string
	}{{1, "running"}, {2, "cancelled"}} {
		cmd := p.command("run", "probe", "--arg", "sleep=20s")
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p.until("the probe runs", func() bool {
			jobs := p.json("jobs", "jobs", "list", "--limit", "1")
			return len(jobs) > 0 && jobs[0]["id"].(float64) > before && jobs[0]["state"] == "running"
		})
		for range c.interrupts {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		err := cmd.Wait()
		if c.interrupts == 1 && err != nil {
			t.Errorf("a detached run ends with %v", err)
		}
		if !strings.Contains(said.String(), "come back with: cpd-jobs jobs logs") {
			t.Errorf("it says\n%s", said.String())
		}
		job := p.json("jobs", "jobs", "list", "--limit", "1")[0]
		if job["state"] != c.want {
			t.Errorf("after %d interrupts the job is %s, want %s", c.interrupts, job["state"], c.want)
		}
		before = job["id"].(float64)
		p.run("jobs", "cancel", fmt.Sprint(job["id"]))
	}
}

func TestDeveloperSteersSchedules(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	file := filepath.Join(t.TempDir(), "schedules.yml")
	if err := os.WriteFile(file, []byte(`schedules:
  - {name: each-second, kind: probe, cron: "* * * * * *", seconds: true, args: {rows: 1, note: tick}, overlap: queue, catch_up: {policy: all}}
  - {name: nightly, kind: probe, cron: "30 1 * * *"}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.worker("--schedules", file)
	p.until("a tick ran", func() bool { return len(p.json("ticks", "schedules", "history", "each-second")) > 1 })
	tick := p.json("ticks", "schedules", "history", "each-second")[1]
	for _, key := range strings.Fields("schedule tick local state reason run_id") {
		if _, ok := tick[key]; !ok {
			t.Errorf("a tick has no %s: %v", key, tick)
		}
	}
	if tick["state"] != "enqueued" {
		t.Errorf("the tick is %v", tick)
	}
	p.ok("schedules", "pause", "each-second", "--note", "quiet please")
	p.until("a tick is skipped", func() bool {
		return p.json("ticks", "schedules", "history", "each-second")[0]["reason"] == "paused"
	})
	if list := p.ok("schedules", "list").stdout; !strings.Contains(list, "quiet please") {
		t.Errorf("the list says\n%s", list)
	}
	p.ok("schedules", "resume", "each-second")
	p.ok("schedules", "trigger", "nightly")
	p.fails(2, "did you mean nightly?", "schedules", "trigger", "nigtly")

	from := time.Now().Add(-72 * time.Hour).UTC().Format(time.RFC3339)
	to := time.Now().UTC().Format(time.RFC3339)
	if dry := p.ok("schedules", "backfill", "nightly", "--from", from, "--to", to, "--dry-run").stdout; strings.Count(dry, "would run") != 3 {
		t.Errorf("a dry backfill says\n%s", dry)
	}
	p.ok("schedules", "backfill", "nightly", "--from", from, "--to", to)
	if list := p.json("backfills", "backfills", "list", "--all"); len(list) != 1 || list[0]["schedule"] != "nightly" {
		t.Errorf("backfills are %v", list)
	}
	p.until("the backfill has ended", func() bool { return p.json("backfills", "backfills", "show", "1")[0]["state"] == "finished" })
	p.fails(1, "backfill 1 is finished", "backfills", "pause", "1")
	p.fails(2, "there is no backfill 9", "backfills", "cancel", "9")
	p.until("three nights are backfilled", func() bool { return len(p.json("ticks", "schedules", "history", "nightly")) == 3 })
	if said := p.ok("schedules", "confirm").stdout; !strings.Contains(said, "nothing was held") {
		t.Errorf("confirm says %s", said)
	}
}

func TestSchedulesWithoutADatabase(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env = append(p.env, "DATABASE_URL=postgres://nobody@127.0.0.1:1/none")
	p.ok("schedules", "check")
	next := p.json("ticks", "schedules", "next", "housekeeping", "--from", "2026-03-28T12:00:00Z", "--count", "2")
	if len(next) != 2 || next[0]["tick"] != "2026-03-29T02:40:00Z" || next[0]["local"] != "2026-03-29T03:40:00+01:00" {
		t.Errorf("next ticks are %v", next)
	}
	year := p.ok("schedules", "simulate", "--from", "2026-01-01T00:00:00Z", "--to", "2027-01-01T00:00:00Z", "--outage", "2026-06-01T00:00:00Z/14d").stdout
	if !strings.Contains(year, "housekeeping") || !strings.Contains(year, "too_old") {
		t.Errorf("a simulated year:\n%s", year)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yml")
	if err := os.WriteFile(wrong, []byte("schedules:\n- {name: a, kind: probe, cron: \"0 0 31 2 *\"}\n- {name: b, kind: probes, cron: \"TZ=UTC\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.fails(2, "line 2: schedule a: cron", "schedules", "check", wrong)
	p.fails(2, "did you mean probe?", "schedules", "check", wrong)
	p.fails(2, "read the schedules file", "schedules", "check", "no-such-file.yml")
}
