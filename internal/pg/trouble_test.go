package pg_test

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
)

// serverUser is the user that the server runs as when this is root.
func serverUser(t *testing.T) (uid int) {
	t.Helper()
	if os.Geteuid() != 0 {
		return os.Geteuid()
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, err := strconv.Atoi(u.Uid)
			check(t, err)
			return uid
		}
	}
	t.Fatal("no user to run the server as")
	return 0
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// refused starts a server and wants one line of that class that says all of these.
func refused(t *testing.T, o pg.Options, class run.Class, says ...string) {
	t.Helper()
	s, err := pg.Start(t.Context(), o)
	if err == nil {
		leave(t, s)
		t.Fatal("it started, want it refused")
	}
	if got := run.ClassOf(err); got != class {
		t.Errorf("the error is of class %s, want %s: %v", got, class, err)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("got an error of several lines: %q", err)
	}
	for _, what := range says {
		if !strings.Contains(err.Error(), what) {
			t.Errorf("got %q, want it to say %q", err, what)
		}
	}
}

func TestAStaleLockOfAnotherProcessIsRemoved(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	uid := serverUser(t)
	stranger := exec.Command("sleep", "1000") // the server's user's, so that PostgreSQL itself would give way to it
	stranger.SysProcAttr = &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		stranger.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	check(t, stranger.Start())
	t.Cleanup(func() { _ = stranger.Process.Kill(); _ = stranger.Wait() })
	pid := strconv.Itoa(stranger.Process.Pid)
	content := pid + "\n" + filepath.Join(dir, "postgres", "data") + "\n1700000000\n5432\n\n\n"
	check(t, os.WriteFile(pidFile(dir), []byte(content), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "postgres", "run", ".s.PGSQL.5432.lock"), []byte(content), 0o600))

	var said bytes.Buffer
	o := options(dir)
	o.Log = slog.New(slog.NewTextHandler(&said, nil))
	s := start(t, o)
	if got := ask[int](t, s.URL("postgres"), "SELECT 1"); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
	if got := said.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "pid="+pid) || !strings.Contains(got, "now=sleep") {
		t.Errorf("the log says %q, want one line that names process %s and what it is", got, pid)
	}
}

func TestAServerStartedByHandIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	bin, err := pg.FindBinaries()
	check(t, err)
	data := filepath.Join(dir, "postgres", "data")
	ctl := func(args ...string) {
		t.Helper()
		cmd := exec.Command(filepath.Join(bin, "pg_ctl"), append([]string{"-s", "-w", "-D", data}, args...)...)
		cmd.Dir = "/"
		if os.Geteuid() == 0 {
			uid := uint32(serverUser(t))
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		}
		check(t, cmd.Run())
	}
	ctl("-l", filepath.Join(data, "log"), "-o", "-c listen_addresses='' -k "+data, "start")
	defer ctl("-m", "immediate", "stop")
	refused(t, options(dir), run.ClassUnreachable, "started by hand", "pg_ctl stop -D "+data)
}

func TestOtherVersionsData(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"13", "9.6", "99"} {
		dir := newDir(t)
		data := filepath.Join(dir, "postgres", "data")
		check(t, os.MkdirAll(data, 0o700))
		for _, path := range []string{data, filepath.Dir(data)} {
			check(t, os.Chown(path, serverUser(t), -1))
		}
		check(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(version+"\n"), 0o644))
		refused(t, options(dir), run.ClassInvalid, "were made by PostgreSQL "+version, "db dump", "db restore")
	}
}

func TestOtherOwnersData(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, folder := range []string{"postgres", "postgres/data"} {
		dir := usedDir(t)
		check(t, os.Chown(filepath.Join(dir, folder), 54321, -1))
		refused(t, options(dir), run.ClassInvalid, folder+" belongs to user 54321", "chown -R")
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := newDir(t)
	check(t, os.MkdirAll(dir, 0o755))
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=110m,mode=755", "tmpfs", dir).Run(); err != nil {
		t.Skipf("cannot make a small disk: %v", err)
	}
	t.Cleanup(func() { check(t, exec.Command("umount", dir).Run()) })
	o := options(dir)
	o.Settings["max_wal_size"] = "32MB"

	free := fill(t, dir, 90)
	refused(t, o, run.ClassUnreachable, "the disk that holds "+dir, "is full", "free some space")
	free()
	leave(t, start(t, o))
	free = fill(t, dir, 1000)
	refused(t, o, run.ClassUnreachable, "the disk that holds "+dir, "is full")
	free()
	if got := ask[int](t, start(t, o).URL("postgres"), "SELECT 1"); got != 1 {
		t.Errorf("got %d once there was room again, want 1", got)
	}
}

// fill takes megabytes of a disk, or what is left of it.
func fill(t *testing.T, dir string, megabytes int) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "fill")
	f, err := os.Create(path)
	check(t, err)
	for range megabytes {
		if _, err := f.Write(make([]byte, 1<<20)); err != nil {
			break
		}
	}
	check(t, f.Close())
	return func() { check(t, os.Remove(path)) }
}

func TestADirectoryThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	check(t, os.WriteFile(dir, []byte("a file"), 0o644))
	refused(t, options(dir), run.ClassInvalid, dir, "CPD_JOBS_DATA_DIR")
	refused(t, options(filepath.Join(dir, "below")), run.ClassInvalid, dir, "CPD_JOBS_DATA_DIR")
	refused(t, options("/proc/none"), run.ClassInvalid, "/proc/none", "CPD_JOBS_DATA_DIR")
}
