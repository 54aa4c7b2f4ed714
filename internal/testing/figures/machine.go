package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// measured says when, of which sources and where something was measured.
type measured struct {
	Day     string `json:"day"`
	Release string `json:"release,omitempty"`
	Machine string `json:"machine"`
	// Load is the system's load average of the last minute when the figures were written.
	Load string `json:"load,omitempty"`
}

// here describes this machine, as far as the system tells.
func here(now time.Time) measured {
	parts := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	if model := first(`(?m)^model name\s*: (.+)$`, file("/proc/cpuinfo")); model != "" {
		parts[0] += " of " + strings.Join(strings.Fields(model), " ")
	}
	var kB int64
	if _, err := fmt.Sscan(first(`(?m)^MemTotal:\s+(\d+) kB`, file("/proc/meminfo")), &kB); err == nil {
		parts = append(parts, fmt.Sprintf("%.0f GiB", float64(kB)/(1<<20)))
	}
	parts = append(parts, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version())
	if server := said("pg_config", "--version"); server != "" {
		parts = append(parts, server)
	}
	release := said("git", "describe", "--tags", "--always")
	if said("git", "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)docs") != "" { // pages of figures are no change of what is measured
		release += "-dirty"
	}
	return measured{
		Day: now.Format(time.DateOnly), Release: release,
		Machine: strings.Join(parts, ", "), Load: first(`^(\S+) `, file("/proc/loadavg")),
	}
}

// file is a file's text, "" where there is none.
func file(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// said is what a program prints, "" where it cannot be asked.
func said(program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func first(pattern, text string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}
