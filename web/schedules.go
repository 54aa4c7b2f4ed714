package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"cpd-jobs/internal/access"
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
	list, err := queue.Schedules(r.Context(), s.DB)
	if err != nil {
		return err
	}
	ticks, err := latestTicks(r.Context(), s.DB, list, s.Now())
	if err != nil {
		return err
	}
	hold, err := queue.Held(r.Context(), s.DB)
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
	ticks, err := latestTicks(r.Context(), s.DB, []queue.ScheduleInfo{info}, now)
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
	info, err := queue.FindSchedule(r.Context(), s.DB, r.PathValue("name"))
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
