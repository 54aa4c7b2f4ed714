package queue

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"cpd-jobs/internal/run"
)

// A worker beats every beatEvery; one that has not for deadAfter is dead. Together with the takeover loop's own pace a
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

// SessionName is the application_name of a worker's database sessions, by which whoever takes its jobs over ends them.
func SessionName(workerID string) string { return "cpd-jobs worker " + workerID }

func (w *Worker) register(ctx context.Context) error {
	_, err := w.pool.Exec(ctx, `
		INSERT INTO queue.workers (id, host, pid, version) VALUES ($1, $2, $3, $4)`, w.id, w.Host, w.PID, w.Version)
	if err != nil {
		return run.Cannot("check that migrations are applied (cpd-jobs migrate up)", "register this worker: %w", err)
	}
	return nil
}

func (w *Worker) unregister(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := w.pool.Exec(ctx, "UPDATE queue.workers SET stopped_at = now() WHERE id = $1", w.id); err != nil {
		return fmt.Errorf("say that this worker has stopped: %w", err)
	}
	return nil
}

// heartbeatLoop says every few seconds that this worker lives, and calls lost once it was taken for dead.
func (w *Worker) heartbeatLoop(ctx context.Context, lost func()) {
	for every(ctx, beatEvery) {
		alive, err := w.beat(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.beats.failed(w.now())
			w.log.Warn("heartbeat not written; trying again", "error", err)
		case !alive:
			w.log.Error("this worker was taken for dead; starting again")
			lost()
			return
		}
	}
}

func (w *Worker) beat(ctx context.Context) (alive bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, deadAfter/2)
	defer cancel()
	tag, err := w.pool.Exec(ctx, `
		UPDATE queue.workers SET heartbeat_at = now() WHERE id = $1 AND stopped_at IS NULL`, w.id)
	return err == nil && tag.RowsAffected() == 1, err
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

// steady says that the database has answered this worker for long enough to judge others: after an outage
// everybody's heartbeat is old, and nobody is dead.
func (h *heartbeats) steady(now time.Time) bool {
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
