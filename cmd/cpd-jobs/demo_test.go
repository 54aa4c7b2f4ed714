package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	demojobs "cpd-jobs/jobs/demo"
)

// The first things that a newcomer does, in order, on one data directory.
func TestFromNothingToADownloadedReport(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	made := p.ok("demo", "--schools", "150", "--seed", "7", "--as-of", "2026-11-22T06:10:00Z", "--no-serve")
	for _, words := range []string{"gias_sync", "uplift_sync", "cpd_sync", "school_onboarding_refresh", "report_export"} {
		if !strings.Contains(made.stderr, words) {
			t.Errorf("the demo does not tell of %s:\n%s", words, made.stderr)
		}
	}
	file := filepath.Join(p.dir, "exports", "school-onboarding-2026-11-22T0610Z.xlsx")
	book, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatalf("open the exported workbook: %v\n%s", err, made.stdout)
	}
	defer book.Close()

	jobs := p.json("jobs", "jobs", "list")
	if len(jobs) != 5 {
		t.Errorf("%d jobs, want 5: %v", len(jobs), jobs)
	}
	for _, key := range strings.Fields("id run_id kind state attempt args started_by created_at started_at finished_at steps result errors") {
		if _, ok := jobs[0][key]; !ok {
			t.Errorf("a listed job has no %s", key)
		}
	}
	exports := p.json("exports", "exports", "list")
	for _, key := range strings.Fields("report format name size rows sha256 created_at version") {
		if _, ok := exports[0][key]; !ok {
			t.Errorf("a listed export has no %s", key)
		}
	}
	live := 0
	for _, r := range p.json("reports", "reports", "list") {
		if r["name"] == demojobs.Report && r["latest"] != nil {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%s is not listed as live", demojobs.Report)
	}

	t.Run("again it finds its data and makes nothing twice", func(t *testing.T) {
		again := p.ok("demo", "--no-serve")
		if !strings.Contains(again.stderr, "demo data found") {
			t.Errorf("it says:\n%s", again.stderr)
		}
		if jobs := p.json("jobs", "jobs", "list"); len(jobs) != 5 {
			t.Errorf("%d jobs, want the 5 of the first time", len(jobs))
		}
	})
	t.Run("other flags are refused", func(t *testing.T) {
		for _, flags := range [][]string{{"--schools", "160"}, {"--seed", "8"}, {"--as-of", "2026-11-22T07:10:00Z"}} {
			p.fails(2, "to start afresh", append([]string{"demo", "--no-serve"}, flags...)...)
		}
	})
	t.Run("it serves within five seconds", func(t *testing.T) { serves(t, p) })
	t.Run("stopped at once it has ended well", func(t *testing.T) { stopsAtOnce(t, p) })
	t.Run("reset starts afresh: same seed and as-of, same report", func(t *testing.T) {
		before := readCSV(t, p)
		p.fails(2, "--yes", "db", "reset")
		p.ok("db", "reset", "--yes")
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s is still there", file)
		}
		p.ok("demo", "--schools", "150", "--seed", "7", "--as-of", "2026-11-22T06:10:00Z", "--no-serve")
		if after := readCSV(t, p); after != before || len(before) < 10_000 {
			t.Errorf("the files differ: %d and %d bytes", len(before), len(after))
		}
	})
}

func readCSV(t *testing.T, p *place) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.dir, "exports", "school-onboarding-2026-11-22T0610Z.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// serves starts the demo with its pages, reads one, and stops it as Ctrl-C does.
func serves(t *testing.T, p *place) {
	port := freePort(t)
	cmd := p.command("demo")
	cmd.Env = append(cmd.Env, fmt.Sprintf("PORT=%d", port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	client := http.Client{Timeout: time.Second}
	for {
		answer, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/health/ready", port))
		if err == nil && answer.StatusCode == http.StatusOK {
			answer.Body.Close()
			break
		}
		if time.Since(started) > patience {
			t.Fatal("no page is served")
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("served after %s", time.Since(started).Round(time.Millisecond))
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("after Ctrl-C it ends with %v", err)
		}
	case <-time.After(patience):
		t.Error("it does not stop")
	}
}

// stopsAtOnce interrupts the demo as soon as it says where its pages are, when not all of it has started.
func stopsAtOnce(t *testing.T, p *place) {
	cmd := p.command("demo")
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if strings.Contains(lines.Text(), "the pages are at") {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C it ends with %v", err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestDemoSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	noRegister := filepath.Join(t.TempDir(), "page.csv")
	if err := os.WriteFile(noRegister, []byte("<html><body>Service unavailable</body></html>\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p.fails(2, "--frobnicate", "demo", "--frobnicate")
	p.fails(2, "no-such-file.csv", "demo", "--gias", "no-such-file.csv", "--no-serve")
	p.fails(2, "page.csv", "demo", "--gias", noRegister, "--no-serve")
	p.fails(2, "--gias", "demo", "--links", noRegister, "--no-serve")
	p.fails(2, "from 100 to 250000", "demo", "--schools", "5", "--no-serve")
	p.env = append(p.env, fmt.Sprintf("PORT=%d", taken.Addr().(*net.TCPAddr).Port))
	p.fails(2, "the port is taken", "demo")
	p.env = append(p.env, "LISTEN_ADDRESS=0.0.0.0", "PORT=0")
	p.fails(2, "no sign-in is configured", "demo")
	p.env = append(p.env, "DATABASE_URL=postgres://cpd@127.0.0.1:1/none")
	p.fails(2, "unset DATABASE_URL", "demo")
	p.fails(3, "127.0.0.1", "jobs", "list")
}

// A demo that is killed at any moment is repaired by the next one, without anything deleted by hand.
func TestKilledDemoIsMendedByTheNext(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, after := range []string{"postgres/data/PG_VERSION", "demo/register", "exports"} {
		cmd := p.command("demo", "--schools", "150", "--no-serve")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for { // kill it as soon as it has come so far
			if _, err := os.Stat(filepath.Join(p.dir, after)); err == nil || cmd.ProcessState != nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	p.ok("demo", "--no-serve")
	if got := p.json("exports", "exports", "list"); len(got) == 0 {
		t.Error("nothing was exported")
	}
}
