package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"cpd-jobs/internal/run"
)

const (
	// endWithin is how long a server that is stopping, or whose postmaster was killed, has to end by itself.
	endWithin = time.Minute
	// noticeWithin is how long its processes have to notice that their postmaster is dead before they get a signal.
	noticeWithin = time.Second
)

// awaitEnd waits until nothing of a server that no longer answers is left, and takes its lock. Processes that work on
// without their postmaster get a signal to quit; the write-ahead log has all that they committed.
func (s *Server) awaitEnd(ctx context.Context) (alive *os.File, err error) {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	tell := time.After(noticeWithin)
	err = poll(ctx, func() (bool, error) {
		if alive, err = s.data.lockAlive(); alive != nil || err != nil {
			return true, err
		}
		select {
		case <-tell:
			s.quitOrphans()
		default:
		}
		return false, nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, run.Unreachable("see "+s.data.logFile()+" and end them",
			"processes of a dead PostgreSQL in %s are still there", s.data.dir)
	}
	return alive, err
}

// quitOrphans ends what a killed postmaster left, and nothing while the postmaster lives.
func (s *Server) quitOrphans() {
	if pid, err := s.data.postmaster(); err != nil || s.data.runsHere(pid) {
		return
	}
	for _, pid := range s.data.orphans() {
		if err := syscall.Kill(pid, syscall.SIGQUIT); err == nil {
			s.log.Warn("ended a process that a killed PostgreSQL left behind", "pid", pid)
		}
	}
}

// clearStale removes what a killed server left that would keep a new one from starting: PostgreSQL trusts the process
// number in its lock files, which after a crash or in a new container may be another program's. The caller holds the
// server's own lock, so only a server that was started by hand can still be there.
func (s *Server) clearStale(ctx context.Context) error {
	pid, err := s.data.postmaster()
	if err != nil {
		return fmt.Errorf("read who runs PostgreSQL in %s: %w", s.data.dir, err)
	}
	if pid > 0 && s.data.runsHere(pid) {
		return run.Unreachable(fmt.Sprintf("stop it with `pg_ctl stop -D %s`", s.data.pgdata()),
			"a PostgreSQL that was started by hand (process %d) runs on %s", pid, s.data.pgdata())
	}
	removed, err := removeFile(filepath.Join(s.data.pgdata(), "postmaster.pid"))
	if err != nil {
		return err
	}
	if removed {
		s.log.Warn("PostgreSQL was not stopped cleanly last time: its lock file is removed and it recovers",
			"dir", s.data.dir, "pid", pid, "now", firstWord(commandLine(pid)))
	}
	return s.endGhosts(ctx)
}

// endGhosts ends servers that ran here and whose files were removed while they ran. Left alone they notice within a
// minute, and take the socket of the new server with them, because it has the same name.
func (s *Server) endGhosts(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	signalled := map[int]bool{}
	err := poll(ctx, func() (bool, error) {
		ghosts := s.data.servers()
		for _, pid := range ghosts {
			if !signalled[pid] && syscall.Kill(pid, syscall.SIGQUIT) == nil {
				signalled[pid] = true
				s.log.Warn("ended a PostgreSQL whose data directory was removed while it ran", "dir", s.data.dir, "pid", pid)
			}
		}
		return len(ghosts) == 0, nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return run.Unreachable("end it", "a PostgreSQL whose data directory %s was removed is still there", s.data.pgdata())
	}
	return err
}

// clearSocket removes what a dead server left where a new one will listen.
func (a address) clearSocket() error {
	socket := filepath.Join(a.SocketDir, ".s.PGSQL."+strconv.Itoa(a.Port))
	_, err := removeFile(socket)
	_, lockErr := removeFile(socket + ".lock")
	return errors.Join(err, lockErr)
}

func removeFile(path string) (removed bool, err error) {
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
