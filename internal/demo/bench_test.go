package demo_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
)

var asOf = time.Date(2026, time.November, 22, 6, 10, 0, 0, time.UTC)

// BenchmarkSource makes the national source and one ten times as big. Its peak is that of the whole test process, so
// that the second tells whether memory is flat.
func BenchmarkSource(b *testing.B) {
	for _, size := range []int{demo.DefaultSchools, 10 * demo.DefaultSchools} {
		b.Run(fmt.Sprintf("schools=%d", size), func(b *testing.B) {
			var rows int64
			for b.Loop() {
				m, err := demo.Source(b.Context(), pgtest.NewEmpty(b), demo.Options{Schools: size, Seed: 1, AsOf: asOf})
				if err != nil {
					b.Fatal(err)
				}
				for _, t := range m.Tables {
					rows += t.Rows
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(peakMiB(b), "MiB-peak")
		})
	}
}

// BenchmarkRegisterFiles writes the register of the national source.
func BenchmarkRegisterFiles(b *testing.B) {
	for b.Loop() {
		_, err := demo.WriteRegister(b.Context(), b.TempDir(), demo.RegisterOptions{Options: demo.Options{Seed: 1, AsOf: asOf}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// peakMiB is the most memory that this process has held, 0 where the system does not say.
func peakMiB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	b.Log("no VmHWM in /proc/self/status")
	return 0
}
