package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/queue/schedule"
)

// A schedule without a deadline has defaultDeadline. After the deadline of a tick its next one may still make up for
// it, but that takes no longer than longestGrace.
const (
	defaultDeadline = time.Hour
	longestGrace    = 2 * time.Hour
)

// Expected says by when a schedule must have its next success.
type Expected struct {
	Schedule string
	// Since is its last success, or what else its time counts from: a pause, its own beginning.
	Since time.Time
	Due   time.Time
}

// Silent says that the success is overdue.
func (e Expected) Silent(now time.Time) bool { return now.After(e.Due) }

// Expect says by when the live schedules must succeed, by name. It is derived from the ledger, so that it is right
// where no worker is left to fail. Those that are paused, follow other jobs or never tick again have nothing to keep.
// One that is set aside is overdue from then on.
func Expect(ctx context.Context, db pg.Querier) ([]Expected, error) {
	type row struct {
		Name       string
		Spec       json.RawMessage
		Since      time.Time
		SetAsideAt *time.Time
	}
	rows, _ := db.Query(ctx, `
		SELECT s.name, s.spec, s.set_aside_at, greatest(done.finished_at, skipped.tick, paused.until_at, begun.after_at) AS since
		FROM queue.schedules AS s
		JOIN queue.last_successes AS done ON done.schedule = s.name
		CROSS JOIN LATERAL (SELECT min(after_at) AS after_at FROM queue.schedule_spans WHERE schedule = s.name) AS begun
		CROSS JOIN LATERAL (
			SELECT max(tick) AS tick FROM queue.ticks
			WHERE schedule = s.name AND state = 'skipped' AND reason IN ('paused', 'restored')) AS skipped
		CROSS JOIN LATERAL (SELECT max(until_at) AS until_at FROM queue.pauses WHERE schedule = s.name AND until_at <= now()) AS paused
		WHERE s.active AND s.next_tick IS NOT NULL AND begun.after_at IS NOT NULL AND NOT EXISTS (
			SELECT FROM queue.pauses AS p WHERE p.schedule = s.name AND p.from_at <= now() AND (p.until_at IS NULL OR p.until_at > now()))
		ORDER BY s.name`)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("read the last successes of schedules: %w", err)
	}
	var list []Expected
	for _, r := range found {
		var due time.Time
		s, err := readSchedule(r.Spec)
		if err == nil {
			due, err = dueAfter(s, r.Since)
		}
		if err != nil { // it cannot succeed here: silent from the start
			due = r.Since
		}
		if r.SetAsideAt != nil {
			due = *r.SetAsideAt
		}
		if !due.IsZero() {
			list = append(list, Expected{Schedule: r.Name, Since: r.Since.UTC(), Due: due.UTC()})
		}
	}
	return list, nil
}

// dueAfter is when a schedule that succeeded at since has been silent for too long: its next tick, its deadline, and
// the time to the tick after that, which mends most failures by itself. Zero where no tick comes.
func dueAfter(s schedule.Schedule, since time.Time) (time.Time, error) {
	spec, err := s.Spec()
	if err != nil {
		return time.Time{}, err
	}
	next := spec.Next(since)
	if next.IsZero() {
		return next, nil
	}
	grace := longestGrace
	if after := spec.Next(next); !after.IsZero() {
		grace = min(grace, after.Sub(next))
	}
	deadline := time.Duration(s.Deadline)
	if deadline == 0 {
		deadline = defaultDeadline
	}
	return next.Add(time.Duration(s.Jitter) + deadline + grace), nil
}
