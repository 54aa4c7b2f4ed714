package queue

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
	"cpd-jobs/queue/schedule"
)

// One transaction records the ticks of at most schedulesAtOnce schedules, and at most ticksAtOnce of each: a thousand
// schedules that fire at one instant are shared among workers, and two weeks of missed seconds do not hold a lock for
// minutes.
const (
	schedulesAtOnce = 250
	ticksAtOnce     = 5000
)

// recordDue records the ticks that are due, with their jobs, until none is left, and says of how many schedules. Where
// a batch fails, each of its schedules is tried by itself, and one that fails alone is set aside.
func (w *Worker) recordDue(ctx context.Context) (int, error) {
	total := 0
	for {
		names, err := w.recordBatch(ctx, nil)
		w.polled.made() // a long catch-up is no standstill
		if err != nil && passing(err) {
			return total, fmt.Errorf("record due ticks: %w", err)
		}
		if err != nil {
			if err := w.recordEach(ctx, names); err != nil {
				return total, err
			}
		}
		if total += len(names); len(names) == 0 {
			return total, nil
		}
	}
}

// recordEach records the due ticks of each schedule in a transaction of its own. Where three in a row wait too long, the
// database is slow and no schedule is to blame: nothing more is tried now.
func (w *Worker) recordEach(ctx context.Context, names []string) error {
	slow := 0
	for _, name := range names {
		_, err := w.recordBatch(ctx, []string{name})
		w.polled.made()
		if waitedTooLong(err) {
			slow++
		} else {
			slow = 0
		}
		if err != nil && !passing(err) && slow < 3 {
			err = w.setAside(ctx, name, err)
		}
		if err != nil {
			return fmt.Errorf("record due ticks of schedule %s: %w", name, err)
		}
	}
	return nil
}

// passing says whether an error is due to the database or the moment rather than to what was worked on: then trying
// again helps, and nothing is to be set aside. A wait that was too long is due to what was worked on: somebody has
// locked what it needs, and it must not keep others waiting.
func passing(err error) bool {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return !waitedTooLong(err) && !slices.Contains([]string{"22", "23", "54"}, refused.Code[:2]) // data, constraint, limit
	}
	return run.ClassOf(err) != run.ClassInvalid
}

// waitedTooLong says whether the server ended a statement because it ran, or waited for a lock, for too long.
func waitedTooLong(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refused.Code == "57014" || refused.Code == "55P03") // query_canceled, lock_not_available
}

// retrySetAside is when what was set aside is tried again; a worker of another version tries at once.
const retrySetAside = time.Minute

// setAside keeps a schedule from the workers of this version for a while, so that the others go on. Its ticks stay due:
// whoever can record them applies its catch-up policy to them.
func (w *Worker) setAside(ctx context.Context, name string, reason error) error {
	w.log.Error("schedule set aside: its ticks cannot be recorded", "schedule", name, "error", reason)
	_, err := w.pool.Exec(ctx, `
		UPDATE queue.schedules SET set_aside_at = coalesce(set_aside_at, clock_timestamp()), set_aside_reason = $2,
			set_aside_by = $3, retry_at = clock_timestamp() + $4::interval
		WHERE name = $1`, name, storable(reason), w.Version, retrySetAside)
	return err
}

// storable is an error as one line that PostgreSQL takes.
func storable(err error) string {
	return clean.Text(strings.ReplaceAll(err.Error(), "\n", "; "), clean.MaxError)
}

// dueSchedule is a schedule whose row this transaction has locked.
type dueSchedule struct {
	Name        string
	AccountedTo time.Time
}

