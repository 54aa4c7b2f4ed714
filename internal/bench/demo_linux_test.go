package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"cpd-jobs/internal/demo"
)

// BenchmarkDemo is a newcomer's first minute: the whole demo at national size from an empty directory, and again.
func BenchmarkDemo(b *testing.B) {
	program := buildProgram(b)
	for b.Loop() {
		dir, err := os.MkdirTemp("", "cpd-jobs-bench-") // PostgreSQL's user may enter it, unlike the benchmark's own
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = os.RemoveAll(dir) })
		p := process{program: program, env: append(os.Environ(), "CPD_JOBS_DATA_DIR="+dir, "PORT=0")}
		began := time.Now()
		b.ReportMetric(p.peakMiB(b, "demo", "--no-serve", fmt.Sprintf("--schools=%d", demo.DefaultSchools)), "MiB-peak")
		b.ReportMetric(time.Since(began).Seconds(), "whole-s")
		b.ReportMetric(p.untilServed(b).Seconds(), "again-s")
	}
}

var served = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// untilServed starts the demo over its data and stops it as soon as it has said where its pages are.
func (p process) untilServed(b *testing.B) time.Duration {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), p.program, "demo")
	cmd.Env = p.env
	said, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stdout = cmd.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	took := time.Duration(0)
	for lines := bufio.NewScanner(said); took == 0 && lines.Scan(); {
		if served.MatchString(lines.Text()) {
			took = time.Since(began)
		}
	}
	_ = cmd.Process.Signal(os.Interrupt)
	_, _ = io.Copy(io.Discard, said)
	if err := cmd.Wait(); err != nil || took == 0 {
		b.Fatalf("the pages of the demo: %v, said after %s", err, took)
	}
	return took
}
