package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"cpd-jobs/internal/pg"
)

// keepaliveVariable, in the environment, has a test program only keep the server up in the directory that it names.
const keepaliveVariable = "CPD_JOBS_PGTEST_KEEPALIVE"

// idle is how long the server runs on after the last test: long enough for the next package to be compiled.
const idle = time.Minute

// A test program knows nothing of the others and may end without a word, so none of them can stop the server at the
// right time. One is started again to do that, and nothing else. It cannot be a function that tests call: it must come
// before they start, in programs that have no TestMain.
func init() {
	dir := os.Getenv(keepaliveVariable)
	if dir == "" {
		return
	}
	if err := pg.Keepalive(context.Background(), dir, idle, time.Now); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startKeepalive starts the process that stops the server when it is idle, where there is none. It outlives this one.
func startKeepalive(ctx context.Context, dir string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the test program: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), keepaliveVariable+"="+dir)
	return pg.StartKeepalive(ctx, dir, cmd, time.Now())
}
