package pg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
)

// PoolOptions shape a pool. What the connection string says itself wins, App excepted.
type PoolOptions struct {
	// App is the application_name of every session, by which an operator tells who is connected.
	App string
	// MaxConns is 8 if 0. Too few and jobs wait for one another; too many and the server runs out.
	MaxConns int32
}

// Open makes a pool and connects once, so that a wrong address is found here, and a pooler on the way: see [Pooled].
// Sessions show times in UTC. The error is one line without the password, of class Unreachable, or Invalid where the
// string is no connection string.
func Open(ctx context.Context, url string, o PoolOptions) (*pgxpool.Pool, error) {
	config, err := poolConfig(url, o)
	if err != nil {
		return nil, err
	}
	pooled, err := behindPooler(ctx, config.ConnConfig)
	if err != nil {
		return nil, unreachable(config.ConnConfig, err)
	}
	if pooled {
		config.ConnConfig.DefaultQueryExecMode = pooledMode
	} else {
		setInSessions(config, serverKeepalive)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open a pool: %w", err)
	}
	return pool, nil
}

func poolConfig(url string, o PoolOptions) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, run.Invalid("it looks like postgres://user:password@host:5432/database",
			"the connection string %s is wrong", maskURL(url))
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = 8
		if o.MaxConns > 0 {
			config.MaxConns = o.MaxConns
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	params := config.ConnConfig.RuntimeParams
	if o.App != "" {
		params["application_name"] = o.App
	}
	if params["timezone"] == "" {
		params["timezone"] = "UTC"
	}
	config.ConnConfig.DialFunc = dial
	metered(config)
	return config, nil
}

// unreachable says in one line which database, why, and what to do.
func unreachable(c *pgx.ConnConfig, err error) error {
	where := "at " + net.JoinHostPort(c.Host, fmt.Sprint(c.Port))
	if strings.HasPrefix(c.Host, "/") {
		where = "at socket " + c.Host
	}
	return run.Unreachable(connectHint(err), "cannot connect to database %s as %s %s: %w", c.Database, c.User, where, oneLine(err))
}

func connectHint(err error) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch state := sqlState(err); {
	case state == "28P01" || state == "28000":
		return "check the user and the password"
	case state == "3D000":
		return "make the database, or name another"
	case state == "53300":
		return "raise the server's max_connections, or have fewer processes"
	case state == "57P03":
		return "wait until it has started"
	case isDNS && dns.IsNotFound:
		return "check the host's name"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return "check that the server runs there"
	default:
		return "check the address, the server and the network"
	}
}

// cause keeps an error's chain and says only its innermost part: pgx names every address that it tried, each on a line.
type cause struct {
	err  error
	said string
}

func (c cause) Error() string { return c.said }
func (c cause) Unwrap() error { return c.err }

// oneLine shortens an error from pgx to what went wrong in the end.
func oneLine(err error) error {
	inner := err
	for {
		switch e := inner.(type) {
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return cause{err, firstLine(inner.Error())}
			}
			inner = e.Unwrap()
		case interface{ Unwrap() []error }:
			if len(e.Unwrap()) == 0 {
				return cause{err, firstLine(inner.Error())}
			}
			inner = e.Unwrap()[len(e.Unwrap())-1]
		default:
			return cause{err, firstLine(inner.Error())}
		}
	}
}

func firstLine(s string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return first
}
