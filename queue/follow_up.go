package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/schedule"
)

// loadFollowers learns which schedules follow jobs instead of the clock. They are kept in memory, so that the end of
// a job that nothing follows costs no query.
func (w *Worker) loadFollowers(ctx context.Context) error {
	rows, _ := w.pool.Query(ctx, "SELECT spec FROM queue.schedules WHERE active AND spec ? 'after' ORDER BY name")
	specs, err := pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return fmt.Errorf("read which schedules follow jobs: %w", err)
	}
	var followers []schedule.Schedule
	for _, spec := range specs {
		s, err := readSchedule(spec)
		if err != nil {
			w.log.Error("a schedule that follows jobs cannot be read and is left to workers of its version", "error", err)
			continue
		}
		followers = append(followers, s)
	}
	w.followers.Store(&followers)
	return nil
}

// followUps are the jobs that the end of one brings about, the paused ones still among them.
func (w *Worker) followUps(a *attempt, kind run.Kind, outcome run.Outcome) []Request {
	followers := w.followers.Load()
	if followers == nil || a.DryRun() {
		return nil
	}
	var list []Request
	for _, s := range *followers {
		if s.After.Kind != kind.Name || s.After.When == schedule.Changed && !outcome.Changed {
			continue
		}
		list = append(list, Request{
			Kind: s.Kind, Args: s.Args, RunID: a.meta.RunID, Schedule: s.Name, Serial: s.Overlap == schedule.Queue, Checked: true,
			By: fmt.Sprintf("job %d (%s, data version %d)", a.jobID, kind.Name, outcome.Version),
		})
	}
	return list
}

// notPaused leaves out the requests of schedules that are paused now or that a newer file no longer has.
func notPaused(ctx context.Context, tx pgx.Tx, requests []Request) ([]Request, error) {
	var names []string
	for _, r := range requests {
		names = append(names, r.Schedule)
	}
	rows, _ := tx.Query(ctx, `
		SELECT name FROM queue.schedules AS s
		WHERE name = ANY ($1) AND active AND NOT EXISTS (
			SELECT FROM queue.pauses AS p
			WHERE p.schedule = s.name AND p.from_at <= now() AND (p.until_at IS NULL OR p.until_at > now()))`, names)
	going, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look which schedules are paused: %w", err)
	}
	return slices.DeleteFunc(requests, func(r Request) bool { return !slices.Contains(going, r.Schedule) }), nil
}
