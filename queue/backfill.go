package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
	"cpd-jobs/queue/schedule"
)

// Backfill asks for past ticks of a schedule to run.
type Backfill struct {
	Schedule string
	From, To time.Time // ticks in [From, To]
	// AtOnce is how many of its jobs may be unfinished at a time; they start in order.
	AtOnce int
	By     string
}

// PlannedTick is what a backfill would do about a tick.
type PlannedTick struct {
	Tick time.Time `json:"tick"`
	// Runs is false where the tick has run already.
	Runs bool `json:"runs"`
}

// PlanBackfill says what a backfill would do, and does nothing.
func PlanBackfill(ctx context.Context, db Querier, s schedule.Schedule, b Backfill) ([]PlannedTick, error) {
	if err := b.check(s); err != nil {
		return nil, err
	}
	rows, _ := db.Query(ctx, "SELECT tick FROM queue.ticks WHERE schedule = $1 AND tick BETWEEN $2 AND $3 AND state = 'enqueued'", s.Name, b.From, b.To)
	ran, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return nil, fmt.Errorf("read the ticks of schedule %s: %w", s.Name, err)
	}
	done := map[int64]bool{}
	for _, t := range ran {
		done[t.Unix()] = true
	}
	spec, err := s.Spec()
	if err != nil {
		return nil, err
	}
	var plan []PlannedTick
	for t := spec.Next(b.From.Add(-time.Second)); !t.IsZero() && !t.After(b.To); t = spec.Next(t) {
		plan = append(plan, PlannedTick{Tick: t, Runs: !done[t.Unix()]})
	}
	return plan, nil
}

func (b Backfill) check(s schedule.Schedule) error {
	switch {
	case s.Cron == "":
		return run.Blocked("trigger it instead: cpd-jobs schedules trigger "+s.Name, "schedule %s follows a job and has no ticks", s.Name)
	case !b.From.Before(b.To) && !b.From.Equal(b.To):
		return run.Invalid("give --from before --to", "a backfill from %s to %s", b.From.Format(time.RFC3339), b.To.Format(time.RFC3339))
	case b.AtOnce < 1:
		return run.Invalid("1 runs one after the other", "a backfill with %d jobs at once", b.AtOnce)
	}
	return nil
}

// StartBackfill records a backfill; workers do it, whichever of them lives, from where it has come. It returns its number.
func StartBackfill(ctx context.Context, db interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}, s schedule.Schedule, b Backfill) (int64, error) {
	if err := b.check(s); err != nil {
		return 0, err
	}
	var id int64
	err := db.QueryRow(ctx, `
		INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, done_to, by)
		SELECT $1, $2, least($3, accounted_to), $4, $2::timestamptz - interval '1 second', $5
		FROM queue.schedules WHERE name = $1 RETURNING id`, s.Name, b.From, b.To, b.AtOnce, b.By).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("start a backfill of schedule %s: %w", s.Name, err)
	}
	return id, nil
}

// backfillRow is a backfill that is not finished.
type backfillRow struct {
	ID     int64
	ToAt   time.Time
	DoneTo time.Time
	By     string
	Spec   json.RawMessage
	Room   int // how many more jobs may be unfinished
}

// backfill goes one step further with one backfill and says whether there was one to go on with.
func (w *Worker) backfill(ctx context.Context) (found bool, err error) {
	err = pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			SELECT b.id, b.to_at, b.done_to, b.by, s.spec, b.at_once AS room
			FROM queue.backfills AS b JOIN queue.schedules AS s ON s.name = b.schedule
			WHERE b.finished_at IS NULL ORDER BY b.id LIMIT 1 FOR UPDATE OF b SKIP LOCKED`)
		list, err := pgx.CollectRows(rows, pgx.RowToStructByName[backfillRow])
		if err != nil || len(list) == 0 {
			return err
		}
		found = true
		unfinished, err := riverdb.UnfinishedOfBackfill(ctx, tx, list[0].ID)
		if err != nil {
			return err
		}
		list[0].Room -= unfinished
		return w.stepBackfill(ctx, tx, list[0])
	})
	if err != nil {
		return found, fmt.Errorf("go on with a backfill: %w", err)
	}
	return found, nil
}

func (w *Worker) stepBackfill(ctx context.Context, tx pgx.Tx, b backfillRow) error {
	var s schedule.Schedule
	if err := json.Unmarshal(b.Spec, &s); err != nil {
		return err
	}
	spec, err := s.Spec()
	if err != nil {
		return err
	}
	at := b.DoneTo
	for b.Room > 0 {
		next := spec.Next(at)
		if next.IsZero() || next.After(b.ToAt) {
			_, err := tx.Exec(ctx, "UPDATE queue.backfills SET done_to = to_at, finished_at = clock_timestamp() WHERE id = $1", b.ID)
			return err
		}
		ran, err := w.backfillTick(ctx, tx, s, b, next)
		if err != nil {
			return err
		}
		if ran {
			b.Room--
		}
		at = next
	}
	_, err = tx.Exec(ctx, "UPDATE queue.backfills SET done_to = $2 WHERE id = $1", b.ID, at)
	return err
}

// backfillTick enqueues a tick unless it ran already.
func (w *Worker) backfillTick(ctx context.Context, tx pgx.Tx, s schedule.Schedule, b backfillRow, tick time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO queue.ticks AS t (schedule, tick, state) VALUES ($1, $2, 'enqueued')
		ON CONFLICT (schedule, tick) DO UPDATE SET state = 'enqueued', reason = NULL, recorded_at = clock_timestamp()
		WHERE t.state <> 'enqueued'`, s.Name, tick)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	r := tickRequest(s, tick, fmt.Sprintf("%s (backfill %d of schedule %s)", b.By, b.ID, s.Name))
	r.At, r.Backfill = time.Time{}, b.ID
	tickets, err := w.client.EnqueueTx(ctx, tx, r)
	if err != nil {
		return false, err
	}
	return true, linkTicks(ctx, tx, []Request{r}, tickets)
}
