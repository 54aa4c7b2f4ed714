package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/reports"
)

// BenchmarkMemory runs each sync, and a refresh, in a process of its own and reports the most memory that the process
// held, at national size and four times that: it should be under 150 MiB whatever the size. CPD_JOBS_LONG=1 adds ten
// times national size.
func BenchmarkMemory(b *testing.B) {
	program := buildProgram(b)
	sizes := []int{demo.DefaultSchools, 4 * demo.DefaultSchools}
	if os.Getenv("CPD_JOBS_LONG") != "" {
		sizes = append(sizes, 10*demo.DefaultSchools)
	}
	for _, size := range sizes {
		b.Run(fmt.Sprintf("schools=%d", size), func(b *testing.B) {
			p := newProcess(b, program, size)
			for b.Loop() {
				database := pgtest.URL(b)
				if err := reports.EnsureTables(b.Context(), pgtest.Connect(b, database)); err != nil {
					b.Fatal(err)
				}
				p.env = append(p.env, "DATABASE_URL="+database)
				for _, kind := range []string{"gias_sync", "uplift_sync", "cpd_sync", "school_onboarding_refresh"} {
					b.ReportMetric(p.peakMiB(b, "run", kind, "--local"), kind+"-MiB")
				}
			}
		})
	}
}

func buildProgram(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "cpd-jobs")
	build := exec.Command("go", "build", "-o", path, "cpd-jobs/cmd/cpd-jobs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// process is how cpd-jobs is run against made-up sources.
type process struct {
	program string
	env     []string
}

func newProcess(b *testing.B, program string, schools int) process {
	b.Helper()
	made := demo.Options{Schools: schools, Seed: 1, AsOf: refreshAsOf}
	source := pgtest.NewEmpty(b)
	if _, err := demo.Source(b.Context(), source, made); err != nil {
		b.Fatal(err)
	}
	register, err := demo.WriteRegister(b.Context(), b.TempDir(), demo.RegisterOptions{Options: made})
	if err != nil {
		b.Fatal(err)
	}
	uplift, err := demo.WriteUplift(b.Context(), b.TempDir(), refreshAsOf.Year(), made)
	if err != nil {
		b.Fatal(err)
	}
	return process{program: program, env: append(os.Environ(), "CPD_JOBS_DATA_DIR="+b.TempDir(), "CPD_DATABASE_URL="+source,
		"GIAS_SOURCE="+filepath.Dir(register.Establishments), "UPLIFT_SOURCE="+uplift.Path)}
}

// peakMiB runs a command and returns the process's peak, as the kernel keeps it: what the operating system reports of a
// child when it has ended counts this process's own memory before the child was started.
func (p process) peakMiB(b *testing.B, args ...string) float64 {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), p.program, args...)
	cmd.Env = p.env
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for peak := 0.0; ; {
		select {
		case <-look.C:
			peak = max(peak, highWater(cmd.Process.Pid))
		case err := <-ended:
			if err != nil {
				b.Fatalf("%q: %v\n%s", args, err, out.String())
			}
			return peak
		}
	}
}

// highWater is 0 once the process has ended.
func highWater(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	return 0
}
