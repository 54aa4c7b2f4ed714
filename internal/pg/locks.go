package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"cpd-jobs/internal/run"
)

// Three lock files, each an advisory lock that the kernel drops when its holder dies, however it dies:
const (
	// controlLock is held while the server is started or stopped.
	controlLock = "control.lock"
	// membersLock is held, shared, by everyone who uses the server: who can take it alone is the last one out.
	membersLock = "members.lock"
	// aliveLock is held by the server's processes themselves: they inherit it open. While it is held, something of
	// the server lives, whatever the process numbers in postmaster.pid have come to mean.
	aliveLock = "alive.lock"
)

// pause is how long to wait between two looks at something that only the kernel or the server can change.
const pause = 15 * time.Millisecond

// lock waits for a lock file and takes it alone. Closing the file gives it up.
func (d dataDir) lock(ctx context.Context, name string) (*os.File, error) {
	f, err := d.openOwned(d.file(name), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	err = poll(ctx, func() (bool, error) { return tryLock(f, syscall.LOCK_EX) })
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// join takes a share of the members' lock. The caller holds the control lock, so this one is not held exclusively.
func (d dataDir) join(ctx context.Context) (*os.File, error) {
	f, err := d.openOwned(d.file(membersLock), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	err = poll(ctx, func() (bool, error) { return tryLock(f, syscall.LOCK_SH) })
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("join PostgreSQL in %s: %w", d.dir, err)
	}
	return f, nil
}

// lockAlive takes the server's own lock for a server to be started; nil means that something of one lives.
func (d dataDir) lockAlive() (*os.File, error) {
	f, err := d.openOwned(d.file(aliveLock), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if ok, err := tryLock(f, syscall.LOCK_EX); !ok || err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// isAlive says that something of the server lives.
func (d dataDir) isAlive() (bool, error) {
	f, err := d.lockAlive()
	if f == nil {
		return err == nil, err
	}
	return false, f.Close()
}

func tryLock(f *os.File, how int) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, run.Invalid("choose a directory on a local disk with CPD_JOBS_DATA_DIR", "lock %s: %w", f.Name(), err)
		}
	}
}

// poll asks until the answer is yes, an error, or ctx ends.
func poll(ctx context.Context, ask func() (bool, error)) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if ok, err := ask(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
