package pg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"cpd-jobs/internal/run"
)

// socketPort is in the name of the socket where there is no TCP port.
const socketPort = 5432

// errPortTaken says that somebody took the port between our choosing it and the server's binding it.
var errPortTaken = run.Unreachable("try again", "another program took the port that PostgreSQL was to have")

// launch makes the data directory where it is new and starts the server on it. The caller holds the control lock, and
// alive, which proves that nothing of an older server lives.
func (s *Server) launch(ctx context.Context, alive *os.File, settings map[string]string) error {
	bin, err := s.home.binaries()
	if err != nil {
		return err
	}
	if err := s.clearStale(ctx); err != nil {
		return err
	}
	if err := s.home.initialise(ctx, bin, alive, settings); err != nil {
		return err
	}
	if err := checkRoom(s.home.dir, roomToStart); err != nil {
		return err
	}
	err = s.tryLaunch(ctx, bin, alive, settings)
	for tries := 1; errors.Is(err, errPortTaken) && tries < 3; tries++ {
		if alive, err = s.awaitEnd(ctx); err == nil {
			err = s.tryLaunch(ctx, bin, alive, settings)
		}
	}
	if err != nil {
		return err
	}
	s.log.Debug("started PostgreSQL", "dir", s.home.dir, "version", s.Version)
	return s.setPassword(ctx)
}

func (s *Server) tryLaunch(ctx context.Context, bin installation, alive *os.File, settings map[string]string) error {
	var err error
	if s.address, err = s.newAddress(); err != nil {
		return err
	}
	if err := s.address.clearSocket(); err != nil {
		return err
	}
	if err := s.home.writeAddress(s.address); err != nil {
		return err
	}
	log, err := s.home.openLog()
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	from, err := log.Seek(0, 2)
	if err != nil {
		return fmt.Errorf("find the end of %s: %w", log.Name(), err)
	}
	if err := s.spawn(bin, alive, log, settings); err != nil {
		return err
	}
	up, err := s.awaitReady(ctx, s.ended)
	if err != nil || up {
		return err
	}
	return s.home.explainLog(ctx, from)
}

// spawn starts the server, which inherits alive and so holds that lock until its last process ends; our hold of it is
// given up. Nobody waits for the server here: it is to outlive us.
func (s *Server) spawn(bin installation, alive, log *os.File, settings map[string]string) error {
	args := []string{"-D", s.home.data()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	args = append(args, s.address.settings()...)
	cmd := s.home.program(context.Background(), filepath.Join(bin.dir, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{alive}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL (%s): %w", bin.dir, err)
	}
	s.child = cmd.Process
	return alive.Close()
}

// settings tell the server where to listen.
func (a address) settings() []string {
	tcp := ""
	if a.TCP {
		tcp = "127.0.0.1"
	}
	return []string{
		"-c", "listen_addresses=" + tcp,
		"-c", "port=" + strconv.Itoa(a.Port),
		"-c", "unix_socket_directories=" + quoteFolder(a.SocketDir),
		"-c", "unix_socket_permissions=0700",
	}
}

// newAddress chooses where the server will listen: the port that it had before if it is free, so that what others
// have noted stays true.
func (s *Server) newAddress() (address, error) {
	before, err := s.home.readAddress()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("the note of PostgreSQL's address was unreadable and is made anew", "error", err.Error())
		before = address{}
	}
	dir, err := s.home.socketDir()
	if err != nil {
		return address{}, err
	}
	a := address{SocketDir: dir, Port: socketPort, TCP: s.tcp, Password: before.Password}
	if !s.tcp {
		return a, nil
	}
	if a.Password == "" {
		a.Password = rand.Text()
	}
	if !before.TCP {
		before.Port = 0
	}
	a.Port, err = freePort(before.Port)
	return a, err
}

// freePort is the wanted port of the loopback if it is free, else any that is.
func freePort(wanted int) (int, error) {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(wanted)))
	if err != nil && wanted != 0 {
		return freePort(0)
	}
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// openLog opens the server's log, putting a long one aside.
func (h home) openLog() (*os.File, error) {
	const long = 10 * mib
	if info, err := os.Stat(h.logFile()); err == nil && info.Size() > long {
		if err := os.Rename(h.logFile(), h.logFile()+".old"); err != nil {
			return nil, fmt.Errorf("put the server's log aside: %w", err)
		}
	}
	return h.openOwned(h.logFile(), os.O_RDWR|os.O_APPEND)
}

// reap collects the server from the kernel's table of processes, where it was our child.
func (s *Server) reap() {
	if s.child != nil {
		_, _ = s.child.Wait() // it has ended: its lock is free
		s.child = nil
	}
}
