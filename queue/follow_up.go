package queue

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/trace"
	"cpd-jobs/queue/schedule"
)

// followed says which kinds of job are followed, and when. It is kept in memory, so that the end of a job that nothing
// follows costs no query.
type followed map[schedule.After]bool

// loadFollowed learns which kinds are followed: of schedules that this version of the program cannot read, too.
func (w *Worker) loadFollowed(ctx context.Context) error {
	rows, _ := w.pool.Query(ctx, `
		SELECT DISTINCT spec -> 'after' ->> 'kind', spec -> 'after' ->> 'when' FROM queue.schedules WHERE active AND spec ? 'after'`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[schedule.After])
	if err != nil {
		return fmt.Errorf("read which kinds of job are followed: %w", err)
	}
	known := followed{}
	for _, after := range list {
		known[after] = true
	}
	w.followed.Store(&known)
	return nil
}

// Changed inserts the jobs that follow a change of what this job publishes, in the transaction that publishes it.
func (a *attempt) Changed(ctx context.Context, tx pgx.Tx, version int64) error {
	if a.DryRun() {
		return nil
	}
	if version != 0 {
		// Before the schedules are read: a file with a new one that is being made live either is seen here or finds this row.
		_, err := tx.Exec(ctx, `
			INSERT INTO queue.published (kind, version, by) VALUES ($1, $2, $3)
			ON CONFLICT (kind) DO UPDATE SET version = excluded.version, by = excluded.by, published_at = clock_timestamp()`,
			a.kind, version, a.cause(version))
		if err != nil {
			return fmt.Errorf("note what %s published: %w", a.kind, err)
		}
	}
	a.changeFollowed.Store(true)
	return a.follow(ctx, tx, version, schedule.Changed)
}

// atEnd says which follow-ups the end of the job brings about: those of a change only where the job did not say in its
// publishing transaction that there was one.
func (a *attempt) atEnd(changed bool) (list []schedule.When) {
	known := *a.worker.followed.Load()
	if a.DryRun() || len(known) == 0 {
		return nil
	}
	if known[schedule.After{Kind: a.kind, When: schedule.Always}] {
		list = append(list, schedule.Always)
	}
	if changed && !a.changeFollowed.Load() && known[schedule.After{Kind: a.kind, When: schedule.Changed}] {
		list = append(list, schedule.Changed)
	}
	return list
}

// cause is what follow-ups say of where they come from.
func (a *attempt) cause(version int64) string {
	return fmt.Sprintf("job %d (%s, data version %d)", a.jobID, a.kind, version)
}

// follow inserts the jobs of the schedules that follow this job. A follow-up that this worker cannot make, or whose
// schedule is paused, is owed instead.
func (a *attempt) follow(ctx context.Context, tx pgx.Tx, version int64, when ...schedule.When) error {
	rows, _ := tx.Query(ctx, `
		SELECT name, spec, EXISTS (
			SELECT FROM queue.pauses WHERE schedule = s.name AND from_at <= now() AND (until_at IS NULL OR until_at > now()))
		FROM queue.schedules AS s
		WHERE active AND spec -> 'after' ->> 'kind' = $1 AND spec -> 'after' ->> 'when' = ANY ($2) ORDER BY name`, a.kind, when)
	var name string
	var spec json.RawMessage
	var paused bool
	var requests []Request
	var owed []string
	_, err := pgx.ForEachRow(rows, []any{&name, &spec, &paused}, func() error {
		s, err := readSchedule(spec)
		if err != nil || paused {
			owed = append(owed, name)
			return nil
		}
		requests = append(requests, followUp(s, a.meta.RunID, a.cause(version)))
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what follows %s: %w", a.kind, err)
	}
	if _, err := a.worker.client.EnqueueTx(ctx, tx, requests...); err != nil {
		return fmt.Errorf("insert the jobs that follow: %w", err)
	}
	if len(owed) == 0 {
		return nil
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO queue.owed (schedule, run_id, by, traceparent) SELECT name, $2, $3, $4 FROM unnest($1::text[]) AS name
		ON CONFLICT (schedule) DO UPDATE SET run_id = excluded.run_id, by = excluded.by, traceparent = excluded.traceparent`,
		owed, a.meta.RunID, a.cause(version), trace.Of(ctx).String())
	if err != nil {
		return fmt.Errorf("note the follow-ups that are owed: %w", err)
	}
	return nil
}

func followUp(s schedule.Schedule, runID int64, by string) Request {
	return Request{
		Kind: s.Kind, Args: s.Args, RunID: runID, Schedule: s.Name, Serial: s.Overlap == schedule.Queue, Checked: true, By: by,
	}
}

// makeOwed makes the follow-up that is owed to a schedule. One that this version of the program cannot make is set
// aside, for workers of the version that can.
func (w *Worker) makeOwed(ctx context.Context, name string) error {
	err := pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		if id, err := identify(ctx, tx); err != nil || id.Held() {
			return err
		}
		rows, _ := tx.Query(ctx, `
			DELETE FROM queue.owed WHERE schedule = (SELECT schedule FROM queue.owed WHERE schedule = $1 FOR UPDATE SKIP LOCKED)
			RETURNING coalesce(run_id, 0) AS run_id, by, traceparent, (SELECT spec FROM queue.schedules WHERE name = $1 AND active)`, name)
		owed, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
			RunID           int64
			By, Traceparent string
			Spec            json.RawMessage
		}])
		if err != nil || len(owed) == 0 || owed[0].Spec == nil {
			return err
		}
		s, err := readSchedule(owed[0].Spec)
		if err != nil {
			return err
		}
		traced := trace.With(ctx, trace.Parse(owed[0].Traceparent))
		if _, err := w.client.EnqueueTx(traced, tx, followUp(s, owed[0].RunID, owed[0].By)); err != nil {
			return err
		}
		return notSetAside(ctx, tx, name)
	})
	if err == nil || passing(err) {
		return err
	}
	return w.setAside(ctx, name, err)
}

// notSetAside says that the schedule can be handled again.
func notSetAside(ctx context.Context, tx pgx.Tx, name string) error {
	_, err := tx.Exec(ctx, `
		UPDATE queue.schedules SET set_aside_at = NULL, set_aside_reason = NULL, set_aside_by = NULL, retry_at = NULL
		WHERE name = $1 AND set_aside_at IS NOT NULL`, name)
	return err
}
