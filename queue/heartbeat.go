package queue

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
)

// A worker beats every beatEvery; one that has not for deadAfter is dead. As every worker looks at each of its beats, a
// run is taken over within 20 seconds of its worker's death.
const (
	beatEvery = 3 * time.Second
	deadAfter = 12 * time.Second
)

// NewWorkerID names a worker process: its host, shortened, and a random part.
func NewWorkerID(host string) string {
	host, _, _ = strings.Cut(host, ".")
	var random [4]byte
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	return host[:min(len(host), 20)] + "-" + hex.EncodeToString(random[:])
}

// SessionName is the application_name of a worker's database sessions, by which a worker that takes its jobs over ends
// them.
func SessionName(workerID string) string { return riverdb.SessionPrefix + workerID }

func (w *Worker) register(ctx context.Context) error {
	_, err := w.pool.Exec(ctx, `
		INSERT INTO queue.workers (id, host, pid, version) VALUES ($1, $2, $3, $4)`, w.id, w.Host, w.PID, w.Version)
	if err != nil {
		return run.Unreachable("check that migrations are applied (cpd-jobs migrate up)", "register this worker: %w", err)
	}
	return nil
}

// unregister says that this worker has stopped. Where it cannot, its heartbeats say so by their absence.
func (w *Worker) unregister(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := w.pool.Exec(ctx, "UPDATE queue.workers SET stopped_at = now() WHERE id = $1", w.id); err != nil {
		w.log.Warn("not said that this worker has stopped; others will find out", "error", err)
	}
}

// A worker whose poll makes no progress for stalledAfter stops beating, so that others take its jobs over. Where the
// database answers it all the same for as long again, it gives up.
const stalledAfter = 30 * time.Second

// heartbeatLoop says every few seconds that this worker lives, until ctx ends, others took it for dead (ErrWorkerLost)
// or its poll stands still (ErrWorkerStalled). Where other workers or jobs need looking after, it wakes the takeover
// loop, which may take longer than a heartbeat may.
func (w *Worker) heartbeatLoop(ctx context.Context) error {
	var stalled stallWatch
	for wait := time.Duration(0); clock.Wait(ctx, wait) == nil; wait = beatEvery {
		if stalled.look(w.polled.count()) {
			answers := w.ping(ctx) == nil
			w.log.Warn("no heartbeat: the poll makes no progress", "database_answers", answers)
			if stalled.giveUp(answers) {
				return ErrWorkerStalled
			}
			continue
		}
		alive, trouble, err := w.beat(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			w.heartbeats.failed(w.now())
			w.log.Warn("heartbeat not written; trying again", "error", err)
		case !alive:
			w.log.Error("this worker was taken for dead; starting again")
			return ErrWorkerLost
		case trouble:
			w.wakeTakeover()
		}
	}
	return nil
}

// progress counts the rounds of a loop.
type progress struct{ rounds atomic.Int64 }

func (p *progress) made()        { p.rounds.Add(1) }
func (p *progress) count() int64 { return p.rounds.Load() }

// stallWatch counts heartbeats without progress, not seconds: a process that was suspended has missed none.
type stallWatch struct {
	seen         int64
	still, awake int // beats without progress; of those beyond the limit, the ones at which the database answered
}

// look says whether there has been no progress for too long.
func (s *stallWatch) look(rounds int64) bool {
	if rounds != s.seen {
		*s = stallWatch{seen: rounds}
		return false
	}
	s.still++
	return s.still > int(stalledAfter/beatEvery)
}

// giveUp says whether the worker has stood still for too long although the database answers: while it is away for all,
// starting again would help nothing.
func (s *stallWatch) giveUp(answers bool) bool {
	if answers {
		s.awake++
	}
	return s.awake >= int(stalledAfter/beatEvery)
}

// ping asks the database for an answer over a connection of its own.
func (w *Worker) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deadAfter/2)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, w.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// beat writes the heartbeat, and says whether this worker still counts as alive and whether others need looking after.
func (w *Worker) beat(ctx context.Context) (alive, trouble bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, deadAfter/2)
	defer cancel()
	return riverdb.Beat(ctx, w.pool, riverdb.Heartbeat{
		Worker: w.id, DeadAfter: deadAfter, Active: w.active.list(), LostAfter: lostAfter, Pooled: pg.Pooled(w.pool),
		Version: w.Version,
	})
}

func (w *Worker) wakeTakeover() {
	select {
	case w.trouble <- struct{}{}:
	default: // it is awake already
	}
}

// heartbeats remembers when this worker last could not reach the database.
type heartbeats struct {
	mu         sync.Mutex
	lastFailed time.Time
}

func (h *heartbeats) failed(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastFailed = at
}

// healthy says that the database has answered this worker for long enough to judge others: after an outage all
// heartbeats are old although no worker is dead.
func (h *heartbeats) healthy(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return now.Sub(h.lastFailed) > deadAfter
}
