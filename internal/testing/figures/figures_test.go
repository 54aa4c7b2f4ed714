package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// benches is what go says of two benchmarks, the lines of one in pieces as it writes them.
const benches = `{"Action":"start","Package":"cpd-jobs/internal/bench"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Output":"goos: linux\n"}
{"Action":"run","Package":"cpd-jobs/internal/bench","Test":"BenchmarkJobsPerSecond"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Test":"BenchmarkJobsPerSecond","Output":"BenchmarkJobsPerSecond\n"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Test":"BenchmarkJobsPerSecond","Output":"BenchmarkJobsPerSecond-2   \t"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Test":"BenchmarkJobsPerSecond","Output":"       1\t12345 ns/op\t      9100 jobs/s\t     10000 plain-jobs/s\t         0.8900 ratio\n"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Output":"BenchmarkWorkers/workers=1-2 \t1\t9 ns/op\t5000 jobs/s\n"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Output":"BenchmarkWorkers/workers=2-2 \t1\t9 ns/op\t9000 jobs/s\n"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Output":"BenchmarkWorkers/workers=4-2 \t1\t9 ns/op\t9500 jobs/s\n"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Output":"BenchmarkRefresh/schools=24000-2 \t1\t9 ns/op\t1.25 unchanged-x\n"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Output":"BenchmarkRefresh/schools=240000-2 \t1\t9 ns/op\t1.16 unchanged-x\n"}
{"Action":"output","Package":"cpd-jobs/internal/bench","Output":"BenchmarkUnheardOf-2 \t1000\t17.5 ns/op\n"}
{"Action":"pass","Package":"cpd-jobs/internal/bench","Elapsed":1.5}
`

const tests = `{"Action":"run","Package":"cpd-jobs/internal/chaos","Test":"TestChaosZoneLost"}
{"Action":"attr","Package":"cpd-jobs/internal/chaos","Test":"TestChaosZoneLost","Key":"zone-lost-until-taken-over","Value":"12.3 s at most 30"}
{"Action":"attr","Package":"cpd-jobs/internal/chaos","Test":"TestChaosZoneLost","Key":"other","Value":"no figure"}
{"Action":"pass","Package":"cpd-jobs/internal/chaos","Test":"TestChaosZoneLost","Elapsed":42.25}
{"Action":"pass","Package":"cpd-jobs/internal/chaos","Test":"TestChaosZoneLost/part","Elapsed":1}
{"Action":"fail","Package":"cpd-jobs/internal/chaos","Test":"TestChaosHeldSnapshot","Elapsed":9}
{"Action":"fail","Package":"cpd-jobs/internal/chaos","Elapsed":51}
`

var monday = measured{Day: "2026-11-23", Release: "v1", Machine: "2 cores", Load: "0.10"}

// written runs the program on a stream and returns the page.
func written(t *testing.T, stream, page string, wantOK bool) string {
	t.Helper()
	ok, err := run(strings.NewReader(stream), io.Discard, page, monday)
	if err != nil || ok != wantOK {
		t.Fatalf("passed %t (%v), want %t", ok, err, wantOK)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantAll(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func TestBenchmarksBecomeAPage(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "performance.md")
	text := written(t, benches, page, true)
	wantAll(t, text, "# Performance", "## Jobs a second", "Measured on 2026-11-23 at v1: 2 cores; load 0.10",
		"| jobs a second | 9,100 | 10,000 (plain) |  |", "| of plain River's | 0.89 |  | at least 0.9: **not kept** |",
		"| workers=4: jobs a second | 9,500 |", "![jobs a second by workers](pictures/performance-workers-jobs-s.svg)",
		"| schools=24000: nothing changed | 1.25 |  |  |", "| schools=240000: nothing changed | 1.16 |  | at most 1.2: kept |",
		"## BenchmarkUnheardOf", "| `ns/op` | 17.5 ns |")
	if strings.Contains(text, "12345") {
		t.Error("the time of an operation is shown where it says nothing")
	}
	if strings.Index(text, "Jobs a second") > strings.Index(text, "UnheardOf") {
		t.Error("what has no description stands before what matters")
	}
	svg(t, filepath.Join(filepath.Dir(page), "pictures", "performance-workers-jobs-s.svg"), "9,500", "jobs a second by workers")
}

// svg wants a picture to be well formed and to say some things.
func svg(t *testing.T, path string, all ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, string(text), all...)
	for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

func TestTestsBecomeAPage(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "resilience.md")
	text := written(t, tests, page, false)
	wantAll(t, text, "# Resilience", "| Zone lost | well | 42.2 s | zone lost until taken over: 12.3 s, at most 30 |", "| Held snapshot | **badly** | 9 s |  |")
	if strings.Count(text, "\n| ") != 3 {
		t.Errorf("want two tests below the headings:\n%s", text)
	}
	svg(t, filepath.Join(filepath.Dir(page), "pictures", "resilience-limits.svg"), "zone lost until taken over", "41 %", "limit")
}

// TestWhatDidNotRunStays renews one benchmark of a page that has three.
func TestWhatDidNotRunStays(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "performance.md")
	written(t, benches, page, true)
	again := strings.ReplaceAll(strings.Join(strings.SplitAfter(benches, "\n")[6:9], ""), "5000", "6000")
	monday := monday
	monday.Day = "2026-11-24"
	if _, err := run(strings.NewReader(again), io.Discard, page, monday); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, string(text), "2026-11-23", "2026-11-24", "| workers=1: jobs a second | 6,000 |", "## Jobs a second")
	if strings.Contains(string(text), "5,000") {
		t.Error("an old figure stands beside the new one")
	}
	if n := strings.Count(string(text), "## What more workers bring"); n != 1 {
		t.Errorf("%d headings of one benchmark", n)
	}
	only := strings.ReplaceAll(strings.SplitAfter(benches, "\n")[8], "9500", "9600")
	if _, err := run(strings.NewReader(only), io.Discard, page, monday); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(page); err != nil {
		t.Fatal(err)
	}
	wantAll(t, string(text), "| workers=1: jobs a second | 6,000 |", "| workers=4: jobs a second | 9,600 |")
	if strings.Contains(string(text), "9,500") {
		t.Error("an old variant stands beside the new one")
	}
	if ok, err := run(strings.NewReader(""), io.Discard, page, monday); err == nil {
		t.Errorf("a run that measured nothing: passed %t, no error", ok)
	}
}

// TestCatalogueIsUpToDate finds every benchmark that is described in the sources, and the other way round.
func TestCatalogueIsUpToDate(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	err := filepath.WalkDir("../../..", func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "figures") {
			text, readErr := os.ReadFile(path)
			sources.Write(text)
			return readErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range catalogue {
		if !strings.Contains(sources.String(), "func "+a.bench+"(") {
			t.Errorf("no benchmark is called %s", a.bench)
		}
	}
	for _, found := range regexp.MustCompile(`(?m)^func (Benchmark\w+)\(`).FindAllStringSubmatch(sources.String(), -1) {
		if place(found[1]) == len(catalogue) {
			t.Errorf("%s is not described", found[1])
		}
	}
}
