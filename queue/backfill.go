package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
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
	// SharesOverlap makes its jobs count as those of the schedule: a live tick is skipped, or waits, while one runs.
	SharesOverlap bool
	By            string
}

// PlannedTick is what a backfill would do about a tick.
type PlannedTick struct {
	Tick time.Time `json:"tick"`
	// Runs is false where the tick has run already.
	Runs bool `json:"runs"`
}

// PlanBackfill says what a backfill would do, and does nothing.
func PlanBackfill(ctx context.Context, db pg.Querier, s schedule.Schedule, b Backfill) ([]PlannedTick, error) {
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
	case b.From.After(b.To):
		return run.Invalid("give --from before --to", "a backfill from %s to %s", b.From.Format(time.RFC3339), b.To.Format(time.RFC3339))
	case b.AtOnce < 1:
		return run.Invalid("1 runs one after the other", "a backfill with %d jobs at once", b.AtOnce)
	}
	return nil
}

// StartBackfill records a backfill and returns its number. Any worker goes on with it from where it has come.
func StartBackfill(ctx context.Context, db interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}, s schedule.Schedule, b Backfill) (int64, error) {
	if err := b.check(s); err != nil {
		return 0, err
	}
	var id int64
	err := db.QueryRow(ctx, `
		INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, shares_overlap, done_to, by)
		SELECT $1, $2, least($3, accounted_to), $4, $5, $2::timestamptz - interval '1 second', $6
		FROM queue.schedules WHERE name = $1 RETURNING id`, s.Name, b.From, b.To, b.AtOnce, b.SharesOverlap, b.By).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("start a backfill of schedule %s: %w", s.Name, err)
	}
	return id, nil
}

// stepBackfills goes one step further with each backfill that can go on, each in a transaction of its own, and says
// whether one has more to do at once. One that fails is set aside for a while; the others go on.
func (w *Worker) stepBackfills(ctx context.Context) (more bool, err error) {
	rows, _ := w.pool.Query(ctx, `
		SELECT id FROM queue.backfills
		WHERE finished_at IS NULL AND paused_at IS NULL AND (retry_at IS NULL OR retry_at <= clock_timestamp()) ORDER BY id`)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return false, fmt.Errorf("read the backfills: %w", err)
	}
	var failures []error
	for _, id := range ids {
		again, err := w.stepBackfill(ctx, id)
		if err != nil && !passing(err) {
			w.log.Error("backfill set aside: it cannot go on", "backfill", id, "error", err)
			_, err = w.pool.Exec(ctx, `
				UPDATE queue.backfills SET set_aside_at = coalesce(set_aside_at, clock_timestamp()), set_aside_reason = $2,
					retry_at = clock_timestamp() + $3::interval
				WHERE id = $1`, id, storable(err), retrySetAside)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("go on with backfill %d: %w", id, err))
		}
		more = more || again
	}
	return more, errors.Join(failures...)
}

// backfillTicksAtOnce bounds the ticks that one step looks at, however many of them have run already.
const backfillTicksAtOnce = 500

// stepBackfill enqueues the next ticks of a backfill, as many as may run, and says whether it has more to do at once.
func (w *Worker) stepBackfill(ctx context.Context, id int64) (more bool, err error) {
	err = pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		var to, done time.Time
		var by string
		var atOnce int
		var raw json.RawMessage
		err := tx.QueryRow(ctx, `
			SELECT b.to_at, b.done_to, b.by, b.at_once, s.spec
			FROM queue.backfills AS b JOIN queue.schedules AS s ON s.name = b.schedule
			WHERE b.id = $1 AND b.finished_at IS NULL AND b.paused_at IS NULL FOR UPDATE OF b SKIP LOCKED`, id).
			Scan(&to, &done, &by, &atOnce, &raw)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // another worker is at it, or it was paused or cancelled meanwhile
		}
		if err != nil {
			return err
		}
		version, err := versionRow{Spec: raw}.version()
		if err != nil {
			return err
		}
		unfinished, err := riverdb.UnfinishedOfBackfill(ctx, tx, id)
		if err != nil {
			return err
		}
		var requests []Request
		finished := false
		for looked := 0; len(requests) < atOnce-len(unfinished); looked++ {
			next := version.Spec.Next(done)
			if finished = next.IsZero() || next.After(to); finished {
				break
			}
			if more = looked == backfillTicksAtOnce; more {
				break
			}
			tag, err := tx.Exec(ctx, `
				INSERT INTO queue.ticks AS t (schedule, tick, state) VALUES ($1, $2, 'enqueued')
				ON CONFLICT (schedule, tick) DO UPDATE SET state = 'enqueued', reason = NULL, recorded_at = clock_timestamp()
				WHERE t.state <> 'enqueued'`, version.Schedule.Name, next)
			if err != nil {
				return err
			}
			if tag.RowsAffected() > 0 { // it has not run yet
				r := tickRequest(version.Schedule, next, fmt.Sprintf("%s (backfill %d of schedule %s)", by, id, version.Schedule.Name))
				r.At, r.Backfill, r.Serial = time.Time{}, id, false
				requests = append(requests, r)
			}
			done = next
		}
		tickets, err := w.client.EnqueueTx(ctx, tx, requests...)
		if err != nil {
			return err
		}
		if err := linkTicks(ctx, tx, requests, tickets); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE queue.backfills SET done_to = $2, finished_at = CASE WHEN $3 THEN clock_timestamp() END,
				set_aside_at = NULL, set_aside_reason = NULL, retry_at = NULL
			WHERE id = $1`, id, done, finished)
		return err
	})
	return more, err
}
