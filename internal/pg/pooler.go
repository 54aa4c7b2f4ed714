package pg

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pooledMode makes no prepared statement that must outlast a transaction, and unlike pgx.QueryExecModeExec knows the
// types of parameters, so that every statement works as it does without a pooler.
const pooledMode = pgx.QueryExecModeCacheDescribe

// Pooled says that what a session remembers does not outlast a transaction, because a pooler such as PgBouncer lends
// server connections for a transaction each: no LISTEN, no session locks, no prepared statements. [Open] finds out; a
// default_query_exec_mode in the connection string says so too.
func Pooled(pool *pgxpool.Pool) bool {
	return pool.Config().ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement
}

// pooledTries is how often two connections are compared: a pooler that is busy may happen to keep them apart a few
// times.
const pooledTries = 20

// behindPooler finds out whether a pooler lends server connections for a transaction at a time. A server names its
// process to a client that connects, and a pooler makes a name up; where the two differ, the server's processes behind
// two connections tell: for a session each they are two, and stay the same.
func behindPooler(ctx context.Context, config *pgx.ConnConfig) (bool, error) {
	config = config.Copy()
	config.DefaultQueryExecMode = pooledMode
	a, first, err := connectAsking(ctx, config)
	if err != nil {
		return false, err
	}
	defer func() { _ = a.Close(context.WithoutCancel(ctx)) }()
	if first == a.PgConn().PID() {
		return false, nil
	}
	b, second, err := connectAsking(ctx, config)
	if err != nil {
		return false, err
	}
	defer func() { _ = b.Close(context.WithoutCancel(ctx)) }()
	for range pooledTries {
		if first == second {
			return true, nil
		}
		before := first
		if first, err = backend(ctx, a); err != nil || first != before {
			return err == nil, err
		}
		if second, err = backend(ctx, b); err != nil {
			return false, err
		}
	}
	return false, nil
}

func connectAsking(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, uint32, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, 0, err
	}
	pid, err := backend(ctx, conn)
	if err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
	}
	return conn, pid, err
}

// backend is the number of the server process that answers.
func backend(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return 0, fmt.Errorf("ask which server process answers: %w", err)
	}
	return pid, nil
}
