package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/queue/schedule"
)

// lockApply keeps two processes from applying two files at once. "schedule" in ASCII.
const lockApply = 0x7363686564756c65

// beginner is a pool or a connection.
type beginner interface {
	Begin(context.Context) (pgx.Tx, error)
}

// Applied says what became of a schedules file.
type Applied struct {
	Applied    bool
	Generation int64 // that is live now
	// Reason says why the file was not applied, "" where it is what is live.
	Reason string
}

// ApplySchedules makes a file's schedules live if its generation is higher than that of what is live, or, where the
// file names none, if this version was never live before. A worker that starts again with an older file therefore
// changes nothing; going back to an older version takes a higher generation.
func ApplySchedules(ctx context.Context, db beginner, file schedule.File, raw []byte, by string) (Applied, error) {
	var out Applied
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lockApply)); err != nil {
			return err
		}
		var err error
		if out, err = decideFile(ctx, tx, file, raw, by); err != nil || !out.Applied {
			return err
		}
		a := &applier{tx: tx, generation: out.Generation}
		return a.apply(ctx, file.Schedules)
	})
	if err != nil {
		return out, fmt.Errorf("apply the schedules: %w", err)
	}
	return out, nil
}

// decideFile compares a file with what is live and, where it is to replace it, records it.
func decideFile(ctx context.Context, tx pgx.Tx, file schedule.File, raw []byte, by string) (Applied, error) {
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:])
	var live int64
	var liveHash string
	var before bool
	err := tx.QueryRow(ctx, `
		SELECT coalesce(max(generation), 0),
		       coalesce((SELECT hash FROM queue.schedule_files ORDER BY generation DESC LIMIT 1), ''),
		       coalesce(bool_or(hash = $1), false)
		FROM queue.schedule_files`, hash).Scan(&live, &liveHash, &before)
	if err != nil {
		return Applied{}, err
	}
	out := Applied{Generation: live}
	next := file.Generation
	switch {
	case hash == liveHash:
		return out, nil
	case next == 0 && before:
		out.Reason = fmt.Sprintf("this version of the schedules file was live before and generation %d replaced it; to go back to it set generation: %d", live, live+1)
		return out, nil
	case next == 0:
		next = live + 1
	case next <= live:
		out.Reason = fmt.Sprintf("the schedules file is of generation %d and generation %d is live; to apply it set generation: %d", next, live, live+1)
		return out, nil
	}
	_, err = tx.Exec(ctx, "INSERT INTO queue.schedule_files (generation, hash, applied_by) VALUES ($1, $2, $3)", next, hash, by)
	return Applied{Applied: true, Generation: next}, err
}

// applier writes one file's schedules.
type applier struct {
	tx         pgx.Tx
	generation int64
	now        time.Time
}

// liveSchedule is a schedule's row and the latest of its spans.
type liveSchedule struct {
	Name        string
	Spec        json.RawMessage
	Active      bool
	AccountedTo time.Time
	SpanAfter   *time.Time
	SpanUntil   *time.Time
	SpanSpec    json.RawMessage
}

func (a *applier) apply(ctx context.Context, schedules []schedule.Schedule) error {
	// A change that is being published now either knows the schedules of this file or is seen here.
	if _, err := a.tx.Exec(ctx, "LOCK TABLE queue.published IN SHARE MODE"); err != nil {
		return err
	}
	// Every worker that records ticks waits here: half a file must not decide.
	rows, _ := a.tx.Query(ctx, `
		SELECT s.name, s.spec, s.active, s.accounted_to, span.after_at AS span_after, span.until_at AS span_until, span.spec AS span_spec
		FROM queue.schedules AS s
		LEFT JOIN LATERAL (SELECT * FROM queue.schedule_spans WHERE schedule = s.name ORDER BY after_at DESC LIMIT 1) AS span ON true
		ORDER BY s.name FOR UPDATE OF s`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[liveSchedule])
	if err != nil {
		return err
	}
	if a.now, err = pg.Now(ctx, a.tx); err != nil {
		return err
	}
	live := map[string]liveSchedule{}
	for _, l := range list {
		live[l.Name] = l
	}
	for _, s := range schedules {
		before, known := live[s.Name]
		delete(live, s.Name)
		if err := a.one(ctx, s, before, known); err != nil {
			return fmt.Errorf("schedule %s: %w", s.Name, err)
		}
	}
	for name := range live {
		if err := a.remove(ctx, name); err != nil {
			return fmt.Errorf("schedule %s: %w", name, err)
		}
	}
	return nil
}