// recordBatch records the due ticks of the schedules that are due first, of the given ones where there are any, and
// says which schedules it got to.
func (w *Worker) recordBatch(ctx context.Context, only []string) (names []string, err error) {
	err = pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			SELECT name, accounted_to FROM queue.schedules
			WHERE next_tick <= clock_timestamp() AND ($2::text[] IS NULL OR name = ANY ($2))
			  AND (set_aside_at IS NULL OR retry_at <= clock_timestamp() OR set_aside_by <> $3)
			ORDER BY next_tick LIMIT $1 FOR UPDATE SKIP LOCKED`, schedulesAtOnce, only, w.Version)
		due, err := pgx.CollectRows(rows, pgx.RowToStructByName[dueSchedule])
		if err != nil || len(due) == 0 {
			return err
		}
		b := &batch{worker: w}
		if b.id, err = identify(ctx, tx); err != nil {
			return err
		}
		if b.id.Held() {
			w.sayHeld(b.id)
			return nil
		}
		for _, d := range due {
			names = append(names, d.Name)
		}
		if err := b.load(ctx, tx, names); err != nil {
			return err
		}
		ticks, positions := b.decide(due)
		fresh, err := b.writeTicks(ctx, tx, ticks)
		if err != nil {
			return err
		}
		if err := b.enqueue(ctx, tx, fresh); err != nil {
			return err
		}
		return writePositions(ctx, tx, positions)
	})
	return names, err
}

// batch is what one transaction knows of the schedules that it records ticks of.
type batch struct {
	worker     *Worker
	id         identity
	now        time.Time
	versions   map[string][]schedule.Version
	pauses     map[string][]pauseRow
	unfinished map[string][]int64
	waiting    map[string]bool // those with ticks that wait for their turn
}

func (b *batch) load(ctx context.Context, tx pgx.Tx, names []string) (err error) {
	if b.now, err = pg.Now(ctx, tx); err != nil {
		return err
	}
	if b.versions, err = versionsOf(ctx, tx, names); err != nil {
		return err
	}
	if b.pauses, err = pausesOf(ctx, tx, names); err != nil {
		return err
	}
	if b.waiting, err = withWaitingTicks(ctx, tx, names); err != nil {
		return err
	}
	b.unfinished, err = riverdb.UnfinishedBySchedule(ctx, tx, names)
	return err
}

// decided is a tick and the schedule that decided it.
type decided struct {
	schedule.Tick
	by schedule.Schedule
}

// position is how far the ledger of a schedule has come, and its first tick after that.
type position struct {
	name string
	to   time.Time
	next *time.Time
}

func (b *batch) decide(due []dueSchedule) (ticks []decided, positions []position) {
	for _, d := range due {
		conditions := schedule.Conditions{
			Paused:     b.paused(d.Name),
			Running:    len(b.unfinished[d.Name]) > 0 || b.waiting[d.Name],
			RestoredAt: b.id.restoredAt(),
		}
		p := position{name: d.Name, to: d.AccountedTo}
		more := false
		for _, version := range b.versions[d.Name] {
			var list []schedule.Tick
			list, more = version.Plan(p.to, b.now, conditions).Batch(p.to, ticksAtOnce)
			for _, t := range list {
				ticks = append(ticks, decided{Tick: t, by: version.Schedule})
				p.to = t.At
			}
			if more {
				break
			}
		}
		if !more && p.to.Before(b.now) {
			p.to = b.now
		}
		p.next = nextTick(b.versions[d.Name], p.to)
		positions = append(positions, p)
	}
	return ticks, positions
}

// paused says whether a tick of a schedule falls into a pause. A schedule whose kind lacks a setting waits all the time.
func (b *batch) paused(name string) func(time.Time) bool {
	for _, v := range b.versions[name] {
		if kind, known := b.worker.client.kinds[v.Schedule.Kind]; known && kind.Lacks(v.Schedule.Args) != "" {
			return func(time.Time) bool { return true }
		}
	}
	return func(tick time.Time) bool { return covers(b.pauses[name], tick) }
}

// writeTicks records the ticks. One that is there already, because it was backfilled, stays as it is and gets no job;
// the others that are to run are returned, oldest first.
func (b *batch) writeTicks(ctx context.Context, tx pgx.Tx, ticks []decided) ([]decided, error) {
	var names, states []string
	var reasons []*string
	var at []time.Time
	byKey := map[tickKey]decided{}
	for _, d := range ticks {
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
	slices.SortFunc(fresh, func(a, b decided) int { return a.At.Compare(b.At) })
	return fresh, nil
}

type tickKey struct {
	schedule string
	micros   int64
}

// enqueue inserts the jobs of ticks. Of a schedule whose ticks run in turn it inserts the first one's, if nothing of
// the schedule runs or waits; [Worker.releaseTick] inserts the others'.
func (b *batch) enqueue(ctx context.Context, tx pgx.Tx, ticks []decided) error {
	var requests []Request
	busy := map[string]bool{}
	for _, d := range ticks {
		name, unfinished := d.by.Name, b.unfinished[d.by.Name]
		if d.by.InTurn() && (busy[name] || b.waiting[name] || len(unfinished) > 0) {
			continue
		}
		busy[name] = true
		if d.CancelRunning {
			if err := b.worker.client.cancelAll(ctx, tx, unfinished); err != nil {
				return err
			}
		}
		requests = append(requests, tickRequest(d.by, d.At, "schedule "+name+" "+d.At.UTC().Format(time.RFC3339)))
	}
	if len(requests) == 0 {
		return nil
	}
	tickets, err := b.worker.client.EnqueueTx(ctx, tx, requests...)
	if err != nil {
		return err
	}
	return linkTicks(ctx, tx, requests, tickets)
}

// tickRequest is the job of a tick. Jitter moves its start, never the tick.
func tickRequest(s schedule.Schedule, tick time.Time, by string) Request {
	r := Request{Kind: s.Kind, Args: s.Args, By: by, Schedule: s.Name, Tick: tick, Serial: s.InTurn()}
	if s.Jitter > 0 {
		r.At = tick.Add(jitter(s, tick))
	}
	return r
}

// jitter is the same for a tick on every worker.
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

// writePositions notes how far the ledger has come. A schedule whose ticks could be recorded is no longer set aside.
func writePositions(ctx context.Context, tx pgx.Tx, positions []position) error {
	var names []string
	var to []time.Time
	var next []*time.Time
	for _, p := range positions {
		names, to, next = append(names, p.name), append(to, p.to), append(next, p.next)
	}
	_, err := tx.Exec(ctx, `
		UPDATE queue.schedules AS s SET accounted_to = p.accounted_to, next_tick = p.next_tick,
			set_aside_at = NULL, set_aside_reason = NULL, set_aside_by = NULL, retry_at = NULL
		FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS p (name, accounted_to, next_tick)
		WHERE s.name = p.name`, names, to, next)
	if err != nil {
		return fmt.Errorf("note how far the ledger has come: %w", err)
	}
	return nil
}
