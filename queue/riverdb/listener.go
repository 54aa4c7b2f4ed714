package riverdb

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Driver is River's own with another listener: River's waits longer with each broken connection, up to a minute, and
// what is inserted meanwhile waits for the next poll.
type Driver struct {
	*riverpgxv5.Driver
	listening *riverpgxv5.Driver
	queues    []string
	closed    func() bool
	log       *slog.Logger
}

// NewDriver makes a driver that works on pool, and listens on a connection as those of listening: to wait for a
// notification takes longer than any answer may. After it has connected again it has the given queues looked into.
// While closed says so, it fetches no job.
func NewDriver(pool, listening *pgxpool.Pool, queues map[string]int, closed func() bool, log *slog.Logger) *Driver {
	d := &Driver{Driver: riverpgxv5.New(pool), listening: riverpgxv5.New(listening), closed: closed, log: log}
	for name := range queues {
		d.queues = append(d.queues, name)
	}
	return d
}

// GetListener is called by River, once a client.
func (d *Driver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{Listener: d.listening.GetListener(p), queues: d.queues, log: d.log}
}

// GetExecutor is called by River for all that it does outside of transactions.
func (d *Driver) GetExecutor() riverdriver.Executor { return gated{d.Driver.GetExecutor(), d.closed} }

// gated fetches no job while it is closed.
type gated struct {
	riverdriver.Executor
	closed func() bool
}

func (g gated) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	if g.closed() {
		return &riverdriver.JobGetAvailableResult{}, nil
	}
	return g.Executor.JobGetAvailable(ctx, p)
}

// listener connects again as soon as the database answers, and then has every queue looked into: what was notified
// meanwhile is lost. River calls its methods one at a time.
type listener struct {
	riverdriver.Listener
	queues []string
	log    *slog.Logger

	topics []string
	broken bool
	missed []*riverdriver.Notification // made up, and given out before what really comes
}

func (l *listener) Listen(ctx context.Context, topic string) error {
	if !slices.Contains(l.topics, topic) {
		l.topics = append(l.topics, topic)
	}
	if l.broken {
		return nil // connecting again listens to all topics
	}
	return l.Listener.Listen(ctx, topic)
}

// Unlisten leaves a connection that is broken alone: River's listener has none between two attempts to connect, and panics.
func (l *listener) Unlisten(ctx context.Context, topic string) error {
	l.topics = slices.DeleteFunc(l.topics, func(t string) bool { return t == topic })
	if l.broken {
		return nil
	}
	return l.Listener.Unlisten(ctx, topic)
}

// Ping leaves a connection that is broken to the wait that follows.
func (l *listener) Ping(ctx context.Context) error {
	if !l.broken && l.Listener.Ping(ctx) != nil {
		l.broken = true
	}
	return nil
}

func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		if l.broken && !l.reconnect(ctx) {
			return nil, ctx.Err()
		}
		if len(l.missed) > 0 {
			n := l.missed[0]
			l.missed = l.missed[1:]
			return n, nil
		}
		n, err := l.Listener.WaitForNotification(ctx)
		if err == nil || ctx.Err() != nil {
			return n, err
		}
		l.broken = true
		l.log.Warn("the connection that tells of new jobs broke; connecting again", "error", err)
	}
}

// reconnect tries until it succeeds, or returns false once ctx has ended.
func (l *listener) reconnect(ctx context.Context) bool {
	const longest = time.Second
	for wait := 50 * time.Millisecond; l.connect(ctx) != nil; wait = min(2*wait, longest) {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
	l.broken, l.missed = false, nil
	for _, queue := range l.queues {
		l.missed = append(l.missed, &riverdriver.Notification{Topic: insertTopic, Payload: fmt.Sprintf(`{"queue": %q}`, queue)})
	}
	return true
}

func (l *listener) connect(ctx context.Context) error {
	_ = l.Close(ctx) // it is broken
	if err := l.Connect(ctx); err != nil {
		return err
	}
	for _, topic := range l.topics {
		if err := l.Listener.Listen(ctx, topic); err != nil {
			return err
		}
	}
	return nil
}
