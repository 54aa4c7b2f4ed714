package pg

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
)

// socketPort is in the name of the socket where there is no TCP port.
const socketPort = 5432

// errPortTaken says that another program took the port between our choosing it and the server's binding it.
var errPortTaken = run.Unreachable("try again", "another program took the port that PostgreSQL was to have")

// launch makes the data directory where it is new and starts the server on it. The caller holds the control lock, and
// alive, which proves that nothing of an older server lives.
func (s *Server) launch(ctx context.Context, alive *os.File, settings map[string]string) error {
	bin, err := s.data.binaries()
	if err != nil {
		return err
	}
	if err := s.clearStale(ctx); err != nil {
		return err
	}
	if err := s.data.initialise(ctx, bin, alive, settings); err != nil {
		return err
	}
	if err := checkRoom(s.data.dir, roomToStart); err != nil {
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
	s.log.Debug("started PostgreSQL", "dir", s.data.dir, "version", s.Version)
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
	if err := s.data.writeAddress(s.address); err != nil {
		return err
	}
	log, err := s.data.openLog()
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
	return s.data.explainLog(ctx, from)
}

// spawn starts the server, which inherits alive and so holds that lock until its last process ends; our hold of it is
// given up. The server is not waited for: it outlives this process.
func (s *Server) spawn(bin installation, alive, log *os.File, settings map[string]string) error {
	args := []string{"-D", s.data.pgdata()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	args = append(args, s.address.settings()...)
	cmd := s.data.program(context.Background(), filepath.Join(bin.dir, "postgres"), args...)
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
	before, err := s.data.readAddress()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("the note of PostgreSQL's address was unreadable and is made anew", "error", err.Error())
		before = address{}
	}
	dir, err := s.data.socketDir()
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
func (d dataDir) openLog() (*os.File, error) {
	const long = 10 * mib
	if info, err := os.Stat(d.logFile()); err == nil && info.Size() > long {
		if err := os.Rename(d.logFile(), d.logFile()+".old"); err != nil {
			return nil, fmt.Errorf("put the server's log aside: %w", err)
		}
	}
	return d.openOwned(d.logFile(), os.O_RDWR|os.O_APPEND)
}

// reap collects the server from the kernel's table of processes, where it was our child.
func (s *Server) reap() {
	if s.child != nil {
		_, _ = s.child.Wait() // it has ended: its lock is free
		s.child = nil
	}
}

// initialise makes PostgreSQL's data directory where there is none. It is made under another name and then renamed, so
// that a directory with the right name is a whole one. alive is inherited, as by the server.
func (d dataDir) initialise(ctx context.Context, bin installation, alive *os.File, settings map[string]string) error {
	if _, err := os.Lstat(d.pgdata()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := checkRoom(d.dir, roomToMake); err != nil {
		return err
	}
	temp := d.file("data.new")
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("remove an unfinished data directory: %w", err)
	}
	args := []string{"--pgdata=" + temp, "--username=" + Superuser, "--encoding=UTF8",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums"}
	if settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	said, err := d.initdb(ctx, bin, alive, append(args, locale()...))
	if err != nil && strings.Contains(said, "invalid locale") {
		said, err = d.initdb(ctx, bin, alive, append(args, "--locale=C"))
	}
	if err != nil {
		return d.explain(ctx, said, fmt.Errorf("make PostgreSQL's data directory %s: %w", d.pgdata(), err))
	}
	return os.Rename(temp, d.pgdata())
}

func (d dataDir) initdb(ctx context.Context, bin installation, alive *os.File, args []string) (said string, err error) {
	var out bytes.Buffer
	cmd := d.program(ctx, filepath.Join(bin.dir, "initdb"), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.ExtraFiles = []*os.File{alive}
	err = cmd.Run()
	return out.String(), err
}

// locale orders text by code point and knows the case of every letter. macOS has no C.UTF-8 of old.
func locale() []string {
	if runtime.GOOS == "darwin" {
		return []string{"--locale=C", "--lc-ctype=en_US.UTF-8"}
	}
	return []string{"--locale=C.UTF-8"}
}

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
			s.log.Info("waiting for PostgreSQL, which is recovering or stopping", "dir", s.data.dir)
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
	alive, err := s.data.isAlive()
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
			pid, err := s.data.postmaster()
			return err == nil && !s.data.runsHere(pid), err
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
		return run.Unreachable("see "+s.data.logFile(), "PostgreSQL in %s does not let us in: %w", s.data.dir, oneLine(err))
	}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return fmt.Errorf("wait for PostgreSQL in %s: %w", s.data.dir, context.Canceled)
	}
	return run.Unreachable("see "+s.data.logFile(), "PostgreSQL in %s does not answer: %w", s.data.dir, err)
}

// sqlState is the code of PostgreSQL's own error, "" for any other.
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
