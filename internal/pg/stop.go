package pg

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"cpd-jobs/internal/run"
)

// stopWithin is how long Close waits for the last checkpoint where its context sets no end.
const stopWithin = 2 * time.Minute

// abandonWithin is how long a failed start waits for its server to end: a person may have pressed Ctrl-C.
const abandonWithin = 10 * time.Second

// Close gives up this share. The last one out stops the server cleanly and waits for it. Calls after the first return
// what the first did.
func (s *Server) Close(ctx context.Context) error {
	s.closing.Do(func() { s.closed = s.close(ctx) })
	return s.closed
}

func (s *Server) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	control, err := s.data.lock(ctx, controlLock)
	if err != nil {
		return errors.Join(fmt.Errorf("leave PostgreSQL in %s: %w", s.data.dir, err), s.members.Close())
	}
	defer func() { _ = control.Close() }()
	last, err := tryLock(s.members, syscall.LOCK_EX)
	err = errors.Join(err, s.members.Close())
	if !last || err != nil {
		return err
	}
	return s.stop(ctx)
}

// abandon gives up a start that failed or was interrupted, and stops what it may have started, unless others use it.
// The caller holds the control lock.
func (s *Server) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonWithin)
	defer cancel()
	last, err := tryLock(s.members, syscall.LOCK_EX)
	_ = s.members.Close()
	if last && s.child != nil {
		err = errors.Join(err, s.stop(ctx))
	}
	if err != nil {
		s.log.Warn("PostgreSQL could not be stopped after a failed start", "dir", s.data.dir, "error", err.Error())
	}
}

// stop ends the server cleanly: sessions are ended, everything is written, and the next start has nothing to recover.
// The caller holds the control lock and is the last member.
func (s *Server) stop(ctx context.Context) error {
	if ended, err := s.ended(); ended || err != nil {
		s.reap()
		return err
	}
	if err := s.interrupt(); err != nil {
		return fmt.Errorf("stop PostgreSQL in %s: %w", s.data.dir, err)
	}
	err := poll(ctx, s.ended)
	if errors.Is(err, context.DeadlineExceeded) {
		return run.Unreachable("it ends by itself once it has", "PostgreSQL in %s is still writing its last checkpoint", s.data.dir)
	}
	s.reap()
	return errors.Join(err, s.data.removeShortDir())
}

// interrupt asks the server to stop, ending its sessions. Our own child may not have noted its number yet.
func (s *Server) interrupt() error {
	if s.child != nil {
		_ = s.child.Signal(syscall.SIGINT) // it may have ended long ago
	}
	pid, err := s.data.postmaster()
	if err != nil || pid == 0 || !s.data.runsHere(pid) {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	return nil
}
