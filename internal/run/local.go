package run

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// Local runs a job in this process, outside the queue: no other worker can take it over, so its fence always holds.
type Local struct {
	Logger *slog.Logger
	Dry    bool
	For    time.Time
	// OnStep, where set, is called when a step starts (err nil, finished false) and when it ends.
	OnStep func(s *Step, finished bool, took time.Duration, err error)
	// Now is the clock that times steps.
	Now func() time.Time
}

var _ Run = (*Local)(nil)

func (l *Local) ID() int64                                 { return 0 }
func (l *Local) JobID() int64                              { return 0 }
func (l *Local) Tick() time.Time                           { return l.For }
func (l *Local) DryRun() bool                              { return l.Dry }
func (l *Local) Fence(ctx context.Context, _ pgx.Tx) error { return ctx.Err() }

// Changed does nothing: what follows jobs follows those of the queue.
func (l *Local) Changed(context.Context, pgx.Tx, int64) error { return nil }

// Log is the given logger, or one that says nothing.
func (l *Local) Log() *slog.Logger {
	if l.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.Logger
}

// Step runs f and calls OnStep.
func (l *Local) Step(ctx context.Context, name string, f func(ctx context.Context, s *Step) error) error {
	s := NewStep(name)
	if l.OnStep == nil || l.Now == nil {
		return wrapStep(name, f(ctx, s))
	}
	started := l.Now()
	l.OnStep(s, false, 0, nil)
	err := f(ctx, s)
	l.OnStep(s, true, l.Now().Sub(started), err)
	return wrapStep(name, err)
}

// wrapStep names the step in an error, once.
func wrapStep(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
