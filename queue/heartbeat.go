package queue

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

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

// SessionName is the application_name of a worker's database sessions, by which a worker that takes its jobs over ends them.
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

// heartbeatLoop says every few seconds that this worker lives, and calls lost once it was taken for dead. Where others
// need looking after, it wakes the takeover loop, which may take longer than a heartbeat may.
func (w *Worker) heartbeatLoop(ctx context.Context, lost func()) {
	for wait := time.Duration(0); every(ctx, wait); wait = beatEvery {
		alive, trouble, err := w.beat(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.heartbeats.failed(w.now())
			w.log.Warn("heartbeat not written; trying again", "error", err)
		case !alive:
			w.log.Error("this worker was taken for dead; starting again")
			lost()
			return
		case trouble:
			w.wakeTakeover()
		}
	}
}

func (w *Worker) beat(ctx context.Context) (alive, trouble bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, deadAfter/2)
	defer cancel()
	return riverdb.Beat(ctx, w.pool, riverdb.Heartbeat{
		Worker: w.id, DeadAfter: deadAfter, Active: w.active.list(), LostAfter: lostAfter, Pooled: pg.Pooled(w.pool),
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

// every waits, and returns false once ctx has ended.
func every(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
