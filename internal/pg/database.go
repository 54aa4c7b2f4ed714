package pg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
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
		_, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
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
