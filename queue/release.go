package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue/riverdb"
)

// releaseTick inserts the job of the next tick of a schedule whose ticks run in turn, unless one of its jobs has not
// ended or the schedule is paused: a pause, or a cancellation of what waits, acts at once.
func (w *Worker) releaseTick(ctx context.Context, name string) error {
	err := pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		var free bool
		err := tx.QueryRow(ctx, `
			SELECT active AND (set_aside_at IS NULL OR retry_at <= clock_timestamp() OR set_aside_by <> $2) AND NOT EXISTS (
				SELECT FROM queue.pauses WHERE schedule = name AND from_at <= clock_timestamp()
					AND (until_at IS NULL OR until_at > clock_timestamp()))
			FROM queue.schedules WHERE name = $1 FOR NO KEY UPDATE`, name, w.Version).Scan(&free)
		if err != nil || !free {
			return err
		}
		id, err := identify(ctx, tx)
		if err != nil || id.Held() {
			return err
		}
		unfinished, err := riverdb.UnfinishedBySchedule(ctx, tx, []string{name})
		if err != nil || len(unfinished) > 0 {
			return err
		}
		var tick time.Time
		var spec json.RawMessage
		err = tx.QueryRow(ctx, `
			SELECT t.tick, v.spec FROM queue.ticks AS t
			JOIN queue.schedule_spans AS v ON v.schedule = t.schedule AND v.after_at < t.tick
				AND (v.until_at IS NULL OR v.until_at >= t.tick)
			WHERE t.schedule = $1 AND t.state = 'enqueued' AND t.job_id IS NULL
			ORDER BY t.tick LIMIT 1`, name).Scan(&tick, &spec)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		s, err := readSchedule(spec)
		if err != nil {
			return err
		}
		if kind, known := w.client.kinds[s.Kind]; known && kind.Lacks(s.Args) != "" {
			return nil
		}
		requests := []Request{tickRequest(s, tick, "schedule "+name+" "+tick.UTC().Format(time.RFC3339))}
		tickets, err := w.client.EnqueueTx(ctx, tx, requests...)
		if err != nil {
			return err
		}
		return linkTicks(ctx, tx, requests, tickets)
	})
	if err != nil && !passing(err) {
		err = w.setAside(ctx, name, err)
	}
	if err != nil {
		return fmt.Errorf("release the next tick of schedule %s: %w", name, err)
	}
	return nil
}

// cancelWaiting skips the ticks of a schedule that wait for their turn and were recorded at since or later, and says
// how many.
func cancelWaiting(ctx context.Context, db riverdb.DB, name string, since time.Time) (int64, error) {
	tag, err := db.Exec(ctx, `
		UPDATE queue.ticks SET state = 'skipped', reason = 'cancelled', recorded_at = clock_timestamp()
		WHERE schedule = $1 AND state = 'enqueued' AND job_id IS NULL AND recorded_at >= $2`, name, since)
	if err != nil {
		return 0, fmt.Errorf("cancel the waiting ticks of schedule %s: %w", name, err)
	}
	return tag.RowsAffected(), nil
}
