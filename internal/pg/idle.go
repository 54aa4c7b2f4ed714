package pg

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"
)

const (
	// watchLock is held by the one process that watches for idleness.
	watchLock = "watch.lock"
	// lookEvery is how often it looks.
	lookEvery = time.Second
)

// StopWhenIdle stops the server of a directory once nobody has had a share in it for as long as idle, and returns when it
// has, when the server ends otherwise, or at once where another process watches already. It is for servers whose
// members come and go too often to stop it each time, and which may die without a word: test processes.
func StopWhenIdle(ctx context.Context, dir string, idle time.Duration) error {
	s, err := newServer(Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	watch, err := s.home.openOwned(s.home.path(watchLock), os.O_RDWR)
	if err != nil {
		return err
	}
	defer func() { _ = watch.Close() }()
	if ours, err := tryLock(watch, syscall.LOCK_EX); !ours || err != nil {
		return err
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for quiet := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		quiet += lookEvery
		ended, used, err := s.look(ctx, quiet >= idle)
		if ended || err != nil {
			return err
		}
		if used {
			quiet = 0
		}
	}
}

// IsWatched says that some process is in [StopWhenIdle] for a directory.
func IsWatched(dir string) bool {
	s, err := newServer(Options{Dir: dir})
	if err != nil {
		return false
	}
	watch, err := s.home.openOwned(s.home.path(watchLock), os.O_RDWR)
	if err != nil {
		return false
	}
	defer func() { _ = watch.Close() }()
	free, err := tryLock(watch, syscall.LOCK_EX)
	return err == nil && !free
}

// look says whether the server has ended and whether anybody uses it, and stops it if it may and nobody does.
func (s *Server) look(ctx context.Context, mayStop bool) (ended, used bool, err error) {
	control, err := s.home.lock(ctx, controlLock)
	if err != nil {
		return false, false, fmt.Errorf("watch PostgreSQL in %s: %w", s.home.dir, err)
	}
	defer func() { _ = control.Close() }()
	if ended, err := s.ended(); ended || err != nil {
		return true, false, err
	}
	members, err := s.home.openOwned(s.home.path(membersLock), os.O_RDWR)
	if err != nil {
		return false, false, err
	}
	defer func() { _ = members.Close() }()
	nobody, err := tryLock(members, syscall.LOCK_EX)
	if err != nil || !nobody || !mayStop {
		return false, !nobody, err
	}
	return true, false, s.stop(ctx)
}
