package pg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
)

// serverKeepalive are settings by which the server too detects a client that is gone without closing its connection,
// and releases its locks: see silentAfter. They have no effect over a local socket.
var serverKeepalive = map[string]string{
	"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "2", "tcp_user_timeout": "20000",
}

// setInSessions has every new session of a pool begin with settings, but for those that the connection string names. They
// are set by a statement and not with the connection's first packet: PgBouncer refuses a client that names settings
// there which it does not know.
func setInSessions(config *pgxpool.Config, settings map[string]string) {
	before := config.AfterConnect
	var sets []string
	for name, value := range settings {
		if config.ConnConfig.RuntimeParams[name] == "" {
			sets = append(sets, fmt.Sprintf("SET %s = %s", name, value))
		}
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if before != nil {
			if err := before(ctx, conn); err != nil {
				return err
			}
		}
		_, err := conn.Exec(ctx, strings.Join(sets, "; "))
		return err
	}
}

// silentAfter is how long the other end of a connection may send no acknowledgement, whether data are in flight or not.
// Too short and a brief network failure costs a sync; too long and a worker waits for a server that is gone.
const silentAfter = 20 * time.Second

// dial connects with TCP keepalives and a user timeout, so that a read on a connection whose other end is gone fails,
// instead of blocking for as long as the system retransmits: a quarter of an hour.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silentAfter / 2, Interval: silentAfter / 4, Count: 2},
	}
	if network != "unix" {
		d.Control = giveUpUnacknowledged
	}
	return d.DialContext(ctx, network, address)
}

// Bounded opens a pool like another, of at most maxConns connections, on which the server must answer within the given
// time: a statement that waits for longer fails, and its connection is closed with all that are idle in both pools,
// because what silenced one may have silenced them too. It is for short statements alone.
//
// The server has limits too. It ends a statement that runs, or waits for a lock, for nearly as long, so that one that
// is merely slow keeps its connection. And it ends a transaction whose client says nothing more: it may never hear that
// a silent connection was closed, and would keep that one's locks for ever. A pooler takes no such settings.
func Bounded(ctx context.Context, like *pgxpool.Pool, maxConns int32, within time.Duration) (*pgxpool.Pool, error) {
	config := like.Config()
	config.MaxConns, config.MinConns, config.MinIdleConns = maxConns, 0, 0
	if !Pooled(like) {
		setInSessions(config, map[string]string{
			"statement_timeout":                   strconv.FormatInt((within * 4 / 5).Milliseconds(), 10),
			"idle_in_transaction_session_timeout": strconv.FormatInt(within.Milliseconds(), 10),
		})
	}
	var pool *pgxpool.Pool
	connect := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := connect(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &boundedConn{Conn: conn, within: within, silent: func() { pool.Reset(); like.Reset() }}, nil
	}
	var err error
	if pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open a pool: %w", err)
	}
	return pool, nil
}

// boundedConn is a connection on which each read has a deadline, unless pgx has set one of its own, by which it
// cancels.
type boundedConn struct {
	net.Conn
	within time.Duration
	silent func() // called when no answer came

	mu  sync.Mutex
	set bool // by pgx
}

func (c *boundedConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	ours := !c.set
	if ours {
		_ = c.Conn.SetDeadline(clock.System().Add(c.within)) // where it cannot be set, the read fails too
	}
	c.mu.Unlock()
	n, err := c.Conn.Read(p)
	if ours && errors.Is(err, os.ErrDeadlineExceeded) {
		c.silent()
	}
	return n, err
}

func (c *boundedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set = !t.IsZero()
	return c.Conn.SetDeadline(t)
}
