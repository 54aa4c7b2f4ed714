package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"cpd-jobs/internal/pg"
)

// watchVariable, in the environment, makes a test program the watcher of the server in the directory that it names.
const watchVariable = "CPD_JOBS_PGTEST_WATCH"

// idle is how long the server runs on after the last test: long enough for the next package to be compiled.
const idle = time.Minute

// A test program knows nothing of the others and may end without a word, so none of them can stop the server at the right
// time. One is started again as a watcher, which has nothing else to do. It cannot be a function that tests
// call: it must come before they start, in programs that have no TestMain.
func init() {
	dir := os.Getenv(watchVariable)
	if dir == "" {
		return
	}
	if err := pg.StopWhenIdle(context.Background(), dir, idle); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startWatch starts the watcher where there is none. It outlives this process.
func startWatch(dir string) error {
	if pg.IsWatched(dir) {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start the watcher of the tests' server: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), watchVariable+"="+dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the watcher of the tests' server: %w", err)
	}
	return cmd.Process.Release()
}
