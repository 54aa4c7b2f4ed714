package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

// scheduleSaid is what a schedule's page says after an action, by ?said.
var scheduleSaid = map[string]string{
	"paused":   "The schedule is paused. Its ticks are skipped until it is resumed.",
	"resumed":  "The schedule is resumed. Ticks that fell into the pause stay skipped.",
	"backfill": "The backfill has begun. A worker runs its ticks in order.",
}

// pauses are how long a schedule may be paused.
func pauses() field {
	return field{Name: "for", Label: "For how long?", Choices: []choice{
		{Value: "", Text: "Until it is resumed"}, {Value: "1h", Text: "1 hour"}, {Value: "24h", Text: "1 day"}, {Value: "168h", Text: "1 week"},
	}}
}

func (s *site) pauseForm(w http.ResponseWriter, r *http.Request) error {
	info, err := s.findSchedule(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, pausePage(info, "", "", ""))
}

func pausePage(info queue.ScheduleInfo, length, why, problem string) confirmPage {
	how := pauses()
	how.choose(length)
	return confirmPage{
		Title: "Pause schedule " + info.Name, Section: "/schedules",
		Text:   []string{"Ticks that fall into the pause are skipped and are not made up later. What runs now goes on."},
		Fields: []field{how, {Name: "note", Label: "Why?", Hint: "Others see this while it is paused", Value: why}},
		Method: "post", Action: schedulePath(info.Name) + "/pause", Button: "Pause", Back: schedulePath(info.Name), Problem: problem,
	}
}

func (s *site) pauseSchedule(w http.ResponseWriter, r *http.Request) error {
	info, values, err := s.scheduleForm(w, r)
	if err != nil {
		return err
	}
	length, why := values.Get("for"), note(values.Get("note"))
	how := pauses()
	if !how.choose(length) {
		return s.render(w, r, http.StatusBadRequest, pausePage(info, "", why, "Choose for how long"))
	}
	until, err := s.pausedUntil(r.Context(), length)
	if err != nil {
		return err
	}
	detail := map[string]any{"note": why, "for": length}
	if err := s.pause(r.Context(), info.Name, until, why, detail); err != nil {
		return err
	}
	return seeOther(w, r, schedulePath(info.Name), "paused")
}

// pausedUntil is when a pause of a length ends that begins now; zero where it ends with a resume.
func (s *site) pausedUntil(ctx context.Context, length string) (time.Time, error) {
	if length == "" {
		return time.Time{}, nil
	}
	d, err := time.ParseDuration(length)
	if err != nil {
		return time.Time{}, err
	}
	now, err := pg.Now(ctx, s.Control)
	return now.Add(d), err
}

// scheduleForm finds the schedule and reads what was posted about it.
func (s *site) scheduleForm(w http.ResponseWriter, r *http.Request) (queue.ScheduleInfo, url.Values, error) {
	info, err := s.findSchedule(r)
	if err != nil {
		return info, nil, err
	}
	values, err := form(w, r)
	return info, values, err
}

func (s *site) resumeForm(w http.ResponseWriter, r *http.Request) error {
	info, err := s.findSchedule(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, confirmPage{
		Title: "Resume schedule " + info.Name, Section: "/schedules",
		Text:   []string{"It runs again from its next tick on. Ticks that fell into the pause stay skipped; a backfill can run them."},
		Method: "post", Action: schedulePath(info.Name) + "/resume", Button: "Resume", Back: schedulePath(info.Name),
	})
}

func (s *site) resumeSchedule(w http.ResponseWriter, r *http.Request) error {
	info, _, err := s.scheduleForm(w, r)
	if err != nil {
		return err
	}
	if err := s.resume(r.Context(), info.Name); err != nil {
		return err
	}
	return seeOther(w, r, schedulePath(info.Name), "resumed")
}

