package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue/schedule"
)

// versionRow is a row of queue.schedule_spans: a version of a schedule and when it is in force.
type versionRow struct {
	Schedule string
	AfterAt  time.Time
	UntilAt  *time.Time
	Spec     json.RawMessage
}

// version reads the row's schedule and cron expression; where it cannot, the error is of class Invalid.
func (r versionRow) version() (v schedule.Version, err error) {
	v.After = r.AfterAt
	if r.UntilAt != nil {
		v.Until = *r.UntilAt
	}
	if v.Schedule, err = readSchedule(r.Spec); err == nil {
		v.Spec, err = v.Schedule.Spec()
	}
	if err != nil {
		return v, run.Invalid("", "read schedule %s: %w", r.Schedule, err)
	}
	return v, nil
}

// readSchedule reads a schedule as the database has it; where it cannot, the error is of class Invalid.
func readSchedule(spec json.RawMessage) (s schedule.Schedule, err error) {
	if err := json.Unmarshal(spec, &s); err != nil {
		return s, run.Invalid("", "it is not written as this version writes schedules: %w", err)
	}
	return s, nil
}

// versionsOf reads the versions of schedules that decide about ticks which are not recorded yet, in order.
func versionsOf(ctx context.Context, tx pg.Querier, names []string) (map[string][]schedule.Version, error) {
	rows, _ := tx.Query(ctx, `
		SELECT v.schedule, v.after_at, v.until_at, v.spec
		FROM queue.schedule_spans AS v JOIN queue.schedules AS s ON s.name = v.schedule
		WHERE v.schedule = ANY ($1) AND (v.until_at IS NULL OR v.until_at > s.accounted_to)
		ORDER BY v.schedule, v.after_at`, names)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[versionRow])
	if err != nil {
		return nil, fmt.Errorf("read which schedules decide: %w", err)
	}
	versions := map[string][]schedule.Version{}
	for _, r := range list {
		v, err := r.version()
		if err != nil {
			return nil, err
		}
		versions[r.Schedule] = append(versions[r.Schedule], v)
	}
	return versions, nil
}

// withWaitingTicks says which of the schedules have ticks that wait for their turn.
func withWaitingTicks(ctx context.Context, tx pg.Querier, names []string) (map[string]bool, error) {
	rows, _ := tx.Query(ctx, `
		SELECT name FROM unnest($1::text[]) AS name
		WHERE EXISTS (SELECT FROM queue.ticks WHERE schedule = name AND state = 'enqueued' AND job_id IS NULL)`, names)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for ticks that wait: %w", err)
	}
	waiting := make(map[string]bool, len(list))
	for _, name := range list {
		waiting[name] = true
	}
	return waiting, nil
}

// nextTick finds the first tick of versions after t; nil where none will come.
func nextTick(versions []schedule.Version, t time.Time) *time.Time {
	for _, s := range versions {
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
	versions, err := versionsOf(ctx, tx, []string{name})
	if err != nil {
		return err
	}
	var to time.Time
	if err := tx.QueryRow(ctx, "SELECT accounted_to FROM queue.schedules WHERE name = $1", name).Scan(&to); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE queue.schedules SET next_tick = $2 WHERE name = $1", name, nextTick(versions[name], to))
	return err
}

// pauseRow is a row of queue.pauses.
type pauseRow struct {
	Schedule string
	FromAt   time.Time
	UntilAt  *time.Time
}

// pausesOf reads the pauses that may cover ticks which are not accounted for yet.
func pausesOf(ctx context.Context, tx pg.Querier, names []string) (map[string][]pauseRow, error) {
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
