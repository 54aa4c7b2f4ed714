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
	"cpd-jobs/queue/schedule"
)

// ErrNoSchedule says that no live schedule has the name.
var ErrNoSchedule = errors.New("no such schedule")

// ScheduleInfo is a live schedule and where it stands.
type ScheduleInfo struct {
	schedule.Schedule
	NextTick *time.Time `json:"next_tick"` // null where it follows a job, or is not live
	// Paused says that it is paused now, PausedUntil until when, PausedBy and PauseNote by whom and why.
	Paused      bool       `json:"paused"`
	PausedUntil *time.Time `json:"paused_until,omitempty"`
	PausedBy    string     `json:"paused_by,omitempty"`
	PauseNote   string     `json:"pause_note,omitempty"`
	LastTick    *time.Time `json:"last_tick"`
	LastState   string     `json:"last_state,omitempty"`
	LastReason  string     `json:"last_reason,omitempty"`
	// SetAside says why workers cannot record the schedule's ticks, "" where they can, and SetAsideAt since when.
	SetAside   string     `json:"set_aside,omitempty"`
	SetAsideAt *time.Time `json:"set_aside_at,omitempty"`
	// Waiting is how many ticks are enqueued and wait for their turn.
	Waiting int `json:"waiting,omitempty"`
}

type scheduleRow struct {
	Name           string
	SetAsideAt     *time.Time
	SetAsideReason *string
	Waiting        int
	Spec           json.RawMessage
	NextTick       *time.Time
	PausedFrom     *time.Time
	PausedUntil    *time.Time
	PausedBy       *string
	PauseNote      *string
	LastTick       *time.Time
	LastState      *string
	LastReason     *string
}

// Schedules lists the live schedules by name.
func Schedules(ctx context.Context, db pg.Querier) ([]ScheduleInfo, error) {
	rows, _ := db.Query(ctx, `
		SELECT s.name, s.set_aside_at, s.set_aside_reason,
		       (SELECT count(*) FROM queue.ticks WHERE schedule = s.name AND state = 'enqueued' AND job_id IS NULL)::integer AS waiting,
		       s.spec, s.next_tick, p.from_at AS paused_from, p.until_at AS paused_until, p.by AS paused_by, p.note AS pause_note,
		       t.tick AS last_tick, t.state AS last_state, t.reason AS last_reason
		FROM queue.schedules AS s
		LEFT JOIN LATERAL (
			SELECT * FROM queue.pauses WHERE schedule = s.name AND from_at <= now() AND (until_at IS NULL OR until_at > now())
			ORDER BY until_at DESC NULLS FIRST LIMIT 1) AS p ON true
		LEFT JOIN LATERAL (SELECT * FROM queue.ticks WHERE schedule = s.name ORDER BY tick DESC LIMIT 1) AS t ON true
		WHERE s.active ORDER BY s.name`)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[scheduleRow])
	if err != nil {
		return nil, fmt.Errorf("read the schedules: %w", err)
	}
	list := make([]ScheduleInfo, len(found))
	for i, r := range found {
		list[i] = r.info()
	}
	return list, nil
}

