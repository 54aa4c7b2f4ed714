package pg

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/cost"
)

// metered has every connection of the pool count for its borrower: see package cost.
func metered(config *pgxpool.Config) {
	dial := config.ConnConfig.DialFunc
	// Below TLS, which must be seen to be on top where a password is bound to it.
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &meteredConn{Conn: conn}, nil
	}
	config.ConnConfig.Tracer = &lending{out: map[*meteredConn]uint32{}}
}

// meteredConn counts what goes over a connection, and how long its reader waited, for the borrower of the moment.
type meteredConn struct {
	net.Conn
	borrower atomic.Pointer[cost.Meter]
	// statementSince and readSince are when the statement and the read that go on began, in nanoseconds of Unix time, 0
	// while there is none. pgx may read ahead of a statement.
	statementSince, readSince atomic.Int64
	ended                     atomic.Bool // because it was silent: see [Silence]
}

func (c *meteredConn) Read(p []byte) (int, error) {
	meter := c.borrower.Load()
	if meter == nil {
		return c.Conn.Read(p)
	}
	began := clock.System()
	c.readSince.Store(began.UnixNano())
	n, err := c.Conn.Read(p)
	c.readSince.Store(0)
	if err != nil && c.ended.Load() {
		err = errSilent
	}
	meter.Waited(clock.System().Sub(began))
	meter.Read(int64(n))
	return n, err
}

func (c *meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.borrower.Load().Wrote(int64(n))
	return n, err
}

// lending hears from the pool who borrows a connection, and from pgx whether a statement goes on.
type lending struct {
	mu  sync.Mutex
	out map[*meteredConn]uint32 // what jobs have borrowed, with the server's process
}

var (
	_ pgxpool.AcquireTracer = &lending{}
	_ pgxpool.ReleaseTracer = &lending{}
	_ pgx.QueryTracer       = &lending{}
	_ pgx.BatchTracer       = &lending{}
)

func (*lending) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return ctx
}

func (l *lending) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, end pgxpool.TraceAcquireEndData) {
	meter := cost.From(ctx)
	if meter == nil || end.Conn == nil {
		return
	}
	if c := meteredOf(end.Conn); c != nil {
		c.borrower.Store(meter)
		l.mu.Lock()
		l.out[c] = end.Conn.PgConn().PID()
		l.mu.Unlock()
	}
}

func (l *lending) TraceRelease(_ *pgxpool.Pool, end pgxpool.TraceReleaseData) {
	if c := meteredOf(end.Conn); c != nil && c.borrower.Swap(nil) != nil {
		l.mu.Lock()
		delete(l.out, c)
		l.mu.Unlock()
	}
}

// meteredOf is the metered connection under a connection, nil where there is none.
func meteredOf(conn *pgx.Conn) *meteredConn {
	wire := conn.PgConn().Conn()
	if secret, ok := wire.(interface{ NetConn() net.Conn }); ok {
		wire = secret.NetConn()
	}
	c, _ := wire.(*meteredConn)
	return c
}

// TraceQueryStart notes that a job waits for an answer.
func (*lending) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	began(conn)
	return ctx
}

func (*lending) TraceQueryEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceQueryEndData) {
	answered(conn)
}

func (*lending) TraceBatchStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	began(conn)
	return ctx
}

func (*lending) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (*lending) TraceBatchEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceBatchEndData) {
	answered(conn)
}

func began(conn *pgx.Conn) {
	if c := meteredOf(conn); c != nil && c.borrower.Load() != nil {
		c.statementSince.Store(clock.System().UnixNano())
	}
}

func answered(conn *pgx.Conn) {
	if c := meteredOf(conn); c != nil {
		c.statementSince.Store(0)
	}
}
