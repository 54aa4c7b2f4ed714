package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
)

const (
	downloadsAtOnce = 200
	mostMemory      = 256 << 20
	fileSize        = 8 << 20
)

// TestDownloadsAtOnce takes a file 200 times at once from the program in a process of its own, each time whole, and
// looks at how much memory the process ever had.
func TestDownloadsAtOnce(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says what memory another process has had")
	}
	t.Parallel()
	url, folder := pgtest.URL(t), t.TempDir()
	body := make([]byte, fileSize)
	for i := range body {
		body[i] = byte(i >> 8)
	}
	path := offerFile(t, url, folder, body)
	pages := startPages(t, "DATABASE_URL="+url, "EXPORT_STORE_URL="+folder)
	want := sha256.Sum256(body)

	var begun, ended sync.WaitGroup
	begun.Add(downloadsAtOnce)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: downloadsAtOnce}}
	for range downloadsAtOnce {
		ended.Go(func() {
			sum, err := take(client, pages.address+path, func() { begun.Done(); begun.Wait() })
			if err != nil || sum != want {
				t.Errorf("a download ended with %v, sum %x", err, sum)
			}
		})
	}
	ended.Wait()
	got := pages.memory(t)
	t.Attr("memory-of-the-pages", fmt.Sprintf("%d MiB at most %d", got>>20, mostMemory>>20))
	if got > mostMemory {
		t.Errorf("the process had %d MiB, want at most %d", got>>20, mostMemory>>20)
	}
}

// take downloads a file; in its middle it waits for the others.
func take(client *http.Client, address string, others func()) (sum [sha256.Size]byte, err error) {
	res, err := client.Get(address)
	if err != nil {
		others()
		return sum, err
	}
	defer res.Body.Close()
	hash := sha256.New()
	_, err = io.CopyN(hash, res.Body, 1<<10)
	others()
	if err != nil || res.StatusCode != http.StatusOK {
		return sum, fmt.Errorf("status %d, %w", res.StatusCode, err)
	}
	_, err = io.Copy(hash, res.Body)
	return [sha256.Size]byte(hash.Sum(nil)), err
}

// offerFile puts a file into the store and on record, and gives the address of its download.
func offerFile(t *testing.T, url, folder string, body []byte) string {
	t.Helper()
	const name = "school-onboarding-2026-11-22T0610Z.parquet"
	if err := os.WriteFile(filepath.Join(folder, name), body, 0o600); err != nil {
		t.Fatal(err)
	}
	db := pgtest.Connect(t, url)
	if err := reports.EnsureTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	var id int64
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		e, err := exports.Add(t.Context(), tx, exports.Export{
			Report: "school_onboarding", Version: 1, DefinitionVersion: "1", DefinitionHash: "h", Format: "parquet", Name: name, Key: name,
			Size: int64(len(body)), Rows: 1, Checksum: "c", SHA256: hex.EncodeToString(sum[:]), AsOf: time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC),
		})
		id = e.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/reports/school-onboarding/downloads/%d/%s", id, name)
}

// pages are the program as `cpd-jobs web`.
type pages struct {
	address string
	cmd     *exec.Cmd
}

func startPages(t *testing.T, env ...string) *pages {
	t.Helper()
	return startPagesOf(t, program, env...)
}

// startPagesOf starts the pages of a program that a test built.
func startPagesOf(t *testing.T, binary string, env ...string) *pages {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "web")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "PORT=0", "LOG_FORMAT=json", "CPD_JOBS_DATA_DIR=" + t.TempDir()}, env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &pages{cmd: cmd}
	lines := bufio.NewScanner(log)
	for p.address == "" && lines.Scan() {
		p.address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	}
	if p.address == "" {
		t.Fatalf("the pages do not come up: %v", cmd.Wait())
	}
	go func() { _, _ = io.Copy(io.Discard, log) }() // ends with the process
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	return p
}

// memory is the most that the process has had.
func (p *pages) memory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatalf("read the memory of the process: %v", err)
	}
	return kilobytes << 10
}
