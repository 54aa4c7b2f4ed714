package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// holdFile is touched by everyone who hands out an address of the server, and locked by the one process that
// keeps the server up for those who use it.
const holdFile = "hold.lock"

// HoldFor starts a process of its own, command, that is to call [Hold] for dir, and waits until it has: an address is
// useless once the process that printed it has left and the server has stopped. Where one holds the server already it
// only tells it to go on.
func HoldFor(ctx context.Context, dir string, command *exec.Cmd, now time.Time) error {
	s, err := newServer(Options{Dir: dir})
	if err != nil {
		return err
	}
	held, err := s.isHeld()
	if err := errors.Join(err, os.Chtimes(s.home.path(holdFile), now, now)); err != nil || held {
		return err
	}
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("keep PostgreSQL up: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, holdWithin)
	defer cancel()
	if err := poll(ctx, s.isHeld); err != nil {
		return fmt.Errorf("keep PostgreSQL up: %w", err)
	}
	return command.Process.Release()
}

// holdWithin is how long the holding process may take to join the server.
const holdWithin = 15 * time.Second

func (s *Server) isHeld() (bool, error) {
	f, err := s.home.openOwned(s.home.path(holdFile), os.O_RDWR)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	free, err := tryLock(f, syscall.LOCK_EX)
	return !free, err
}

// Hold keeps the server of dir up until nobody has been connected, and nobody has asked for its address, for as long as
// idle. It returns at once where another process does so already.
func Hold(ctx context.Context, dir string, idle time.Duration, now func() time.Time) error {
	s, err := Start(ctx, Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close(context.WithoutCancel(ctx)) }()
	f, err := s.home.openOwned(s.home.path(holdFile), os.O_RDWR)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	// Those who look whether the lock is free hold it for an instant: ask for longer than that.
	asking, cancel := context.WithTimeout(ctx, time.Second)
	err = poll(asking, func() (bool, error) { return tryLock(f, syscall.LOCK_EX) })
	cancel()
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for used := now(); now().Sub(used) < idle; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		latest, err := s.lastUsed(ctx, now())
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the directory is gone
		}
		if err != nil {
			return err
		}
		if latest.After(used) {
			used = latest
		}
	}
	return nil
}

// lastUsed is when somebody last asked for the address, or now while somebody is connected.
func (s *Server) lastUsed(ctx context.Context, now time.Time) (time.Time, error) {
	info, err := os.Stat(s.home.path(holdFile))
	if err != nil {
		return time.Time{}, err
	}
	pool, err := Open(ctx, s.URL("postgres"), PoolOptions{App: "cpd-jobs hold", MaxConns: 1})
	if err != nil {
		return time.Time{}, err
	}
	defer pool.Close()
	var others int
	err = pool.QueryRow(ctx, `
		SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
	if err != nil {
		return time.Time{}, fmt.Errorf("look who uses PostgreSQL in %s: %w", s.home.dir, err)
	}
	if others > 0 {
		return now, nil
	}
	return info.ModTime(), nil
}
