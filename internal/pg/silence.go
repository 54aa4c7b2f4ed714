package pg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
)

// errSilent is what a job is told whose connection was ended because it was silent.
var errSilent = run.Unreachable("trying again takes another connection",
	"the connection to the database went silent: each side waited for the other")

// Silence finds the connections of a pool that jobs have borrowed and that went silent without a word: the client waits
// for an answer while the server has nothing to do and waits for the client. A statement of a job may take hours, so no
// deadline tells; that both sides wait does.
type Silence struct {
	jobs, over *pgxpool.Pool
	after      time.Duration
	suspects   map[*meteredConn]int64 // since when they waited, as of the last look
}

// WatchSilence watches the pool of jobs, made by [Open]; it asks the server over another, a [Bounded] one. A read that
// lasts for longer than after is looked at.
func WatchSilence(jobs, over *pgxpool.Pool, after time.Duration) *Silence {
	return &Silence{jobs: jobs, over: over, after: after}
}

// End ends the connections that were silent at this look and at the one before, in the same read, and says how many:
// between two looks an answer may have been on its way. Their statements fail with an error of class Unreachable, and
// the server gives back their locks. Behind a pooler nothing is found.
func (s *Silence) End(ctx context.Context) (ended int, err error) {
	before := s.suspects
	s.suspects = map[*meteredConn]int64{}
	waiting := s.waiting()
	if len(waiting) == 0 {
		return 0, nil
	}
	var pids []int32
	for _, w := range waiting {
		pids = append(pids, w.pid)
	}
	// A COPY into the server is "active" although it waits for its client: that client may itself wait for a source.
	rows, _ := s.over.Query(ctx, `
		SELECT pid FROM unnest($1::int[]) AS pid LEFT JOIN pg_stat_activity AS a USING (pid)
		WHERE a.pid IS NULL OR a.state LIKE 'idle%' OR a.wait_event = 'ClientWrite'`, pids)
	idle, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return 0, fmt.Errorf("look for silent connections: %w", err)
	}
	var over []int32
	for _, pid := range idle {
		w := waiting[pid]
		if before[w.conn] != w.since {
			s.suspects[w.conn] = w.since
			continue
		}
		w.conn.ended.Store(true)
		_ = w.conn.Close()
		over = append(over, pid)
	}
	if len(over) == 0 {
		return 0, nil
	}
	_, err = s.over.Exec(ctx, `
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY ($1) AND application_name = $2`,
		over, s.jobs.Config().ConnConfig.RuntimeParams["application_name"])
	if err != nil {
		err = fmt.Errorf("end the server's side of silent connections: %w", err)
	}
	return len(over), err
}

type waitingConn struct {
	conn  *meteredConn
	pid   int32
	since int64
}

// waiting are the borrowed connections on which a statement has waited for longer than s.after to read something, by
// the server's process.
func (s *Silence) waiting() map[int32]waitingConn {
	lent, ok := s.jobs.Config().ConnConfig.Tracer.(*lending)
	if !ok || Pooled(s.jobs) {
		return nil
	}
	limit := clock.System().Add(-s.after).UnixNano()
	lent.mu.Lock()
	defer lent.mu.Unlock()
	found := map[int32]waitingConn{}
	for conn, pid := range lent.out {
		statement, read := conn.statementSince.Load(), conn.readSince.Load()
		if since := max(statement, read); statement != 0 && read != 0 && since <= limit {
			found[int32(pid)] = waitingConn{conn, int32(pid), since} // #nosec G115 -- a process id
		}
	}
	return found
}
