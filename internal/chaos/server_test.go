package chaos

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
)

// server is a PostgreSQL of one test's own, which may be stopped.
type server struct {
	t       *testing.T
	dir     string
	options pg.Options
	share   *pg.Server
}

// ownServer starts a server with the given options. Its files are written through no further than the kernel: servers
// die here, machines do not.
func ownServer(t *testing.T, options pg.Options) *server {
	t.Helper()
	dir, err := os.MkdirTemp(pgtest.Disk(), "cpd-jobs-chaos-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // the server may run as another user
		t.Fatal(err)
	}
	watch(t, dir)
	settings := map[string]string{"fsync": "off", "shared_buffers": "64MB", "max_wal_size": "256MB", "max_connections": "200"}
	maps.Copy(settings, options.Settings)
	options.Dir, options.Settings = dir, settings
	s := &server{t: t, dir: dir, options: options}
	s.start()
	t.Cleanup(s.close)
	return s
}

func (s *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.share.Close(ctx); err != nil {
		s.t.Errorf("stop the test's server: %v", err)
	}
}

// start starts the server, which may have been stopped behind our back: we are still its member.
func (s *server) start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	share, err := pg.Start(ctx, s.options)
	if errors.Is(err, pg.ErrNoBinaries) && os.Getenv("CI") == "" {
		s.t.Skipf("needs PostgreSQL: %v", err)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	before := s.share
	s.share = share
	if before == nil {
		return
	}
	if err := before.Close(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// stopAtOnce is PostgreSQL's immediate shutdown: sessions are cut off and nothing is written; the next start recovers.
func (s *server) stopAtOnce() {
	s.t.Helper()
	pid, err := s.postmaster()
	if err != nil {
		s.t.Fatalf("find the server: %v", err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		s.t.Fatalf("stop the server: %v", err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for !ended(pid) {
		if time.Now().After(deadline) {
			s.t.Fatal("the server does not stop")
		}
		pause(s.t.Context(), 20*time.Millisecond)
	}
}

func (s *server) postmaster() (int, error) {
	raw, err := os.ReadFile(filepath.Join(s.dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// ended says that a process has ended; one of our own children stays in the kernel's table until it is asked for.
func ended(pid int) bool {
	var status syscall.WaitStatus
	got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
	return got == pid || err != nil && syscall.Kill(pid, 0) != nil
}

// newLabOn is a lab on a migrated database of its own server. Where through is not "", it is the address of a pooler,
// which all but the test itself goes through.
func newLabOn(t *testing.T, s *server, through string) *lab {
	t.Helper()
	if _, err := s.share.EnsureDatabase(t.Context(), "chaos"); err != nil {
		t.Fatal(err)
	}
	l := labAt(t, s.share.URL("chaos"))
	if through != "" {
		l.url = through
	}
	if _, status := l.cli("migrate", "up"); status != 0 {
		t.Fatalf("migrate up ended with status %d", status)
	}
	return l
}

// watchVariable, in the environment, makes this program the watcher of a server's directory.
const watchVariable = "CPD_JOBS_CHAOS_WATCH"

// watch starts a process that outlives ours, should it be killed, and then clears away the server and its directory.
func watch(t *testing.T, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), watchVariable+"="+dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = alive.Close()
		_ = cmd.Wait()
	})
}

func beWatcher(dir string) error {
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test is over, or dead
	if _, err := os.Stat(dir); err != nil {
		return nil //nolint:nilerr // it has cleared up itself
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(pg.Keepalive(ctx, dir, time.Second, time.Now), os.RemoveAll(dir))
}
