package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
)

// readyWithin is how long a server may take to answer. Recovery of a large write-ahead log takes minutes.
const readyWithin = 10 * time.Minute

// awaitReady waits until the server answers and notes its version; false means that it has gone.
func (s *Server) awaitReady(ctx context.Context, gone func() (bool, error)) (up bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	slow := time.After(time.Second)
	err = poll(ctx, func() (bool, error) {
		s.Version, err = s.ask(ctx)
		if err == nil {
			up = true
			return true, nil
		}
		state := sqlState(err)
		if state != "" && state != "57P03" { // starting up, in recovery, or going down
			return false, err
		}
		select {
		case <-slow:
			s.log.Info("waiting for PostgreSQL, which is recovering or stopping", "dir", s.home.dir)
		default:
		}
		return gone()
	})
	if err != nil {
		return false, s.notReady(ctx, err)
	}
	return up, nil
}

// ended says that nothing of the server lives.
func (s *Server) ended() (bool, error) {
	alive, err := s.home.isAlive()
	return !alive, err
}

// abandoned says that the server has ended, or that it lives on without its postmaster and had time to notice.
func (s *Server) abandoned() func() (bool, error) {
	notice := time.After(noticeWithin)
	return func() (bool, error) {
		if ended, err := s.ended(); ended || err != nil {
			return ended, err
		}
		select {
		case <-notice:
			notice = time.After(noticeWithin)
			pid, err := s.home.postmaster()
			return err == nil && !s.home.runsHere(pid), err
		default:
			return false, nil
		}
	}
}

// ask connects once and asks for the version.
func (s *Server) ask(ctx context.Context) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.socketURL("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, "SELECT split_part(current_setting('server_version'), ' ', 1)").Scan(&version)
	return version, err
}

func (s *Server) notReady(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return run.Unreachable("see "+s.home.logFile(), "PostgreSQL in %s does not let us in: %w", s.home.dir, oneLine(err))
	}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return fmt.Errorf("wait for PostgreSQL in %s: %w", s.home.dir, context.Canceled)
	}
	return run.Unreachable("see "+s.home.logFile(), "PostgreSQL in %s does not answer: %w", s.home.dir, err)
}

// sqlState is the code of PostgreSQL's own error, "" for any other.
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