func (s *site) triggerForm(w http.ResponseWriter, r *http.Request) error {
	info, err := s.findSchedule(r)
	if err != nil {
		return err
	}
	page := confirmPage{
		Title: "Run schedule " + info.Name + " now", Section: "/schedules",
		Text:   []string{"Its job starts at once, outside its ticks: " + againCommand(info.Kind, info.Args)},
		Method: "post", Action: schedulePath(info.Name) + "/run", Button: "Run now", Back: schedulePath(info.Name),
	}
	if info.Paused {
		page.Text = append(page.Text, "The schedule is paused, and stays so.")
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) triggerSchedule(w http.ResponseWriter, r *http.Request) error {
	info, _, err := s.scheduleForm(w, r)
	if err != nil {
		return err
	}
	ticket, err := s.trigger(r.Context(), info)
	if err != nil {
		return err
	}
	return seeOther(w, r, runPath(ticket.ID), "begun")
}

// backfillLayout is how people write a moment: in the zone of the schedule.
const backfillLayout = "2006-01-02 15:04"

// backfillLimit is how many ticks one backfill from the pages may have; the command line has no such limit.
const backfillLimit = 1000

// backfillForm asks for a stretch of time, and then shows which ticks it has.
func (s *site) backfillForm(w http.ResponseWriter, r *http.Request) error {
	info, err := s.findSchedule(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if !q.Has("from") {
		return s.render(w, r, http.StatusOK, backfillPage(info, q, ""))
	}
	b, plan, err := s.planBackfill(r.Context(), info, q)
	if err != nil {
		return s.askAgain(w, r, info, q, err)
	}
	return s.render(w, r, http.StatusOK, plannedPage(info, q, b, plan))
}

// askAgain shows the form with what was wrong, where it was the visitor's doing.
func (s *site) askAgain(w http.ResponseWriter, r *http.Request, info queue.ScheduleInfo, q url.Values, err error) error {
	if status := statusOf(err); status >= http.StatusInternalServerError && run.ClassOf(err) != run.ClassBlocked {
		return err
	}
	return s.render(w, r, http.StatusBadRequest, backfillPage(info, q, err.Error()))
}

func backfillPage(info queue.ScheduleInfo, q url.Values, problem string) confirmPage {
	hint := "Such as 2026-11-22 06:00, in the time of " + info.Timezone
	return confirmPage{
		Title: "Backfill schedule " + info.Name, Section: "/schedules",
		Text: []string{"Runs past ticks that did not run, one after the other."},
		Fields: []field{
			{Name: "from", Label: "From", Hint: hint, Value: q.Get("from")},
			{Name: "to", Label: "To", Hint: hint, Value: q.Get("to")},
		},
		Method: "get", Action: schedulePath(info.Name) + "/backfill", Button: "Continue", Back: schedulePath(info.Name), Problem: problem,
	}
}

func plannedPage(info queue.ScheduleInfo, q url.Values, b queue.Backfill, plan []queue.PlannedTick) confirmPage {
	runs := 0
	for _, t := range plan {
		if t.Runs {
			runs++
		}
	}
	page := confirmPage{
		Title: "Backfill schedule " + info.Name, Section: "/schedules",
		Text: []string{fmt.Sprintf("From %s to %s there are %s; %s have run already.", ukTime(b.From), ukTime(b.To), counted(int64(len(plan)), "tick"), count(int64(len(plan)-runs)))},
		Back: schedulePath(info.Name) + "/backfill", Method: "post", Action: schedulePath(info.Name) + "/backfill",
		Hidden: []hidden{{"from", q.Get("from")}, {"to", q.Get("to")}},
	}
	if runs == 0 {
		page.Text = append(page.Text, "There is nothing to do.")
		return page
	}
	page.Button = "Run " + counted(int64(runs), "tick")
	page.Warning = counted(int64(runs), "job") + " will run, one after the other."
	return page
}

// planBackfill reads a stretch of time and works out its ticks.
func (s *site) planBackfill(ctx context.Context, info queue.ScheduleInfo, q url.Values) (queue.Backfill, []queue.PlannedTick, error) {
	b := queue.Backfill{Schedule: info.Name, AtOnce: 1, By: access.Of(ctx).By()}
	zone, err := schedule.Zone(info.Timezone)
	if err != nil {
		return b, nil, err
	}
	for name, at := range map[string]*time.Time{"from": &b.From, "to": &b.To} {
		*at, err = time.ParseInLocation(backfillLayout, q.Get(name), zone)
		if err != nil {
			return b, nil, run.Invalid("", "Write %s as a date and a time, such as 2026-11-22 06:00", name)
		}
	}
	now, err := pg.Now(ctx, s.Control)
	if err != nil {
		return b, nil, err
	}
	if b.To.After(now) {
		return b, nil, run.Invalid("", "Choose an end that is in the past: ticks to come run by themselves")
	}
	if b.To.Sub(b.From) > 366*24*time.Hour {
		return b, nil, run.Invalid("", "Choose a stretch of at most a year")
	}
	next, err := schedule.Upcoming(info.Schedule, nil, b.From.Add(-time.Second), backfillLimit+1)
	if err != nil {
		return b, nil, err
	}
	if len(next) > backfillLimit && !next[backfillLimit].Tick.After(b.To) {
		return b, nil, run.Invalid("", "Choose a shorter stretch: this has more than %s ticks", count(backfillLimit))
	}
	plan, err := queue.PlanBackfill(ctx, s.Control, info.Schedule, b)
	return b, plan, err
}

func (s *site) backfill(w http.ResponseWriter, r *http.Request) error {
	info, values, err := s.scheduleForm(w, r)
	if err != nil {
		return err
	}
	b, plan, err := s.planBackfill(r.Context(), info, values)
	if err != nil {
		return s.askAgain(w, r, info, values, err)
	}
	detail := map[string]any{"from": b.From.UTC(), "to": b.To.UTC(), "ticks": len(plan)}
	err = s.audited(r.Context(), "backfill", "schedule "+info.Name, detail, func(ctx context.Context) error {
		if err := maySteer(ctx, info.Kind, info.Args); err != nil {
			return err
		}
		_, err := queue.StartBackfill(ctx, s.Control, info.Schedule, b)
		return err
	})
	if err != nil {
		return err
	}
	return seeOther(w, r, schedulePath(info.Name), "backfill")
}
