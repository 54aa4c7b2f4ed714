package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pg"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

// schedulesPage lists what runs by itself.
type schedulesPage struct {
	Held      int64 // schedules that wait because the database is a restored copy
	Schedules []scheduleLine
}

// scheduleLine is a schedule as the list shows it.
type scheduleLine struct {
	queue.ScheduleInfo
	Href  string
	When  string
	Strip strip
}

// schedulePage is one schedule: what became of its ticks, and which come next.
type schedulePage struct {
	scheduleLine
	Said  string
	Facts []fact
	Ticks []tickLine
	Next  []schedule.Coming
	May   bool // the visitor may steer it
}

// comingShown is how many of the ticks to come a schedule's page shows.
const comingShown = 10

func (schedulesPage) Page() Page {
	return Page{Template: "schedules.html", Title: "Schedules", Section: "/schedules"}
}

func (p schedulePage) Page() Page {
	return Page{Template: "schedule.html", Title: "Schedule " + p.Name, Section: "/schedules"}
}

func (s *site) scheduleList(w http.ResponseWriter, r *http.Request) error {
	list, err := queue.Schedules(r.Context(), s.Control)
	if err != nil {
		return err
	}
	ticks, err := latestTicks(r.Context(), s.Control, list, s.Now())
	if err != nil {
		return err
	}
	hold, err := queue.Held(r.Context(), s.Control)
	if err != nil {
		return err
	}
	var page schedulesPage
	if hold.Held {
		page.Held = hold.Ticks
	}
	for _, info := range list {
		page.Schedules = append(page.Schedules, newScheduleLine(info, ticks[info.Name]))
	}
	return s.render(w, r, http.StatusOK, page)
}

func newScheduleLine(info queue.ScheduleInfo, ticks []tickLine) scheduleLine {
	return scheduleLine{ScheduleInfo: info, Href: schedulePath(info.Name), When: whenOf(info.Schedule), Strip: newStrip(ticks)}
}

func schedulePath(name string) string { return "/schedules/" + url.PathEscape(name) }

// whenOf says when a schedule runs: by the clock, or after what.
func whenOf(s schedule.Schedule) string {
	switch {
	case s.After == nil:
		return s.Cron + " (" + s.Timezone + ")"
	case s.After.When == schedule.Changed:
		return "after each " + s.After.Kind + " that changed something"
	default:
		return "after each " + s.After.Kind
	}
}

func (s *site) schedule(w http.ResponseWriter, r *http.Request) error {
	info, err := s.findSchedule(r)
	if err != nil {
		return err
	}
	now := s.Now()
	ticks, err := latestTicks(r.Context(), s.Control, []queue.ScheduleInfo{info}, now)
	if err != nil {
		return err
	}
	page := schedulePage{
		scheduleLine: newScheduleLine(info, ticks[info.Name]), Said: scheduleSaid[r.URL.Query().Get("said")],
		Facts: scheduleFacts(info), Ticks: ticks[info.Name], May: s.Queue != nil && access.Of(r.Context()).Can(access.Developer),
	}
	if page.Next, err = schedule.Upcoming(info.Schedule, nil, now, comingShown); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) findSchedule(r *http.Request) (queue.ScheduleInfo, error) {
	info, err := queue.FindSchedule(r.Context(), s.Control, r.PathValue("name"))
	if errors.Is(err, queue.ErrNoSchedule) {
		return info, notFound("There is no such schedule. It may have been taken out of the schedules file.")
	}
	return info, err
}

func scheduleFacts(s queue.ScheduleInfo) []fact {
	facts := []fact{
		{Key: "Runs", Text: whenOf(s.Schedule)},
		{Key: "Kind", Text: s.Kind, Href: "/runs?kind=" + url.QueryEscape(s.Kind)},
		{Key: "Arguments", Text: compactJSON(s.Args)},
		{Key: "Missed ticks", Text: catchUpText(s.CatchUp, s.Cron)},
		{Key: "While the run before works", Text: overlapText(s.Overlap)},
	}
	if s.Deadline > 0 {
		facts = append(facts, fact{Key: "Deadline", Text: roughly(time.Duration(s.Deadline)) + " after its tick"})
	}
	if s.SetAside != "" {
		facts = append(facts, fact{Key: "Set aside because", Text: s.SetAside}, fact{Key: "Set aside since", At: s.SetAsideAt})
	}
	if s.Waiting > 0 {
		facts = append(facts, fact{Key: "Waiting for their turn", Text: counted(int64(s.Waiting), "tick")})
	}
	if s.Paused {
		facts = append(facts, fact{Key: "Paused by", Text: s.PausedBy}, fact{Key: "Paused because", Text: s.PauseNote}, fact{Key: "Paused until", At: s.PausedUntil})
	}
	return known(facts)
}

func catchUpText(c schedule.CatchUp, cron string) string {
	if cron == "" {
		return ""
	}
	text := map[schedule.Policy]string{
		schedule.None: "are not made up", schedule.Latest: "the latest is made up", schedule.All: "are all made up, oldest first",
	}[c.Policy]
	if c.MaxAge > 0 && c.Policy != schedule.None {
		text += ", up to " + roughly(time.Duration(c.MaxAge)) + " old"
	}
	return text
}

