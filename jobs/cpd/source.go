package cpd

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
)

// appName is what the source's administrators see.
const appName = "cpd-jobs sync"

// lookTimeout ends a look at the source that gets no answer: a catalogue is read in milliseconds.
const lookTimeout = time.Minute

// source is the CPD service's database.
type source struct {
	pool    *pgxpool.Pool
	workers int
}

// sessionTimeout ends at the source what takes too long: one table's COPY, or a session of which nothing is asked.
const sessionTimeout = "20min"

func openSource(ctx context.Context, d Deps) (*source, error) {
	if d.SourceURL == "" {
		return nil, run.Invalid("set it to the CPD service's database, best a read replica", "CPD_DATABASE_URL is not set")
	}
	pool, err := pg.Open(ctx, d.SourceURL, pg.PoolOptions{App: appName, MaxConns: int32(d.workers())})
	if err != nil {
		return nil, fmt.Errorf("CPD_DATABASE_URL: %w", err)
	}
	workers := min(d.workers(), int(pool.Config().MaxConns)) // the address may set a lower limit
	return &source{pool: pool, workers: workers}, nil
}

func (s *source) close() { s.pool.Close() }

// describe reads what the source's tables look like now.
func (s *source) describe(ctx context.Context, tables []Table) (map[name]relation, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	look := &snapshot{}
	defer look.end(ctx)
	tx, err := s.session(ctx, look, pgx.ReadCommitted)
	if err != nil {
		return nil, sourceFailure(ctx, "look at its tables", err)
	}
	found, err := sourceSide.describe(ctx, tx, tables)
	return found, sourceFailure(ctx, "look at its tables", err)
}

// systemIdentifier tells which server this is, "" where it does not say. A standby is the same as its primary.
func (s *source) systemIdentifier(ctx context.Context) (id string) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := s.pool.QueryRow(ctx, "SELECT system_identifier::text FROM pg_control_system()").Scan(&id); err != nil {
		return "" // a host may keep it from us: the copy is no worse
	}
	return id
}

// snapshot is one moment of the source, seen by several sessions.
type snapshot struct {
	sessions []pgx.Tx
	// AsOf is the moment by the source's clock.
	AsOf    time.Time
	Replica *Replica
}

// Replica says how far a standby was behind.
type Replica struct {
	// ReplayedAt is when the latest transaction that it has was committed. An idle primary makes it old, too.
	ReplayedAt *time.Time `json:"replayed_at"`
	// CaughtUp says that it is connected and has replayed all that it was sent.
	CaughtUp bool `json:"caught_up"`
	// LagSeconds is 0 where it is caught up, else the time since ReplayedAt: since the replica's start where it has
	// replayed no transaction since.
	LagSeconds float64 `json:"lag_seconds"`
}

// begin takes a snapshot in one session and hands it to the others. The caller ends it.
func (s *source) begin(ctx context.Context) (*snapshot, error) {
	snap := &snapshot{}
	id, err := s.export(ctx, snap)
	for err == nil && len(snap.sessions) < s.workers {
		err = s.importSnapshot(ctx, snap, id)
	}
	if err != nil {
		snap.end(ctx)
		return nil, sourceFailure(ctx, "take a snapshot", err)
	}
	return snap, nil
}

// export asks the time by the clock that goes on within the transaction: with the transaction's own a row committed
// just before the snapshot would be younger than it.
func (s *source) export(ctx context.Context, snap *snapshot) (id string, err error) {
	tx, err := s.session(ctx, snap, pgx.RepeatableRead)
	if err != nil {
		return "", err
	}
	var standby bool
	var replica Replica
	err = tx.QueryRow(ctx, snapshotSQL).Scan(&id, &snap.AsOf, &standby, &replica.ReplayedAt, &replica.CaughtUp, &replica.LagSeconds)
	if err != nil {
		return "", err
	}
	snap.AsOf = snap.AsOf.UTC()
	if standby {
		snap.Replica = &replica
	}
	return id, nil
}

// snapshotSQL takes the snapshot, and asks how fresh it is. A replica that was cut off has replayed all that it was
// sent, too: so somebody must be receiving.
const snapshotSQL = `
	SELECT pg_export_snapshot(), coalesce(nullif(current_setting('cpd_jobs.demo_clock', true), '')::timestamptz, clock_timestamp()),
		standby, replayed_at, caught_up,
		CASE WHEN standby AND NOT caught_up THEN greatest(0, extract(epoch FROM clock_timestamp() - coalesce(replayed_at, pg_postmaster_start_time()))) ELSE 0 END::float8
	FROM (
		SELECT standby, CASE WHEN standby THEN pg_last_xact_replay_timestamp() END AS replayed_at,
			standby AND coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), false)
				AND EXISTS (SELECT FROM pg_stat_wal_receiver) AS caught_up
		FROM pg_is_in_recovery() AS r (standby)
	) AS source`

func (s *source) importSnapshot(ctx context.Context, snap *snapshot, id string) error {
	tx, err := s.session(ctx, snap, pgx.RepeatableRead)
	if err != nil {
		return err
	}
	// The id is the server's own, of hexadecimal digits and dashes; the statement takes no parameter.
	_, err = tx.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+id+"'")
	return err
}

// session opens one more transaction: it can only read, and nothing in it lasts for ever.
func (s *source) session(ctx context.Context, snap *snapshot, level pgx.TxIsoLevel) (pgx.Tx, error) {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: level, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	snap.sessions = append(snap.sessions, tx)
	_, err = tx.Exec(ctx, `SET LOCAL statement_timeout = '`+sessionTimeout+`'; SET LOCAL lock_timeout = '30s';
		SET LOCAL idle_in_transaction_session_timeout = '`+sessionTimeout+`'`)
	return tx, err
}

// end lets the source clean up behind the snapshot again.
func (s *snapshot) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, tx := range s.sessions {
		_ = tx.Rollback(ctx) // a session that cannot be told has ended
	}
}
