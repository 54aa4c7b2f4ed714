package queue

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue/riverdb"
	"cpd-jobs/queue/schedule"
)

// One transaction accounts for so many schedules, and for so many ticks of each: a thousand schedules that fire at one
// instant are shared among workers, and two weeks of missed seconds do not hold a lock for minutes.
const (
	schedulesAtOnce = 250
	ticksAtOnce     = 5000
)

// account writes the ticks that are due, with their jobs, until none is left, and says how many schedules it got to.
func (w *Worker) account(ctx context.Context) (int, error) {
	total := 0
	for {
		n := 0
		err := pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) (err error) {
			n, err = w.accountBatch(ctx, tx)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("account for ticks: %w", err)
		}
		if total += n; n == 0 {
			return total, nil
		}
	}
}

// dueSchedule is a schedule whose row this transaction has locked.
type dueSchedule struct {
	Name        string
	AccountedTo time.Time
}

func (w *Worker) accountBatch(ctx context.Context, tx pgx.Tx) (int, error) {
	rows, _ := tx.Query(ctx, `
		SELECT name, accounted_to FROM queue.schedules
		WHERE next_tick <= clock_timestamp()
		ORDER BY next_tick LIMIT $1 FOR UPDATE SKIP LOCKED`, schedulesAtOnce)
	due, err := pgx.CollectRows(rows, pgx.RowToStructByName[dueSchedule])
	if err != nil || len(due) == 0 {
		return 0, err
	}
	id, err := identify(ctx, tx)
	if err != nil {
		return 0, err
	}
	if id.Held() {
		w.sayHeld(id)
		return 0, nil
	}
	b, err := w.newBatch(ctx, tx, due, id)
	if err != nil {
		return 0, err
	}
	if err := b.decide(); err != nil {
		return 0, err
	}
	return len(due), b.write(ctx, tx)
}

// batch is one transaction's work on the ledger.
type batch struct {
	worker  *Worker
	now     time.Time
	due     []dueSchedule
	spans   map[string][]schedule.Version
	pauses  map[string][]pauseRow
	running map[string][]int64
	id      identity

	ticks    []decided
	accounts []accounted
}

// decided is a tick and the schedule that decided it.
type decided struct {
	schedule.Tick
	by schedule.Schedule
}

// accounted is how far a schedule has come.
type accounted struct {
	name string
	to   time.Time
	next *time.Time
}

func (w *Worker) newBatch(ctx context.Context, tx pgx.Tx, due []dueSchedule, id identity) (*batch, error) {
	b := &batch{worker: w, due: due, id: id}
	names := make([]string, len(due))
	for i, d := range due {
		names[i] = d.Name
	}
	err := tx.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&b.now)
	if err != nil {
		return nil, err
	}
	if b.spans, err = spansOf(ctx, tx, names); err != nil {
		return nil, err
	}
	if b.pauses, err = pausesOf(ctx, tx, names); err != nil {
		return nil, err
	}
	b.running, err = riverdb.UnfinishedBySchedule(ctx, tx, names)
	return b, err
}

func (b *batch) decide() error {
	for _, d := range b.due {
		situation := schedule.Conditions{
			Paused:     b.paused(d.Name),
			Running:    len(b.running[d.Name]) > 0,
			RestoredAt: b.id.restoredAt(),
		}
		a := accounted{name: d.Name, to: d.AccountedTo}
		more := false
		for _, span := range b.spans[d.Name] {
			var ticks []schedule.Tick
			ticks, more = span.Plan(a.to, b.now, situation).Batch(a.to, ticksAtOnce)
			for _, t := range ticks {
				b.ticks = append(b.ticks, decided{Tick: t, by: span.Schedule})
				a.to = t.At
			}
			if more {
				break
			}
		}
		if !more && a.to.Before(b.now) {
			a.to = b.now
		}
		a.next = nextTick(b.spans[d.Name], a.to)
		b.accounts = append(b.accounts, a)
	}
	return nil
}

// paused says whether a tick of a schedule falls into a pause. A schedule whose kind lacks a setting waits all the time.
func (b *batch) paused(name string) func(time.Time) bool {
	for _, span := range b.spans[name] {
		if kind, known := b.worker.client.kinds[span.Schedule.Kind]; known && kind.Lacks(span.Schedule.Args) != "" {
			return func(time.Time) bool { return true }
		}
	}
	return func(tick time.Time) bool { return covers(b.pauses[name], tick) }
}

func (b *batch) write(ctx context.Context, tx pgx.Tx) error {
	fresh, err := b.writeTicks(ctx, tx)
	if err != nil {
		return err
	}
	if err := b.enqueue(ctx, tx, fresh); err != nil {
		return err
	}
	return b.writeAccounts(ctx, tx)
}

