package web

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

// ticksShown is how many of a schedule's latest ticks the pages show.
const ticksShown = 30

// fate is what became of a tick.
type fate string

// Fates, the good ones first.
const (
	fateRan       fate = "ran"
	fateLate      fate = "late" // ran, and was done after its deadline or begun long after its tick
	fateRunning   fate = "running"
	fateWaiting   fate = "waiting"
	fateSkipped   fate = "skipped"
	fateMissed    fate = "missed"
	fateCancelled fate = "cancelled"
	fateFailed    fate = "failed"
)

// fates are all of them in the order in which they are counted up, with the colour of their tags.
var fates = []struct {
	fate   fate
	colour string
}{
	{fateRan, "green"}, {fateLate, "yellow"}, {fateRunning, "blue"}, {fateWaiting, "grey"}, {fateSkipped, "grey"},
	{fateMissed, "orange"}, {fateCancelled, "orange"}, {fateFailed, "red"},
}

// punctual is how long after its tick a job may be enqueued and not count as late.
const punctual = time.Minute

// tickRow is a tick with the job that it became, or the job that went on with that one's work.
type tickRow struct {
	Schedule   string
	Tick       time.Time
	State      string
	Reason     *string
	RecordedAt time.Time
	JobID      *int64
	JobState   *string
	StartedAt  *time.Time
	FinishedAt *time.Time
}

// tickLine is a tick as the pages show it.
type tickLine struct {
	tickRow
	Fate fate
	Why  string
}

// Tag is the fate as a tag.
func (l tickLine) Tag() template.HTML {
	for _, f := range fates {
		if f.fate == l.Fate {
			return template.HTML(`<strong class="govuk-tag govuk-tag--` + f.colour + `">` + words(string(f.fate)) + `</strong>`)
		}
	}
	return ""
}

const latestTicksSQL = `
	SELECT t.schedule, t.tick, t.state, t.reason, t.recorded_at, coalesce(n.id, t.job_id) AS job_id, coalesce(n.state, j.state) AS job_state,
	       coalesce(n.attempted_at, j.attempted_at) AS started_at, CASE WHEN n.id IS NULL THEN j.finalized_at ELSE n.finalized_at END AS finished_at
	FROM unnest($1::text[]) AS s (name)
	CROSS JOIN LATERAL (SELECT * FROM queue.ticks WHERE schedule = s.name ORDER BY tick DESC LIMIT $2) AS t
	LEFT JOIN queue.jobs AS j ON j.id = t.job_id
	LEFT JOIN queue.jobs AS n ON n.id = (j.metadata ->> 'taken_over_by')::bigint
	ORDER BY t.schedule, t.tick DESC`

// latestTicks reads the latest ticks of schedules, newest first, by schedule.
func latestTicks(ctx context.Context, db queue.Querier, schedules []queue.ScheduleInfo, now time.Time) (map[string][]tickLine, error) {
	names, byName := make([]string, len(schedules)), map[string]schedule.Schedule{}
	for i, s := range schedules {
		names[i], byName[s.Name] = s.Name, s.Schedule
	}
	rows, _ := db.Query(ctx, latestTicksSQL, names, ticksShown)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[tickRow])
	if err != nil {
		return nil, fmt.Errorf("read the ticks of schedules: %w", err)
	}
	lines := map[string][]tickLine{}
	for _, t := range list {
		lines[t.Schedule] = append(lines[t.Schedule], judge(t, byName[t.Schedule], now))
	}
	return lines, nil
}

// judge says what became of a tick.
func judge(t tickRow, s schedule.Schedule, now time.Time) tickLine {
	l := tickLine{tickRow: t}
	switch {
	case t.State == "skipped":
		l.Fate, l.Why = fateSkipped, skipReason(t.Reason)
	case t.State == "missed":
		l.Fate, l.Why = fateMissed, skipReason(t.Reason)
	case t.JobState == nil || *t.JobState == "completed":
		l.Fate = fateRan
	case *t.JobState == "discarded":
		l.Fate = fateFailed
	case *t.JobState == "cancelled":
		l.Fate = fateCancelled
	case *t.JobState == "running":
		l.Fate = fateRunning
	default:
		l.Fate = fateWaiting
	}
	if why := lateness(t, s, now); why != "" && t.State == "enqueued" {
		l.Why = why
		if l.Fate == fateRan {
			l.Fate = fateLate
		}
	}
	return l
}

// lateness says how a run was late, "" where it was not.
func lateness(t tickRow, s schedule.Schedule, now time.Time) string {
	if behind := t.RecordedAt.Sub(t.Tick); behind > punctual {
		return "begun " + roughly(behind) + " after its time"
	}
	end := now
	if t.FinishedAt != nil {
		end = *t.FinishedAt
	}
	over := end.Sub(t.Tick) - time.Duration(s.Deadline)
	if s.Deadline == 0 || over <= 0 || t.JobState == nil {
		return ""
	}
	return roughly(over) + " past its deadline of " + roughly(time.Duration(s.Deadline))
}

func skipReason(reason *string) string {
	if reason == nil {
		return ""
	}
	switch *reason {
	case "paused":
		return "the schedule was paused"
	case "overlap":
		return "the run before was still at work"
	case "too_old":
		return "too old to be made up"
	case "catch_up_none":
		return "this schedule makes up nothing"
	case "restored":
		return "the database was a restored copy"
	default:
		return words(*reason)
	}
}

// strip is the latest ticks as a small chart, the oldest on the left, and in words.
type strip struct {
	Bars    []stripBar
	Summary string
	Width   int
}

// stripBar is one tick. Its height tells how far it came, so that nobody needs the colour.
type stripBar struct {
	Fate         fate
	X, Y, Height int
}

// Sizes of the strip in pixels.
const (
	stripStep   = 9
	stripHeight = 28
)

func newStrip(ticks []tickLine) strip {
	s := strip{Summary: countUp(ticks), Width: stripStep * ticksShown}
	heights := map[fate]int{fateRan: 20, fateLate: 14, fateRunning: 8, fateWaiting: 8, fateSkipped: 4, fateMissed: 4, fateCancelled: 28, fateFailed: 28}
	for i, t := range slices.Backward(ticks) {
		height := heights[t.Fate]
		s.Bars = append(s.Bars, stripBar{Fate: t.Fate, X: s.Width - stripStep*(i+1), Y: stripHeight - height, Height: height})
	}
	return s
}

// countUp says how many ticks became what: "27 ran, 2 late, 1 failed".
func countUp(ticks []tickLine) string {
	counts := map[fate]int64{}
	for _, t := range ticks {
		counts[t.Fate]++
	}
	var parts []string
	for _, f := range fates {
		if n := counts[f.fate]; n > 0 {
			parts = append(parts, count(n)+" "+string(f.fate))
		}
	}
	return strings.Join(parts, ", ")
}
