package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// URL is the connection string of a database on the server, for pgx and for libpq: by the socket, or by the port with
// its password where [Options].TCP asked for that.
func (s *Server) URL(database string) string {
	if !s.tcp {
		return s.socketURL(database)
	}
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(Superuser, s.address.Password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.address.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (s *Server) socketURL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(Superuser),
		Path:     "/" + database,
		RawQuery: "host=" + escapeQuery(s.address.SocketDir) + "&port=" + strconv.Itoa(s.address.Port),
	}
	return u.String()
}

// escapeQuery escapes a space as %20: libpq takes a + for itself.
func escapeQuery(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// EnsureDatabase makes a database where it is missing, and says whether it did.
func (s *Server) EnsureDatabase(ctx context.Context, name string) (created bool, err error) {
	err = s.onServer(ctx, func(conn *pgx.Conn) error {
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
			return err
		}
		_, err := conn.Exec(ctx, "CREATE DATABASE "+Ident(name))
		if state := sqlState(err); state == "42P04" || state == "23505" { // another process made it at this moment
			return nil
		}
		created = err == nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("make the database %s: %w", name, err)
	}
	return created, nil
}

// setPassword gives the superuser the port's password. The socket needs none.
func (s *Server) setPassword(ctx context.Context) error {
	if !s.tcp {
		return nil
	}
	err := s.onServer(ctx, func(conn *pgx.Conn) error {
		// ALTER ROLE takes no parameters; the password is letters and digits of our own making.
		_, err := conn.Exec(ctx, "ALTER ROLE "+Superuser+" PASSWORD '"+s.address.Password+"'")
		return err
	})
	if err != nil {
		return fmt.Errorf("set the password of PostgreSQL's port: %w", err)
	}
	return nil
}

func (s *Server) onServer(ctx context.Context, use func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.socketURL("postgres"))
	if err != nil {
		return err
	}
	return errors.Join(use(conn), conn.Close(context.WithoutCancel(ctx)))
}

// socketDir makes the folder of the socket, which is the server's account's alone, because every process that reaches
// the socket is trusted. It lies in the data directory, or in a temporary folder where that path is too long for a
// socket.
func (d dataDir) socketDir() (string, error) {
	dir := d.file("run")
	if !fitsSocket(dir) {
		var err error
		if dir, err = d.shortDir(); err != nil {
			return "", err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", d.cannotMake(err)
	}
	if err := d.who.own(dir); err != nil {
		return "", fmt.Errorf("give %s to %s: %w", dir, d.who.name, err)
	}
	return dir, d.checkPrivate(dir)
}

// shortDir is the same for everyone with the same data directory and temporary folder.
func (d dataDir) shortDir() (string, error) {
	for _, temp := range slices.Compact([]string{filepath.Clean(os.TempDir()), "/tmp"}) {
		dir := filepath.Join(temp, d.cluster())
		if ok, err := d.who.canEnter(temp); err != nil {
			return "", err
		} else if ok && fitsSocket(dir) {
			return dir, nil
		}
	}
	return "", run.Invalid("set CPD_JOBS_DATA_DIR or TMPDIR to a shorter path", "no folder for PostgreSQL's socket: the path of %s is too long", d.dir)
}

// removeShortDir removes the socket's folder where it does not lie in the data directory.
func (d dataDir) removeShortDir() error {
	a, err := d.readAddress()
	if err != nil || filepath.Dir(a.SocketDir) == d.dir {
		return nil //nolint:nilerr // the directory was removed under the server: nothing tells of another folder
	}
	_, err = removeFile(a.SocketDir)
	return err
}

// checkPrivate refuses a folder that another user made.
func (d dataDir) checkPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return d.cannotMake(err)
	}
	if !info.IsDir() || ownerOf(info) != d.who.uid {
		return run.Invalid("have it removed, or set TMPDIR to another folder", "%s, for PostgreSQL's socket, is not a folder of %s's", dir, d.who.name)
	}
	if info.Mode().Perm() != 0o700 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

// fitsSocket says that a socket in dir has a path that the kernel takes and that connection strings can say: a comma
// would make two hosts of it.
func fitsSocket(dir string) bool {
	limit := 107
	if runtime.GOOS != "linux" {
		limit = 103
	}
	return len(filepath.Join(dir, ".s.PGSQL.65535")) <= limit && !strings.Contains(dir, ",")
}

// quoteFolder writes a folder for unix_socket_directories, which is a list.
func quoteFolder(dir string) string { return `"` + strings.ReplaceAll(dir, `"`, `""`) + `"` }
