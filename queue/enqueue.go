package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
	"cpd-jobs/queue/riverdb"
)

// Request asks for one job. The job goes on with the trace of the context in which it is made (package trace).
type Request struct {
	Kind string
	// Args is a JSON object; nil means all defaults.
	Args json.RawMessage
	// By says who asks: "person ann@laptop", "schedule register 2026-11-22T06:00:00Z".
	By string
	// At delays the start; zero means at once.
	At time.Time
	// Priority is River's: 1 (first) to 4; 0 means 1.
	Priority int
	// RunID joins a chain that is already running; 0 starts a new one.
	RunID  int64
	DryRun bool
	// Schedule and Tick name the tick that the job is for, if any.
	Schedule string
	Tick     time.Time
	// Serial makes jobs of the schedule run one after the other.
	Serial bool
	// Backfill is the number of the backfill that asks; 0 for none.
	Backfill int64
	// Checked says that the arguments were checked when the schedule became live. Where this version of the program
	// refuses them or does not know the kind, the job is inserted all the same, for workers of the version that does.
	Checked bool
}

// Ticket says which job was inserted.
type Ticket struct {
	ID    int64 `json:"id"`
	RunID int64 `json:"run_id"`
}

// Enqueue inserts one job. Wrong kinds and arguments are of class Invalid and insert nothing.
func (c *Client) Enqueue(ctx context.Context, r Request) (Ticket, error) {
	var t Ticket
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		tickets, err := c.EnqueueTx(ctx, tx, r)
		if err == nil {
			t = tickets[0]
		}
		return err
	})
	return t, err
}

// EnqueueTx inserts jobs within tx, so that they exist exactly when what tx does is committed.
func (c *Client) EnqueueTx(ctx context.Context, tx pgx.Tx, requests ...Request) ([]Ticket, error) {
	requests = slices.Clone(requests)
	if err := c.giveRunIDs(ctx, tx, requests); err != nil {
		return nil, err
	}
	if len(requests) == 0 {
		return nil, nil
	}
	params := make([]river.InsertManyParams, len(requests))
	for i, r := range requests {
		p, err := c.params(ctx, r)
		if err != nil {
			return nil, err
		}
		params[i] = p
	}
	inserted, err := c.river.InsertManyTx(ctx, tx, params)
	if err != nil {
		return nil, fmt.Errorf("insert %d jobs: %w", len(params), err)
	}
	if err := notifyInserted(ctx, tx, inserted); err != nil {
		return nil, err
	}
	tickets := make([]Ticket, len(inserted))
	for i, res := range inserted {
		tickets[i] = Ticket{ID: res.Job.ID, RunID: requests[i].RunID}
	}
	return tickets, nil
}

// notifyInserted wakes the workers when tx commits.
func notifyInserted(ctx context.Context, tx pgx.Tx, inserted []*rivertype.JobInsertResult) error {
	var queues []string
	for _, res := range inserted {
		if !slices.Contains(queues, res.Job.Queue) {
			queues = append(queues, res.Job.Queue)
		}
	}
	return riverdb.Notify(ctx, tx, queues)
}

func (c *Client) giveRunIDs(ctx context.Context, tx pgx.Tx, requests []Request) error {
	var fresh []int
	for i, r := range requests {
		if r.RunID == 0 {
			fresh = append(fresh, i)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	rows, _ := tx.Query(ctx, "SELECT nextval('queue.run_ids') FROM generate_series(1, $1)", len(fresh))
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("take run numbers: %w", err)
	}
	for n, i := range fresh {
		requests[i].RunID = ids[n]
	}
	return nil
}

func (c *Client) params(ctx context.Context, r Request) (river.InsertManyParams, error) {
	kind, err := c.Kind(r.Kind)
	unknown := err != nil
	args := r.Args
	if !unknown {
		args, err = kind.Check(r.Args)
	}
	switch {
	case err != nil && !r.Checked:
		return river.InsertManyParams{}, err
	case unknown:
		kind = run.Kind{Name: r.Kind, Queue: "default", MaxAttempts: river.MaxAttemptsDefault}
	}
	if err != nil {
		args = r.Args
	}
	if bytes.Contains(bytes.ReplaceAll(args, []byte(`\\`), nil), []byte(`\u0000`)) {
		return river.InsertManyParams{}, run.Invalid("leave it out", "arguments of %s contain a NUL character", kind.Name)
	}
	if year := r.At.UTC().Year(); year < 1 || year > 9998 { // River cannot read such a row
		return river.InsertManyParams{}, run.Invalid("give a year from 1 to 9998", "a job of kind %s at %s", kind.Name, r.At.UTC().Format(time.RFC3339))
	}
	m := metadata{RunID: r.RunID, StartedBy: r.By, Schedule: r.Schedule, DryRun: r.DryRun, Serial: r.Serial, Backfill: r.Backfill,
		Report: kind.ReportOf(args), Traceparent: trace.Of(ctx).String()}
	if !r.Tick.IsZero() {
		m.Tick = &r.Tick
	}
	return river.InsertManyParams{
		Args:       payload{kind: kind.Name, raw: args},
		InsertOpts: insertOpts(kind, m, r),
	}, nil
}

// insertAgain inserts a job that goes on in place of another, with its arguments as they are: this version may not know
// the kind. What River refuses before the database hears of it is of class Invalid.
func (c *Client) insertAgain(ctx context.Context, tx pgx.Tx, kind string, args json.RawMessage, opts *river.InsertOpts) (int64, error) {
	inserted, err := c.river.InsertTx(ctx, tx, payload{kind: kind, raw: args}, opts)
	if err == nil {
		return inserted.Job.ID, riverdb.Notify(ctx, tx, []string{opts.Queue})
	}
	if _, refused := errors.AsType[*pgconn.PgError](err); !refused && ctx.Err() == nil && !tx.Conn().IsClosed() {
		err = run.Invalid("", "%w", err)
	}
	return 0, fmt.Errorf("insert the job that goes on: %w", err)
}

func insertOpts(kind run.Kind, m metadata, r Request) *river.InsertOpts {
	return &river.InsertOpts{
		Queue:       kind.Queue,
		MaxAttempts: kind.MaxAttempts,
		Priority:    r.Priority,
		ScheduledAt: r.At,
		Metadata:    m.encode(),
	}
}

// payload carries the arguments of any kind through River as they are.
type payload struct {
	kind string
	raw  json.RawMessage
}

func (p payload) Kind() string                 { return p.kind }
func (p payload) MarshalJSON() ([]byte, error) { return p.raw, nil }
func (p *payload) UnmarshalJSON(raw []byte) error {
	p.raw = append(p.raw[:0], raw...)
	return nil
}