// info is the row; of one that this version of the program cannot read, the name and that alone.
func (r scheduleRow) info() ScheduleInfo {
	s := ScheduleInfo{
		SetAside: deref(r.SetAsideReason), SetAsideAt: inUTC(r.SetAsideAt), Waiting: r.Waiting,
		NextTick: inUTC(r.NextTick), PausedUntil: inUTC(r.PausedUntil), PausedBy: deref(r.PausedBy), PauseNote: deref(r.PauseNote),
		LastTick: inUTC(r.LastTick), LastState: deref(r.LastState), LastReason: deref(r.LastReason),
	}
	if s.SetAsideAt == nil {
		s.SetAside = ""
	}
	var err error
	if s.Schedule, err = readSchedule(r.Spec); err != nil {
		s.Schedule, s.SetAside = schedule.Schedule{Name: r.Name, Timezone: schedule.London, Args: json.RawMessage("{}")}, err.Error()
	}
	s.Paused = r.PausedFrom != nil
	return s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// FindSchedule finds a live schedule by name. The error, of class Invalid, names the nearest and wraps ErrNoSchedule.
func FindSchedule(ctx context.Context, db pg.Querier, name string) (ScheduleInfo, error) {
	list, err := Schedules(ctx, db)
	if err != nil {
		return ScheduleInfo{}, err
	}
	var names []string
	for _, s := range list {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	hint := "cpd-jobs schedules list shows them"
	if near := run.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return ScheduleInfo{}, run.Invalid(hint, "no live schedule is called %q: %w", name, ErrNoSchedule)
}

// Pause skips a schedule's ticks from now until the given time, or until it is resumed where that is zero. A pause
// that is on already gives way to this one.
func Pause(ctx context.Context, db beginner, name string, until time.Time, by, note string) error {
	var end *time.Time
	if !until.IsZero() {
		end = &until
	}
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if err := endPauses(ctx, tx, name); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO queue.pauses (schedule, from_at, until_at, by, note) VALUES ($1, clock_timestamp(), $2, $3, $4)`, name, end, by, note)
		return err
	})
	if err != nil {
		return fmt.Errorf("pause schedule %s: %w", name, err)
	}
	return nil
}

// Resume ends a pause. The ticks that fell into it stay skipped: a resumed schedule never floods.
func Resume(ctx context.Context, db beginner, name string) error {
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return endPauses(ctx, tx, name) })
	if err != nil {
		return fmt.Errorf("resume schedule %s: %w", name, err)
	}
	return nil
}

// endPauses locks the schedule until the transaction ends and ends its pauses. Without the lock a worker could record a tick
// between the moment at which a pause begins and its commit, and run what falls into the pause.
func endPauses(ctx context.Context, tx pgx.Tx, name string) error {
	if _, err := tx.Exec(ctx, "SELECT FROM queue.schedules WHERE name = $1 FOR NO KEY UPDATE", name); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		UPDATE queue.pauses SET until_at = clock_timestamp()
		WHERE schedule = $1 AND from_at <= clock_timestamp() AND (until_at IS NULL OR until_at > clock_timestamp())`, name)
	return err
}

// Trigger runs a schedule's job now, outside its ticks.
func (c *Client) Trigger(ctx context.Context, s schedule.Schedule, by string) (Ticket, error) {
	return c.Enqueue(ctx, Request{
		Kind: s.Kind, Args: s.Args, By: by + " (schedule " + s.Name + ")", Schedule: s.Name, Serial: s.Overlap == schedule.Queue,
	})
}

// TickInfo is a tick and what became of it.
type TickInfo struct {
	Schedule string    `json:"schedule"`
	Tick     time.Time `json:"tick"`
	// Local is the tick on the wall of the schedule's zone, RFC 3339 with offset.
	Local  string  `json:"local"`
	State  string  `json:"state"`
	Reason *string `json:"reason"`
	RunID  *int64  `json:"run_id"`
	// JobID and JobState say what the job of the tick has come to; null where there was none.
	JobID    *int64  `json:"job_id"`
	JobState *string `json:"job_state"`
}

// Ticks lists a schedule's latest ticks, newest first.
func Ticks(ctx context.Context, db pg.Querier, s schedule.Schedule, limit int) ([]TickInfo, error) {
	zone, err := schedule.Zone(s.Timezone)
	if err != nil {
		return nil, err
	}
	rows, _ := db.Query(ctx, `
		SELECT t.schedule, t.tick, '' AS local, t.state, t.reason, t.run_id, t.job_id, j.state AS job_state
		FROM (SELECT * FROM queue.ticks WHERE schedule = $1 ORDER BY tick DESC LIMIT $2) AS t
		LEFT JOIN queue.jobs AS j ON j.id = t.job_id
		ORDER BY t.tick DESC`, s.Name, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[TickInfo])
	if err != nil {
		return nil, fmt.Errorf("read the ticks of schedule %s: %w", s.Name, err)
	}
	for i := range list {
		list[i].Tick = list[i].Tick.UTC()
		list[i].Local = list[i].Tick.In(zone).Format(time.RFC3339)
	}
	return list, nil
}
