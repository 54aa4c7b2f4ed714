package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cpd-jobs/internal/pgtest"
)

// TestAWorkerIsHeard has one schedule that succeeds and one that fails, and listens where people would.
func TestAWorkerIsHeard(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 100)
	outside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		heard <- r.URL.Path + " " + string(body)
	}))
	defer outside.Close()
	p := newPlace(t)
	schedules := filepath.Join(t.TempDir(), "schedules.yml")
	err := os.WriteFile(schedules, []byte(`schedules:
  - {name: well, cron: "* * * * * *", seconds: true, kind: probe, args: {note: well}, catch_up: {policy: none}}
  - {name: ill, cron: "* * * * * *", seconds: true, kind: probe, args: {fail: bad_input}, catch_up: {policy: none}}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	metricsAt := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p.env = append(p.env, "DATABASE_URL="+pgtest.URL(t), "CPD_JOBS_SCHEDULES="+schedules, "METRICS_ADDRESS="+metricsAt,
		"HEARTBEAT_URL_WELL="+outside.URL+"/well", "HEARTBEAT_URL_ILL="+outside.URL+"/ill", "WEBHOOK_URL="+outside.URL+"/hook")
	cmd := p.command("worker")
	said := &strings.Builder{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the worker ends with %v:\n%s", err, said)
		}
		if strings.Contains(said.String(), outside.URL) {
			t.Error("the log names the addresses, which are secrets")
		}
	})
	var beat, hook bool
	for end := time.After(patience); !beat || !hook; {
		select {
		case h := <-heard:
			switch {
			case strings.HasPrefix(h, "/well"):
				beat = true
			case strings.HasPrefix(h, "/hook") && strings.Contains(h, "ill failed and will not be tried again") && strings.Contains(h, "docs/runbooks/refresh-failed.md"):
				hook = true
			default:
				t.Fatalf("heard %s", h)
			}
		case <-end:
			t.Fatalf("heartbeat heard: %t, failure heard: %t", beat, hook)
		}
	}
	answer, err := http.Get("http://" + metricsAt + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	shown, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(shown), `cpd_jobs_jobs_finished_total{kind="probe",outcome="completed"}`) {
		t.Errorf("the worker's metrics do not count its jobs (%v)", err)
	}
}
