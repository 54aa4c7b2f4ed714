package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// keepaliveFile is touched by every process that gives the server's address away, and locked by the one process that
// keeps the server up for those who use it.
const keepaliveFile = "keepalive.lock"

// keepaliveStart is how long the process that keeps the server up may take to join it.
const keepaliveStart = 15 * time.Second

// StartKeepalive starts a process of its own, command, that is to call [Keepalive] for dir, and waits until it has: an
// address is useless once the process that printed it has left and the server has stopped. Where one keeps the server
// up already it only tells it to go on.
func StartKeepalive(ctx context.Context, dir string, command *exec.Cmd, now time.Time) error {
	s, err := newServer(Options{Dir: dir})
	if err != nil {
		return err
	}
	kept, err := s.keptAlive()
	if err := errors.Join(err, os.Chtimes(s.data.file(keepaliveFile), now, now)); err != nil || kept {
		return err
	}
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("keep PostgreSQL up: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, keepaliveStart)
	defer cancel()
	if err := poll(ctx, s.keptAlive); err != nil {
		return fmt.Errorf("keep PostgreSQL up: %w", err)
	}
	return command.Process.Release()
}

func (s *Server) keptAlive() (bool, error) {
	f, err := s.data.openOwned(s.data.file(keepaliveFile), os.O_RDWR)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	free, err := tryLock(f, syscall.LOCK_EX)
	return !free, err
}

// Keepalive keeps the server of dir up until, for as long as idle, no session was open and no process gave its address
// away. It returns at once where another process does so already.
func Keepalive(ctx context.Context, dir string, idle time.Duration, now func() time.Time) error {
	s, err := Start(ctx, Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close(context.WithoutCancel(ctx)) }()
	f, err := s.data.openOwned(s.data.file(keepaliveFile), os.O_RDWR)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	// keptAlive holds the lock for an instant: wait for longer than that.
	waiting, cancel := context.WithTimeout(ctx, time.Second)
	err = poll(waiting, func() (bool, error) { return tryLock(f, syscall.LOCK_EX) })
	cancel()
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	tick := time.NewTicker(idle / 20)
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

// lastUsed is when a process last gave the address away, or now while a session is open.
func (s *Server) lastUsed(ctx context.Context, now time.Time) (time.Time, error) {
	info, err := os.Stat(s.data.file(keepaliveFile))
	if err != nil {
		return time.Time{}, err
	}
	var others int
	err = s.onServer(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("count the sessions of PostgreSQL in %s: %w", s.data.dir, err)
	}
	if others > 0 {
		return now, nil
	}
	return info.ModTime(), nil
}