func overlapText(o schedule.Overlap) string {
	return map[schedule.Overlap]string{
		schedule.Skip: "a tick is skipped", schedule.Queue: "a tick waits its turn", schedule.CancelRunning: "a tick cancels that run",
	}[o]
}

// ticksShown is how many of a schedule's latest ticks the pages show.
const ticksShown = 30

// tickOutcome is what became of a tick.
type tickOutcome string

// Outcomes of ticks, the good ones first.
const (
	tickRan       tickOutcome = "ran"
	tickLate      tickOutcome = "late" // ran, and was done after its deadline or begun long after its tick
	tickRunning   tickOutcome = "running"
	tickWaiting   tickOutcome = "waiting"
	tickSkipped   tickOutcome = "skipped"
	tickMissed    tickOutcome = "missed"
	tickCancelled tickOutcome = "cancelled"
	tickFailed    tickOutcome = "failed"
)

// tickOutcomes are all of them in the order in which they are counted up, with the colour of their tags.
var tickOutcomes = []struct {
	outcome tickOutcome
	colour  string
}{
	{tickRan, "green"}, {tickLate, "yellow"}, {tickRunning, "blue"}, {tickWaiting, "grey"}, {tickSkipped, "grey"},
	{tickMissed, "orange"}, {tickCancelled, "orange"}, {tickFailed, "red"},
}

// punctual is how long after its tick a job may be enqueued and not count as late.
const punctual = time.Minute

// tickLine is a tick as the pages show it.
type tickLine struct {
	queue.TickJob
	Outcome tickOutcome
	Why     string
}

// Tag is the tickOutcome as a tag.
func (l tickLine) Tag() template.HTML {
	for _, f := range tickOutcomes {
		if f.outcome == l.Outcome {
			return template.HTML(`<strong class="govuk-tag govuk-tag--` + f.colour + `">` + words(string(f.outcome)) + `</strong>`)
		}
	}
	return ""
}

// latestTicks reads the latest ticks of schedules, newest first, by schedule.
func latestTicks(ctx context.Context, db pg.Querier, schedules []queue.ScheduleInfo, now time.Time) (map[string][]tickLine, error) {
	names, byName := make([]string, len(schedules)), map[string]schedule.Schedule{}
	for i, s := range schedules {
		names[i], byName[s.Name] = s.Name, s.Schedule
	}
	list, err := queue.LatestTicks(ctx, db, names, ticksShown)
	if err != nil {
		return nil, err
	}
	lines := map[string][]tickLine{}
	for _, t := range list {
		lines[t.Schedule] = append(lines[t.Schedule], outcomeOfTick(t, byName[t.Schedule], now))
	}
	return lines, nil
}

// outcomeOfTick says what became of a tick.
func outcomeOfTick(t queue.TickJob, s schedule.Schedule, now time.Time) tickLine {
	l := tickLine{TickJob: t}
	switch {
	case t.State == "skipped":
		l.Outcome, l.Why = tickSkipped, skipReason(t.Reason)
	case t.State == "missed":
		l.Outcome, l.Why = tickMissed, skipReason(t.Reason)
	case t.JobState == nil || *t.JobState == "completed":
		l.Outcome = tickRan
	case *t.JobState == "discarded":
		l.Outcome = tickFailed
	case *t.JobState == "cancelled":
		l.Outcome = tickCancelled
	case *t.JobState == "running":
		l.Outcome = tickRunning
	default:
		l.Outcome = tickWaiting
	}
	if why := lateness(t, s, now); why != "" && t.State == "enqueued" {
		l.Why = why
		if l.Outcome == tickRan {
			l.Outcome = tickLate
		}
	}
	return l
}

// lateness says how a run was late, "" where it was not.
func lateness(t queue.TickJob, s schedule.Schedule, now time.Time) string {
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

// stripBar is one tick. Its height tells its outcome, so that no reader needs the colour.
type stripBar struct {
	Outcome      tickOutcome
	X, Y, Height int
}

// Sizes of the strip in pixels.
const (
	stripStep   = 9
	stripHeight = 28
)

func newStrip(ticks []tickLine) strip {
	s := strip{Summary: sumUpTicks(ticks), Width: stripStep * ticksShown}
	heights := map[tickOutcome]int{tickRan: 20, tickLate: 14, tickRunning: 8, tickWaiting: 8, tickSkipped: 4, tickMissed: 4, tickCancelled: 28, tickFailed: 28}
	for i, t := range slices.Backward(ticks) {
		height := heights[t.Outcome]
		s.Bars = append(s.Bars, stripBar{Outcome: t.Outcome, X: s.Width - stripStep*(i+1), Y: stripHeight - height, Height: height})
	}
	return s
}

// sumUpTicks says how many ticks became what: "27 ran, 2 late, 1 failed".
func sumUpTicks(ticks []tickLine) string {
	counts := map[tickOutcome]int64{}
	for _, t := range ticks {
		counts[t.Outcome]++
	}
	var parts []string
	for _, f := range tickOutcomes {
		if n := counts[f.outcome]; n > 0 {
			parts = append(parts, count(n)+" "+string(f.outcome))
		}
	}
	return strings.Join(parts, ", ")
}
