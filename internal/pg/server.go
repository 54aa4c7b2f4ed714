// Package pg opens pools to any PostgreSQL and, where none is given, runs one of the product's own: it finds the
// installed binaries, starts or joins the server of a data directory, stops it when the last one leaves, and dumps
// and restores. What is in the databases is for others.
package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"sync"

	"cpd-jobs/internal/run"
)

// Superuser owns an embedded server and everything in it.
const Superuser = "cpd_jobs"

// Options say which embedded server to start or join.
type Options struct {
	// Dir is the product's data directory; the server's files lie in its folder postgres. See [ResolveDir] for where
	// they really are when this is root's.
	Dir string
	// Log hears what a person may want to know: a move, a stale lock, a recovery. Nil is silence.
	Log *slog.Logger
	// TCP adds a loopback port with a password, for programs that cannot use the socket.
	TCP bool
	// Settings of postgresql.conf that replace ours. They count only for the process that starts the server.
	Settings map[string]string
}

// Server is a share in a running embedded server. It is safe for concurrent use.
type Server struct {
	// Dir is the data directory after [ResolveDir].
	Dir string
	// Version is the server's, such as "15.12".
	Version string

	data    dataDir
	address address
	tcp     bool
	log     *slog.Logger
	options Options // to start the server again: see Watch

	members *os.File    // locked shared for as long as this share lasts
	child   *os.Process // the server, where this process started it

	closing sync.Once
	closed  error
}

// Start joins the server that runs on the directory, or starts it, making the directory first where it is new. The
// server survives this process; the last member to [Server.Close] stops it. What a killed process or server left behind
// is repaired. Errors have a class and say in one line what to do.
func Start(ctx context.Context, o Options) (*Server, error) {
	s, err := newServer(o)
	if err != nil {
		return nil, err
	}
	if err := s.data.make(); err != nil {
		return nil, err
	}
	control, err := s.data.lock(ctx, controlLock)
	if err != nil {
		return nil, fmt.Errorf("wait for others who start or stop PostgreSQL in %s: %w", s.data.dir, err)
	}
	defer func() { _ = control.Close() }()
	if s.members, err = s.data.join(ctx); err != nil {
		return nil, err
	}
	if err := s.joinOrLaunch(ctx, o.Settings); err != nil {
		s.abandon(ctx)
		return nil, err
	}
	return s, nil
}

func newServer(o Options) (*Server, error) {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	dir, moved, err := ResolveDir(o.Dir)
	if err != nil {
		return nil, err
	}
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if moved {
		log.Warn("the server's user may not enter the data directory, so another is used",
			"wanted", o.Dir, "used", dir, "user", who.name)
	}
	s := &Server{Dir: dir, data: newDataDir(dir, who), tcp: o.TCP, log: log, options: o}
	return s, nil
}

// joinOrLaunch leaves a server that answers, or says why there is none. The caller holds the control lock.
func (s *Server) joinOrLaunch(ctx context.Context, settings map[string]string) error {
	alive, err := s.data.lockAlive()
	if err != nil {
		return err
	}
	if alive == nil {
		joined, err := s.joinRunning(ctx)
		if joined || err != nil {
			return err
		}
		if alive, err = s.awaitEnd(ctx); err != nil {
			return err
		}
	}
	defer func() { _ = alive.Close() }()
	return s.launch(ctx, alive, s.settings(settings))
}

// joinRunning joins a server that is up or coming up; false means that it has gone, all but for what is still ending.
func (s *Server) joinRunning(ctx context.Context) (bool, error) {
	var err error
	s.address, err = s.data.readAddress()
	if errors.Is(err, fs.ErrNotExist) { // initdb of a starter that was killed is still at work
		return false, nil
	}
	if err != nil {
		return false, err
	}
	up, err := s.awaitReady(ctx, s.abandoned())
	if !up || err != nil {
		return false, err
	}
	if s.tcp && !s.address.TCP {
		return false, run.Invalid("stop the other cpd-jobs first, or do without the port",
			"PostgreSQL in %s is running without a TCP port", s.data.dir)
	}
	s.log.Debug("joined the running PostgreSQL", "dir", s.data.dir, "version", s.Version)
	return true, nil
}

// settings are what the server runs with: ours, then the caller's. Durability is PostgreSQL's default, all on: this
// may be a user's only copy.
func (s *Server) settings(own map[string]string) map[string]string {
	all := map[string]string{
		"cluster_name":         s.data.cluster(),
		"timezone":             "UTC",
		"log_timezone":         "UTC",
		"log_line_prefix":      "%m [%p] ",
		"shared_buffers":       "256MB",
		"work_mem":             "32MB",
		"maintenance_work_mem": "256MB",
		"max_wal_size":         "4GB", // loading a national source would otherwise checkpoint every few seconds
		"wal_compression":      "on",
		"random_page_cost":     "1.1",
		"jit":                  "off", // compiles for longer than the report's queries run
	}
	if sharedMemoryIsSmall() {
		all["dynamic_shared_memory_type"] = "mmap"
	}
	maps.Copy(all, own)
	return all
}
