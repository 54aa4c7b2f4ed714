package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// One text that PostgreSQL does not take once kept every job of its worker from ending, for ever: River writes the ends
// of many jobs at once.
func TestTextThatPostgreSQLDoesNotTakeEndsItsOwnJobAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		work  func(context.Context, run.Run) (run.Outcome, error)
		state rivertype.JobState
		error string
	}{
		"error": {func(context.Context, run.Run) (run.Outcome, error) {
			return run.Outcome{}, errors.New("row 7: a\x00b\xff")
		}, rivertype.JobStateAvailable, `row 7: a\x00b\xff`},
		"panic": {func(context.Context, run.Run) (run.Outcome, error) { panic("a\x00b") }, rivertype.JobStateAvailable, `a\x00b`},
		"result": {func(context.Context, run.Run) (run.Outcome, error) {
			return run.Outcome{Changed: true, Summary: "a\x00b"}, nil
		}, rivertype.JobStateCompleted, ""},
		"log": {func(_ context.Context, r run.Run) (run.Outcome, error) {
			r.Log().Info("a\x00b\xff", "c\x00", "d\x00\xff")
			return run.Outcome{}, nil
		}, rivertype.JobStateCompleted, ""},
		"step": {func(ctx context.Context, r run.Run) (run.Outcome, error) {
			return run.Outcome{}, r.Step(ctx, "a\x00b", func(_ context.Context, s *run.Step) error { s.Unit = "c\x00"; return nil })
		}, rivertype.JobStateCompleted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := idle(t, kindThat("poison", c.work), kindOf("work", false))
			poison := w.enqueue(Request{Kind: "poison"})
			innocent := w.enqueue(Request{Kind: "work", Priority: 4})
			w.works(innocent.ID)
			w.recorder.flush(t.Context())
			if got := w.job(innocent.ID); got.State != "completed" {
				t.Errorf("the other job is %s", got.State)
			}
			got := w.job(poison.ID)
			if c.error != "" && (len(got.Errors) == 0 || !strings.Contains(got.Errors[0].Error, c.error) || got.State == "running") {
				t.Errorf("the job is %s with %+v, want %q", got.State, got.Errors, c.error)
			}
			if c.error == "" && got.State != string(c.state) {
				t.Errorf("the job is %s: %+v", got.State, got.Errors)
			}
			switch name {
			case "log":
				if lines := w.logOf(poison.ID); len(lines) != 1 || lines[0].Message != `a\x00b\xff` || !strings.Contains(string(lines[0].Attrs), `d\\x00`) {
					t.Errorf("lines are %+v", lines)
				}
			case "step":
				if len(got.Steps) != 1 || got.Steps[0].Name != `a\x00b` || got.Steps[0].Unit != `c\x00` {
					t.Errorf("steps are %+v", got.Steps)
				}
			case "result":
				if !strings.Contains(string(got.Result), `a\\x00b`) {
					t.Errorf("the result is %s", got.Result)
				}
			}
		})
	}
}

// A line that gets past the border is dropped alone.
func TestLineThatTheDatabaseRefusesIsDroppedAlone(t *testing.T) {
	t.Parallel()
	w := idle(t)
	const all, bad = 37, 11
	for i := range all {
		text := fmt.Sprint(i)
		if i == bad {
			text = "\x00"
		}
		w.recorder.add(line{jobID: 5, attempt: 1, at: time.Now(), level: "info", message: text, attrs: []byte("{}")})
	}
	w.recorder.flush(t.Context())
	lines := w.logOf(5)
	if len(lines) != all-1 || lines[bad-1].Message != fmt.Sprint(bad-1) || lines[bad].Message != fmt.Sprint(bad+1) {
		t.Errorf("%d lines of %d are written: %+v", len(lines), all, lines)
	}
	if n := len(w.recorder.lines); n != 0 || !strings.Contains(w.log.String(), "a log line of a job was dropped") {
		t.Errorf("%d lines are kept; logged %s", n, w.log)
	}
}

func TestArgumentsWithNULAreRefused(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	_, err := w.client.Enqueue(t.Context(), Request{Kind: "work", Args: json.RawMessage(`{"note": "a\u0000"}`)})
	if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(err.Error(), "NUL") {
		t.Errorf("enqueue says %v", err)
	}
	ticket := w.enqueue(Request{Kind: "work", By: "person a\x00b", Args: json.RawMessage(`{"note": "\\u0000"}`)})
	if got := w.job(ticket.ID); got.StartedBy != `person a\x00b` || string(got.Args) != `{"note": "\\u0000"}` {
		t.Errorf("the job is by %q with %s", got.StartedBy, got.Args)
	}
}

// A schedule, and a backfill, that waits for a lock is set aside, and the others go on: somebody's open transaction has
// touched a tick of it.
func TestLockedScheduleKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	w := idleWithin(t, pgtest.New(t), 5*time.Second, kindOf("tick", false))
	w.follows(`schedules:
- {name: a-locked, kind: tick, cron: "0 * * * *", timezone: UTC, catch_up: {policy: all}}
- {name: b-free, kind: tick, cron: "0 * * * *", timezone: UTC, catch_up: {policy: all}}`)
	w.exec("UPDATE queue.schedules SET accounted_to = date_trunc('hour', now()) - interval '1 second', next_tick = date_trunc('hour', now())")
	w.exec("UPDATE queue.schedule_spans SET after_at = now() - interval '2 hours'")
	for _, name := range []string{"a-locked", "b-free"} {
		w.exec(`INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, done_to, by)
			VALUES ($1, '2026-01-01Z', '2026-01-01 01:00Z', 1, '2025-12-31 23:59:59Z', 'test')`, name)
	}
	other, err := w.client.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(t.Context()) }()
	_, err = other.Exec(t.Context(), `INSERT INTO queue.ticks (schedule, tick, state, reason)
		VALUES ('a-locked', date_trunc('hour', now()), 'skipped', 'overlap'), ('a-locked', '2026-01-01Z', 'skipped', 'overlap')`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.recordDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.stepBackfills(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ticks, aside []string
	w.scan("SELECT array_agg(schedule ORDER BY tick) FROM queue.ticks", nil, &ticks)
	w.scan(`SELECT array_agg(name) FROM (SELECT name FROM queue.schedules WHERE set_aside_at IS NOT NULL
		UNION ALL SELECT schedule FROM queue.backfills WHERE set_aside_at IS NOT NULL) AS s`, nil, &aside)
	if got, want := fmt.Sprint(ticks, aside), "[b-free b-free] [a-locked a-locked]"; got != want {
		t.Errorf("ticks are of, and set aside are %s, want %s\n%s", got, want, w.log)
	}
}
