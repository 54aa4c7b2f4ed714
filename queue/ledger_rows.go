package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue/schedule"
)

// spanRow is a row of queue.schedule_spans.
type spanRow struct {
	Schedule string
	AfterAt  time.Time
	UntilAt  *time.Time
	Spec     json.RawMessage
}

// span reads the row's schedule and cron expression.
func (r spanRow) span() (schedule.Version, error) {
	s := schedule.Version{After: r.AfterAt}
	if r.UntilAt != nil {
		s.Until = *r.UntilAt
	}
	if err := json.Unmarshal(r.Spec, &s.Schedule); err != nil {
		return s, fmt.Errorf("read schedule %s: %w", r.Schedule, err)
	}
	var err error
	if s.Spec, err = s.Schedule.Spec(); err != nil {
		return s, fmt.Errorf("read schedule %s: %w", r.Schedule, err)
	}
	return s, nil
}

// spansOf reads the spans of schedules that decide about ticks after the earliest of the given times, in order.
func spansOf(ctx context.Context, tx Querier, names []string) (map[string][]schedule.Version, error) {
	rows, _ := tx.Query(ctx, `
		SELECT span.schedule, span.after_at, span.until_at, span.spec
		FROM queue.schedule_spans AS span JOIN queue.schedules AS s ON s.name = span.schedule
		WHERE span.schedule = ANY ($1) AND (span.until_at IS NULL OR span.until_at > s.accounted_to)
		ORDER BY span.schedule, span.after_at`, names)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[spanRow])
	if err != nil {
		return nil, fmt.Errorf("read which schedules decide: %w", err)
	}
	spans := map[string][]schedule.Version{}
	for _, r := range list {
		s, err := r.span()
		if err != nil {
			return nil, err
		}
		spans[r.Schedule] = append(spans[r.Schedule], s)
	}
	return spans, nil
}

// nextTick finds the first tick of spans after t; nil where none will come.
func nextTick(spans []schedule.Version, t time.Time) *time.Time {
	for _, s := range spans {
		from := t
		if from.Before(s.After) {
			from = s.After
		}
		next := s.Spec.Next(from)
		if next.IsZero() || !s.Until.IsZero() && next.After(s.Until) {
			continue
		}
		return &next
	}
	return nil
}

// setNextTick derives a schedule's next tick anew.
func setNextTick(ctx context.Context, tx pgx.Tx, name string) error {
	spans, err := spansOf(ctx, tx, []string{name})
	if err != nil {
		return err
	}
	var to time.Time
	if err := tx.QueryRow(ctx, "SELECT accounted_to FROM queue.schedules WHERE name = $1", name).Scan(&to); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE queue.schedules SET next_tick = $2 WHERE name = $1", name, nextTick(spans[name], to))
	return err
}

// pauseRow is a row of queue.pauses.
type pauseRow struct {
	Schedule string
	FromAt   time.Time
	UntilAt  *time.Time
}

// pausesOf reads the pauses that may cover ticks which are not accounted for yet.
func pausesOf(ctx context.Context, tx Querier, names []string) (map[string][]pauseRow, error) {
	rows, _ := tx.Query(ctx, `
		SELECT p.schedule, p.from_at, p.until_at
		FROM queue.pauses AS p JOIN queue.schedules AS s ON s.name = p.schedule
		WHERE p.schedule = ANY ($1) AND (p.until_at IS NULL OR p.until_at > s.accounted_to)`, names)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[pauseRow])
	if err != nil {
		return nil, fmt.Errorf("read the pauses: %w", err)
	}
	pauses := map[string][]pauseRow{}
	for _, p := range list {
		pauses[p.Schedule] = append(pauses[p.Schedule], p)
	}
	return pauses, nil
}

// covers says whether a tick falls into one of the pauses.
func covers(pauses []pauseRow, tick time.Time) bool {
	for _, p := range pauses {
		if !tick.Before(p.FromAt) && (p.UntilAt == nil || tick.Before(*p.UntilAt)) {
			return true
		}
	}
	return false
}
