package pg

import (
	"context"
	"net"
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
	config.ConnConfig.Tracer = lending{}
}

// meteredConn counts what goes over a connection, and how long its reader waited, for the borrower of the moment.
type meteredConn struct {
	net.Conn
	borrower atomic.Pointer[cost.Meter]
}

func (c *meteredConn) Read(p []byte) (int, error) {
	meter := c.borrower.Load()
	if meter == nil {
		return c.Conn.Read(p)
	}
	began := clock.System()
	n, err := c.Conn.Read(p)
	meter.Waited(clock.System().Sub(began))
	meter.Read(int64(n))
	return n, err
}

func (c *meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.borrower.Load().Wrote(int64(n))
	return n, err
}

// lending hears from the pool who borrows a connection.
type lending struct{}

var (
	_ pgxpool.AcquireTracer = lending{}
	_ pgxpool.ReleaseTracer = lending{}
	_ pgx.QueryTracer       = lending{}
)

func (lending) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return ctx
}

func (lending) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, end pgxpool.TraceAcquireEndData) {
	if meter := cost.From(ctx); meter != nil && end.Conn != nil {
		lend(end.Conn, meter)
	}
}

func (lending) TraceRelease(_ *pgxpool.Pool, end pgxpool.TraceReleaseData) { lend(end.Conn, nil) }

func lend(conn *pgx.Conn, to *cost.Meter) {
	wire := conn.PgConn().Conn()
	if secret, ok := wire.(interface{ NetConn() net.Conn }); ok {
		wire = secret.NetConn()
	}
	if c, ok := wire.(*meteredConn); ok {
		c.borrower.Store(to)
	}
}

// TraceQueryStart and TraceQueryEnd are there because pgx takes its tracers in one value.
func (lending) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (lending) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
