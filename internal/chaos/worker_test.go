package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// worker is a process of `cpd-jobs worker`.
type worker struct {
	lab   *lab
	cmd   *exec.Cmd
	log   string // the file with what it said
	ended chan struct{}
	once  sync.Once
}

// worker starts a worker and waits until others know of it.
func (l *lab) worker(args ...string) *worker {
	l.t.Helper()
	w := l.start(args...)
	l.eventually(30*time.Second, "the worker is registered", func() bool { return w.id() != "" })
	return w
}

// start starts a worker. It is killed after the test, if it still lives then.
func (l *lab) start(args ...string) *worker {
	l.t.Helper()
	out, err := os.CreateTemp(l.dir, "worker-*.log")
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	w := &worker{lab: l, cmd: l.command(append([]string{"worker"}, args...)...), log: out.Name(), ended: make(chan struct{})}
	w.cmd.Stdout, w.cmd.Stderr = out, out
	if err := launch(w.cmd); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		_ = w.cmd.Wait() // how it ended is in its state
		close(w.ended)
	}()
	l.t.Cleanup(w.kill)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.workers = append(l.workers, w)
	return w
}

// launch starts processes from a thread that lasts: the kernel takes the end of the thread for ours.
var launch = sync.OnceValue(func() func(*exec.Cmd) error {
	type start struct {
		cmd  *exec.Cmd
		done chan error
	}
	starts := make(chan start)
	go func() {
		runtime.LockOSThread()
		for s := range starts {
			s.done <- s.cmd.Start()
		}
	}()
	return func(cmd *exec.Cmd) error {
		s := start{cmd, make(chan error)}
		starts <- s
		return <-s.done
	}
})()

// id is what the process calls itself in the database now, "" as long as it is not there. A process that was taken for
// dead takes another id.
func (w *worker) id() string {
	ids, err := query[string](w.lab, `
		SELECT id FROM queue.workers WHERE pid = $1 AND stopped_at IS NULL ORDER BY started_at DESC LIMIT 1`, w.cmd.Process.Pid)
	if err != nil || len(ids) == 0 {
		return ""
	}
	return ids[0]
}

func (w *worker) signal(s syscall.Signal) {
	w.lab.t.Helper()
	if err := w.cmd.Process.Signal(s); err != nil {
		w.lab.t.Fatalf("signal %s to worker: %v", s, err)
	}
}

// kill is SIGKILL; it returns once the process is gone.
func (w *worker) kill() {
	w.once.Do(func() { _ = w.cmd.Process.Kill() })
	<-w.ended
}

// alive says that the process runs.
func (w *worker) alive() bool {
	select {
	case <-w.ended:
		return false
	default:
		return true
	}
}

// stop is SIGTERM; the worker must end with status 0 within ten seconds.
func (w *worker) stop() {
	w.lab.t.Helper()
	w.signal(syscall.SIGTERM)
	select {
	case <-w.ended:
	case <-time.After(10 * time.Second):
		w.lab.t.Fatal("the worker has not ended ten seconds after SIGTERM")
	}
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		w.lab.t.Errorf("the worker ended with status %d (%s), want 0", code, w.cmd.ProcessState)
	}
}

// said is all that the worker has logged.
func (w *worker) said() string {
	raw, err := os.ReadFile(w.log)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// logs shows the ends of the workers' logs where a test failed.
func (l *lab) logs() {
	if !l.t.Failed() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.workers {
		lines := strings.Split(strings.TrimSpace(w.said()), "\n")
		l.t.Logf("%s:\n%s", filepath.Base(w.log), strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
}

// cli runs a command of the program and returns its standard output and exit status.
func (l *lab) cli(args ...string) (stdout string, status int) {
	l.t.Helper()
	cmd := l.command(args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		l.t.Fatalf("cpd-jobs %s: %v", strings.Join(args, " "), err)
	}
	if status = cmd.ProcessState.ExitCode(); status != 0 {
		l.t.Logf("cpd-jobs %s: status %d: %s", strings.Join(args, " "), status, stderr.String())
	}
	return strings.TrimSpace(string(out)), status
}

// command prepares the program with the environment of the lab and nothing of ours that would lead it astray.
func (l *lab) command(args ...string) *exec.Cmd {
	l.t.Helper()
	cmd := exec.Command(l.program, args...)
	cmd.Dir = l.dir
	cmd.SysProcAttr = diesWithUs()
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir(),
		"DATABASE_URL=" + l.url, "CPD_DATABASE_URL=" + l.source, "EXPORT_STORE_URL=" + filepath.Join(l.dir, "exports"),
		"CPD_JOBS_SCHEDULES=" + l.schedules, "LOG_FORMAT=json",
	}
	return cmd
}

// needProgram is the path of the program, or the end of the test where it cannot be built.
func needProgram(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(fmt.Errorf("build cpd-jobs: %w", err))
	}
	return path
}
