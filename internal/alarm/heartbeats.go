package alarm

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"cpd-jobs/internal/clock"
)

// heartbeatTries is how often a heartbeat is tried, heartbeatPause the pause between, heartbeatWithin the time for each: a
// process that is being stopped has no more than that left for them.
const (
	heartbeatTries  = 3
	heartbeatPause  = 5 * time.Second
	heartbeatWithin = 2 * time.Second
)

// Heartbeats call an address after each success of a schedule's job. One that fails is a line in the log and nothing
// more: that it did not come is what the watcher on the other side is for.
type Heartbeats struct {
	address func(schedule string) string
	post    *poster
	log     *slog.Logger
	pause   time.Duration
	waiting chan string
}

// NewHeartbeats makes heartbeats to the address that is given for a schedule, "" for those that have none.
// [Heartbeats.Run] sends them.
func NewHeartbeats(address func(schedule string) string, log *slog.Logger) *Heartbeats {
	return &Heartbeats{address: address, post: newPoster(), log: log, pause: heartbeatPause, waiting: make(chan string, 100)}
}

// Succeeded asks for a schedule's heartbeat. It never waits: where a hundred have not been sent yet, one more says nothing.
func (h *Heartbeats) Succeeded(schedule string) {
	if schedule == "" || h.address(schedule) == "" {
		return
	}
	select {
	case h.waiting <- schedule:
	default:
		h.log.Warn("heartbeat left out: many are waiting", "schedule", schedule)
	}
}

// Run sends what is asked for until ctx ends, then what was asked for before: no other process will. Each is sent by
// itself, so that an address that does not answer delays no other schedule's heartbeat.
func (h *Heartbeats) Run(ctx context.Context) {
	var sending sync.WaitGroup
	defer sending.Wait() // after ctx has ended each is tried once, for heartbeatWithin at most
	for {
		select {
		case schedule := <-h.waiting:
			sending.Go(func() { h.send(ctx, schedule) })
		case <-ctx.Done():
			for len(h.waiting) > 0 {
				schedule := <-h.waiting
				sending.Go(func() { h.send(ctx, schedule) })
			}
			return
		}
	}
}

func (h *Heartbeats) send(ctx context.Context, schedule string) {
	for try := 1; ; try++ {
		err := h.once(ctx, schedule)
		if err == nil {
			h.log.Debug("heartbeat sent", "schedule", schedule)
			return
		}
		if try == heartbeatTries || clock.Wait(ctx, h.pause) != nil {
			h.log.Warn("heartbeat not sent", "schedule", schedule, "tries", try, "error", err)
			return
		}
	}
}

// once tries once. The end of ctx does not cut it off: the job has succeeded.
func (h *Heartbeats) once(ctx context.Context, schedule string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), heartbeatWithin)
	defer cancel()
	return h.post.get(ctx, h.address(schedule))
}
