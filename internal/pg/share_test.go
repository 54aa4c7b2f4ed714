package pg_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// pidFile is where PostgreSQL notes its number.
func pidFile(dir string) string { return filepath.Join(dir, "postgres", "data", "postmaster.pid") }

// postmaster is the number of the running server.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(pidFile(dir))
	check(t, err)
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	check(t, err)
	return pid
}

func stopped(t *testing.T, dir string) bool {
	t.Helper()
	_, err := os.Stat(pidFile(dir))
	return os.IsNotExist(err)
}

func TestTheLastOneOutStopsTheServer(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	other := startMember(t, self(t), dir, -1)
	s := start(t, options(dir))
	if got := s.URL("postgres"); got != other.url {
		t.Errorf("the second process got %s, want the first one's %s", got, other.url)
	}
	other.end(t) // the one that started it leaves first
	if got := ask[int](t, s.URL("postgres"), "SELECT 1"); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
	leave(t, s)
	if !stopped(t, dir) {
		t.Error("the server runs after the last one left, want it stopped")
	}
}

func TestDataSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	s := start(t, options(dir))
	for i, want := range []bool{true, false} {
		created, err := s.EnsureDatabase(t.Context(), "Odd \"name\"")
		check(t, err)
		if created != want {
			t.Errorf("call %d of EnsureDatabase made it: %v, want %v", i, created, want)
		}
	}
	do(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 7 AS n")
	leave(t, s)
	s = start(t, options(dir))
	if got := ask[int](t, s.URL("postgres"), "SELECT n FROM kept"); got != 7 {
		t.Errorf("got %d after the restart, want 7", got)
	}
	if !strings.HasPrefix(ask[string](t, s.URL("postgres"), "SELECT version()"), "PostgreSQL "+s.Version) {
		t.Errorf("Version is %q, and the server says otherwise", s.Version)
	}
}

func TestDurabilityIsOn(t *testing.T) {
	t.Parallel()
	s := start(t, pg.Options{Dir: newDir(t)})
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit", "data_checksums"} {
		if got := ask[string](t, s.URL("postgres"), "SELECT current_setting('"+setting+"')"); got != "on" {
			t.Errorf("%s is %s, want on", setting, got)
		}
	}
}

func TestAnInterruptedStartLeavesNoServer(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var watching sync.WaitGroup
	watching.Go(func() {
		for stopped(t, dir) && ctx.Err() == nil {
			runtime.Gosched()
		}
		interrupt()
	})
	s, err := pg.Start(ctx, options(dir))
	if err == nil { // it was quicker than the interruption
		leave(t, s)
	}
	interrupt()
	watching.Wait()
	if !stopped(t, dir) {
		t.Error("the server runs, and no process has a share in it")
	}
}

func TestManyStartAtOnce(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			s, err := pg.Start(t.Context(), options(dir))
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if !stopped(t, dir) {
		t.Error("the server runs after all have left, want it stopped")
	}
}

func TestAServerOutlivesAKilledMember(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	other := startMember(t, self(t), dir, -1)
	first := postmaster(t, dir)
	other.kill(t)
	s := start(t, options(dir))
	if got := postmaster(t, dir); got != first {
		t.Errorf("process %d serves after the kill, want %d, which was running", got, first)
	}
	leave(t, s)
	if !stopped(t, dir) {
		t.Error("the server runs, and the killed member no longer counts")
	}
}

func TestAKilledServerRecovers(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	s := start(t, options(dir))
	do(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 7 AS n")
	busy := keepBusy(t, s.URL("postgres"))
	check(t, syscall.Kill(postmaster(t, dir), syscall.SIGKILL))

	again := start(t, options(dir))
	if got := ask[int](t, again.URL("postgres"), "SELECT n FROM kept"); got != 7 {
		t.Errorf("got %d after the kill, want 7", got)
	}
	if err := <-busy; err == nil {
		t.Error("the query of the killed server went on to its end, want it ended")
	}
}

// keepBusy has a session compute without ever waiting for anything, so that it does not notice its postmaster's death.
func keepBusy(t *testing.T, url string) <-chan error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	check(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 1000000) b")
		ended <- err
	}()
	poll(t, "the query runs", func() bool {
		return ask[bool](t, url, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT count(*)%')")
	})
	return ended
}

// poll waits for something that only another process can bring about.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	limit := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-limit:
			t.Fatalf("waited a minute in vain until %s", what)
		case <-tick.C:
		}
	}
}

func TestADirectoryRemovedUnderTheServer(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	startMember(t, self(t), dir, -1).kill(t)
	ghost := postmaster(t, dir)
	check(t, os.RemoveAll(dir))
	s := start(t, options(dir))
	if got := ask[int](t, s.URL("postgres"), "SELECT 1"); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
	if err := syscall.Kill(ghost, 0); err == nil && commandOf(ghost) != "" {
		t.Errorf("process %d, the old server, is still there: %s", ghost, commandOf(ghost))
	}
}

// commandOf is the command line of a process where /proc tells, "" for a zombie.
func commandOf(pid int) string {
	raw, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return string(raw)
}

func TestAWatchedServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	s := start(t, options(dir))
	do(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 7 AS n")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Watch(ctx); close(ended) }()
	first := postmaster(t, dir)
	check(t, syscall.Kill(first, syscall.SIGKILL))
	var n int
	poll(t, "the server answers again", func() bool {
		conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
		if err != nil {
			return false
		}
		defer func() { _ = conn.Close(context.Background()) }()
		return conn.QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n) == nil
	})
	if second := postmaster(t, dir); n != 7 || second == first {
		t.Errorf("process %d has %d, want 7 and another process than %d", second, n, first)
	}
	stop()
	<-ended
	leave(t, s)
	if !stopped(t, dir) {
		t.Error("the server that was started again runs after the last one left, want it stopped")
	}
}

func TestKeepaliveEndsWithUse(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	startMember(t, self(t), dir, -1).kill(t)
	check(t, pg.Keepalive(t.Context(), dir, time.Second, time.Now))
	if !stopped(t, dir) {
		t.Error("the server runs, want it stopped: it was not used for a second")
	}
}