func (a *applier) one(ctx context.Context, s schedule.Schedule, before liveSchedule, known bool) error {
	spec, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if !known || !before.Active {
		_, err = a.tx.Exec(ctx, `
			INSERT INTO queue.schedules (name, spec, accounted_to, generation) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, active = true, set_aside_at = NULL, generation = excluded.generation,
				accounted_to = greatest(schedules.accounted_to, excluded.accounted_to)`, s.Name, spec, a.now, a.generation)
	} else {
		_, err = a.tx.Exec(ctx, "UPDATE queue.schedules SET spec = $2, generation = $3, set_aside_at = NULL WHERE name = $1", s.Name, spec, a.generation)
	}
	if err != nil {
		return err
	}
	if err := a.pauseByFile(ctx, s); err != nil {
		return err
	}
	if s.After != nil && s.After.When == schedule.Changed && (!known || !before.Active) {
		// What it makes was never made of what is there already.
		_, err := a.tx.Exec(ctx, `
			INSERT INTO queue.owed (schedule, by) SELECT $1, by FROM queue.published WHERE kind = $2 ON CONFLICT DO NOTHING`,
			s.Name, s.After.Kind)
		if err != nil {
			return err
		}
	}
	if err := a.span(ctx, s, spec, before, known); err != nil {
		return err
	}
	return setNextTick(ctx, a.tx, s.Name)
}

// span lets the new version decide: from now where there is none, in place of the old one where the times are the same,
// and after the old one's next tick where they are not, so that a change of cron never fires at once.
func (a *applier) span(ctx context.Context, s schedule.Schedule, spec json.RawMessage, before liveSchedule, known bool) error {
	if s.Cron == "" {
		return a.closeSpans(ctx, s.Name, a.now)
	}
	if !known || before.SpanAfter == nil || before.SpanUntil != nil {
		return a.openSpan(ctx, s.Name, spec, a.now)
	}
	old, err := versionRow{Schedule: s.Name, Spec: before.SpanSpec}.version()
	// One that cannot be read was written by another version of the program: this one decides in its place.
	if err != nil || old.Schedule.SameTimes(s) || before.SpanAfter.After(a.now) {
		_, err := a.tx.Exec(ctx, "UPDATE queue.schedule_spans SET spec = $3, generation = $4 WHERE schedule = $1 AND after_at = $2",
			s.Name, *before.SpanAfter, spec, a.generation)
		return err
	}
	from := a.now
	if before.AccountedTo.Before(from) {
		from = before.AccountedTo
	}
	last := old.Spec.Next(from)
	for !last.IsZero() && !last.After(a.now) { // due already, not accounted for yet: still the old one's
		last = old.Spec.Next(last)
	}
	if last.IsZero() {
		last = a.now
	}
	if err := a.closeSpans(ctx, s.Name, last); err != nil {
		return err
	}
	return a.openSpan(ctx, s.Name, spec, last)
}

func (a *applier) openSpan(ctx context.Context, name string, spec json.RawMessage, after time.Time) error {
	_, err := a.tx.Exec(ctx, `
		INSERT INTO queue.schedule_spans (schedule, after_at, spec, generation) VALUES ($1, $2, $3, $4)`, name, after, spec, a.generation)
	return err
}

// closeSpans ends every span of a schedule that would go beyond until; one that has not begun by then is taken away.
func (a *applier) closeSpans(ctx context.Context, name string, until time.Time) error {
	if _, err := a.tx.Exec(ctx, "DELETE FROM queue.schedule_spans WHERE schedule = $1 AND after_at >= $2", name, until); err != nil {
		return err
	}
	_, err := a.tx.Exec(ctx, `
		UPDATE queue.schedule_spans SET until_at = $2 WHERE schedule = $1 AND (until_at IS NULL OR until_at > $2)`, name, until)
	return err
}

func (a *applier) remove(ctx context.Context, name string) error {
	if _, err := a.tx.Exec(ctx, "UPDATE queue.schedules SET active = false, generation = $2 WHERE name = $1 AND active", name, a.generation); err != nil {
		return err
	}
	if err := a.closeSpans(ctx, name, a.now); err != nil {
		return err
	}
	if _, err := cancelWaiting(ctx, a.tx, name, time.Time{}); err != nil {
		return err
	}
	if _, err := a.tx.Exec(ctx, "DELETE FROM queue.owed WHERE schedule = $1", name); err != nil {
		return err
	}
	return setNextTick(ctx, a.tx, name)
}

// byFile marks a pause that the file asks for; a person's resume outlasts it until the file changes its mind.
const byFile = "schedules file"

func (a *applier) pauseByFile(ctx context.Context, s schedule.Schedule) error {
	if !s.Paused {
		_, err := a.tx.Exec(ctx, `
			UPDATE queue.pauses SET until_at = $2 WHERE schedule = $1 AND by = $3 AND (until_at IS NULL OR until_at > $2)`, s.Name, a.now, byFile)
		return err
	}
	_, err := a.tx.Exec(ctx, `
		INSERT INTO queue.pauses (schedule, from_at, by, note)
		SELECT $1, $2, $3, 'paused: true' WHERE NOT EXISTS (SELECT FROM queue.pauses WHERE schedule = $1 AND by = $3)`, s.Name, a.now, byFile)
	return err
}