// writeTicks records the ticks. One that is there already, because somebody backfilled it, stays as it is and gets no
// job; the others that are to run are returned.
func (b *batch) writeTicks(ctx context.Context, tx pgx.Tx) ([]decided, error) {
	var names, states []string
	var reasons []*string
	var at []time.Time
	byKey := map[tickKey]decided{}
	for _, d := range b.ticks {
		names, at, states = append(names, d.by.Name), append(at, d.At), append(states, string(d.State))
		var reason *string
		if d.Reason != "" {
			text := string(d.Reason)
			reason = &text
		}
		reasons = append(reasons, reason)
		byKey[tickKey{d.by.Name, d.At.UnixMicro()}] = d
	}
	rows, _ := tx.Query(ctx, `
		INSERT INTO queue.ticks (schedule, tick, state, reason)
		SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[])
		ON CONFLICT DO NOTHING
		RETURNING schedule, tick, state`, names, at, states, reasons)
	var fresh []decided
	var name, state string
	var tick time.Time
	_, err := pgx.ForEachRow(rows, []any{&name, &tick, &state}, func() error {
		d := byKey[tickKey{name, tick.UnixMicro()}]
		if d.State == schedule.Enqueued {
			fresh = append(fresh, d)
		}
		b.worker.tickWritten(d, b.now)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("write ticks: %w", err)
	}
	return fresh, nil
}

type tickKey struct {
	schedule string
	micros   int64
}

// enqueue inserts the jobs of ticks and notes which job each tick has become.
func (b *batch) enqueue(ctx context.Context, tx pgx.Tx, ticks []decided) error {
	if len(ticks) == 0 {
		return nil
	}
	requests := make([]Request, len(ticks))
	for i, d := range ticks {
		requests[i] = tickRequest(d.by, d.At, "schedule "+d.by.Name+" "+d.At.UTC().Format(time.RFC3339))
		requests[i].Serial = requests[i].Serial || d.MadeUp // those that are made up together do not crowd
		if d.CancelRunning {
			if err := b.worker.client.cancelAll(ctx, tx, b.running[d.by.Name]); err != nil {
				return err
			}
		}
	}
	tickets, err := b.worker.client.EnqueueTx(ctx, tx, requests...)
	if err != nil {
		return err
	}
	return linkTicks(ctx, tx, requests, tickets)
}

// tickRequest is the job of a tick. Jitter moves its start, never the tick.
func tickRequest(s schedule.Schedule, tick time.Time, by string) Request {
	r := Request{Kind: s.Kind, Args: s.Args, By: by, Schedule: s.Name, Tick: tick, Serial: s.Overlap == schedule.Queue}
	if s.Jitter > 0 {
		r.At = tick.Add(jitter(s, tick))
	}
	return r
}

// jitter is the same for a tick whoever works it out.
func jitter(s schedule.Schedule, tick time.Time) time.Duration {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", s.Name, tick.Unix())
	return time.Duration(h.Sum64() % uint64(s.Jitter))
}

func linkTicks(ctx context.Context, tx pgx.Tx, requests []Request, tickets []Ticket) error {
	names, at := make([]string, len(tickets)), make([]time.Time, len(tickets))
	runs, jobs := make([]int64, len(tickets)), make([]int64, len(tickets))
	for i, t := range tickets {
		names[i], at[i], runs[i], jobs[i] = requests[i].Schedule, requests[i].Tick, t.RunID, t.ID // #nosec G602 -- a ticket for each request
	}
	_, err := tx.Exec(ctx, `
		UPDATE queue.ticks AS t SET run_id = made.run_id, job_id = made.job_id
		FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[]) AS made (schedule, tick, run_id, job_id)
		WHERE t.schedule = made.schedule AND t.tick = made.tick`, names, at, runs, jobs)
	if err != nil {
		return fmt.Errorf("note the jobs of ticks: %w", err)
	}
	return nil
}

func (b *batch) writeAccounts(ctx context.Context, tx pgx.Tx) error {
	names, to, next := make([]string, len(b.accounts)), make([]time.Time, len(b.accounts)), make([]*time.Time, len(b.accounts))
	for i, a := range b.accounts {
		names[i], to[i], next[i] = a.name, a.to, a.next
	}
	_, err := tx.Exec(ctx, `
		UPDATE queue.schedules AS s SET accounted_to = a.accounted_to, next_tick = a.next_tick
		FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS a (name, accounted_to, next_tick)
		WHERE s.name = a.name`, names, to, next)
	if err != nil {
		return fmt.Errorf("note how far the ledger has come: %w", err)
	}
	return nil
}
