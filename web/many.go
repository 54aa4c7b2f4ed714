package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

// pauseQueue lets no further job of a queue begin.
func (s *site) pauseQueue(ctx context.Context, name string, until time.Time, note string, detail any) error {
	if s.Queue == nil {
		return errNoQueue
	}
	return s.audited(ctx, "pause", "queue "+name, detail, func(ctx context.Context) error {
		return s.Queue.PauseQueue(ctx, name, until, access.Of(ctx).By(), note)
	})
}

func (s *site) resumeQueue(ctx context.Context, name string) error {
	if s.Queue == nil {
		return errNoQueue
	}
	return s.audited(ctx, "resume", "queue "+name, nil, func(ctx context.Context) error {
		return s.Queue.ResumeQueue(ctx, name)
	})
}

// backfillVerb is what a person may do with a backfill.
type backfillVerb struct {
	name, title, about string
	do                 func(*queue.Client, context.Context, int64) (queue.BackfillInfo, error)
}

var backfillVerbs = []backfillVerb{
	{"pause", "Pause", "Lets none of its further jobs begin; those that have begun go on.", (*queue.Client).PauseBackfill},
	{"resume", "Resume", "Lets it go on after a pause, or at once where it was set aside.", (*queue.Client).ResumeBackfill},
	{"cancel", "Cancel", "Ends it, and cancels its jobs that have not ended.", (*queue.Client).CancelBackfill},
}

// findBackfill finds a backfill by number.
func (s *site) findBackfill(ctx context.Context, id int64) (queue.BackfillInfo, error) {
	b, err := queue.FindBackfill(ctx, s.Control, id)
	if run.ClassOf(err) == run.ClassInvalid {
		return b, notFound("There is no backfill with this number.")
	}
	return b, err
}

// steer does with a backfill what the verb says, where the visitor may act on the jobs of its schedule.
func (s *site) steer(ctx context.Context, verb backfillVerb, b queue.BackfillInfo) (queue.BackfillInfo, error) {
	if s.Queue == nil {
		return b, errNoQueue
	}
	detail := map[string]any{"schedule": b.Schedule}
	err := s.audited(ctx, verb.name, fmt.Sprintf("backfill %d", b.ID), detail, func(ctx context.Context) (err error) {
		if info, findErr := queue.FindSchedule(ctx, s.Control, b.Schedule); findErr == nil {
			if err := maySteer(ctx, info.Kind, info.Args); err != nil {
				return err
			}
		}
		b, err = verb.do(s.Queue, ctx, b.ID)
		return err
	})
	return b, err
}

// manyAct is something that is done to all jobs of a selection.
type manyAct struct {
	name, title, does string
	jobs              func(context.Context, *site, queue.JobSelection) ([]int64, error)
	do                func(context.Context, *site, queue.JobSelection) (manyDone, error)
}

// manyDone is which jobs were dealt with.
type manyDone struct {
	Jobs         []int64 `json:"jobs" doc:"Those that were cancelled, or that run now in place of others"`
	WaitingTicks int64   `json:"waiting_ticks,omitempty" doc:"Ticks that were cancelled while they waited for their turn"`
}

var (
	cancelMany = manyAct{"cancel", "Cancel many runs", "cancelled",
		func(ctx context.Context, s *site, which queue.JobSelection) ([]int64, error) {
			return queue.Cancellable(ctx, s.Control, which)
		},
		func(ctx context.Context, s *site, which queue.JobSelection) (manyDone, error) {
			ids, ticks, err := s.Queue.CancelJobs(ctx, which)
			return manyDone{append([]int64{}, ids...), ticks}, err
		}}
	retryMany = manyAct{"retry", "Run many again", "run again",
		func(ctx context.Context, s *site, which queue.JobSelection) ([]int64, error) {
			return queue.Retryable(ctx, s.Control, which)
		},
		func(ctx context.Context, s *site, which queue.JobSelection) (manyDone, error) {
			begun, err := s.Queue.RetryJobs(ctx, which, access.Of(ctx).By())
			done := manyDone{Jobs: []int64{}}
			for _, t := range begun {
				done.Jobs = append(done.Jobs, t.ID)
			}
			return done, err
		}}
)

// manyLimit is how many jobs one act may have that a visitor asks for; the command line has no such limit.
const manyLimit = 1000

// selected lists the jobs that an act would have. It refuses a selection with a job that the visitor may not act on.
func (s *site) selected(ctx context.Context, act manyAct, which queue.JobSelection) ([]queue.Job, error) {
	if s.Queue == nil {
		return nil, errNoQueue
	}
	ids, err := act.jobs(ctx, s, which)
	if which.Empty() && err != nil {
		return nil, run.Invalid("", "Give a state, a kind, a schedule or a time")
	}
	if err != nil {
		return nil, err
	}
	if len(ids) > manyLimit {
		return nil, run.Invalid("", "These are %s jobs: choose fewer than %s, or use the command line", count(int64(len(ids))), count(manyLimit))
	}
	jobs, err := queue.FindJobs(ctx, s.Control, ids)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if err := maySteer(ctx, j.Kind, j.Args); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// doMany does an act to all jobs of a selection and records it.
func (s *site) doMany(ctx context.Context, act manyAct, which queue.JobSelection) (done manyDone, err error) {
	done.Jobs = []int64{}
	err = s.audited(ctx, act.name+" jobs", "many jobs", which, func(ctx context.Context) error {
		if _, err := s.selected(ctx, act, which); err != nil {
			return err
		}
		done, err = act.do(ctx, s, which)
		return err
	})
	return done, err
}

// manyForm asks which runs, and then shows which these are before anything is done.
func (s *site) manyForm(act manyAct) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		if len(q) == 0 {
			return s.render(w, r, http.StatusOK, s.manyPage(act, q, ""))
		}
		which, err := readSelection(q)
		if err != nil {
			return s.render(w, r, http.StatusBadRequest, s.manyPage(act, q, err.Error()))
		}
		jobs, err := s.selected(r.Context(), act, which)
		if run.ClassOf(err) == run.ClassInvalid {
			return s.render(w, r, http.StatusBadRequest, s.manyPage(act, q, err.Error()))
		}
		if err != nil {
			return err
		}
		return s.render(w, r, http.StatusOK, previewPage(act, q, jobs))
	}
}

func (s *site) manyPage(act manyAct, q url.Values, problem string) confirmPage {
	states := field{Name: "state", Label: "In which state?", Choices: []choice{
		{Value: "", Text: "Any that can be " + act.does}, {Value: "quarantined", Text: "Quarantined"}, {Value: "discarded", Text: "Failed"},
		{Value: "retryable", Text: "Will try again"}, {Value: "scheduled", Text: "Scheduled"}, {Value: "available", Text: "Waiting"}}}
	states.choose(q.Get("state"))
	return confirmPage{
		Title: act.title, Section: "/runs", Text: []string{"What you leave empty does not narrow it. You see the runs before anything is done."},
		Fields: []field{states, {Name: "kind", Label: "Of which kind?", Hint: "Such as report_export", Value: q.Get("kind")},
			{Name: "schedule", Label: "Of which schedule?", Value: q.Get("schedule")},
			{Name: "since", Label: "Created since", Hint: "Such as 2026-11-22T06:00:00Z", Value: q.Get("since")}},
		Method: "get", Action: "/runs/many/" + act.name, Button: "Continue", Back: "/runs", Problem: problem,
	}
}

func previewPage(act manyAct, q url.Values, jobs []queue.Job) confirmPage {
	page := confirmPage{Title: act.title, Section: "/runs", Method: "post", Action: "/runs/many/" + act.name, Back: "/runs/many/" + act.name, Risky: true}
	if len(jobs) == 0 {
		page.Text = []string{"There is no such run: there is nothing to do."}
		return page
	}
	page.Text = []string{counted(int64(len(jobs)), "run") + " would be " + act.does + ":"}
	const shownAtMost = 50
	for _, j := range jobs[:min(len(jobs), shownAtMost)] {
		page.Text = append(page.Text, fmt.Sprintf("%d: %s, %s, created %s", j.ID, words(j.Kind), words(j.RunState), ukTime(j.CreatedAt)))
	}
	if more := len(jobs) - shownAtMost; more > 0 {
		page.Text = append(page.Text, "and "+count(int64(more))+" more")
	}
	for _, name := range []string{"state", "kind", "schedule", "since"} {
		page.Hidden = append(page.Hidden, hidden{name, q.Get(name)})
	}
	page.Button = act.title + ": " + count(int64(len(jobs)))
	return page
}

func (s *site) many(act manyAct) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		values, err := form(w, r)
		if err != nil {
			return err
		}
		which, err := readSelection(values)
		if err != nil {
			return err
		}
		if _, err := s.doMany(r.Context(), act, which); err != nil {
			return err
		}
		return seeOther(w, r, "/runs", "many-"+act.name)
	}
}

// manySaid is what the list of runs says after an action, by ?said.
var manySaid = map[string]string{"many-cancel": "The runs were told to stop.", "many-retry": "The runs are in their queues again."}

// readSelection reads which runs are meant.
func readSelection(q url.Values) (queue.JobSelection, error) {
	which := queue.JobSelection{State: q.Get("state"), Kind: plainText(q.Get("kind")), Schedule: plainText(q.Get("schedule"))}
	if text := q.Get("since"); text != "" {
		var err error
		if which.Since, err = time.Parse(time.RFC3339, text); err != nil {
			return which, run.Invalid("", "Write the time such as 2026-11-22T06:00:00Z")
		}
	}
	return which, nil
}

// backfillsPage lists backfills.
type backfillsPage struct {
	Backfills []queue.BackfillInfo
	Said      string
	May       bool
}

func (backfillsPage) Page() Page {
	return Page{Template: "backfills.html", Title: "Backfills", Section: "/schedules"}
}

// backfillSaid is what the list says after an action, by ?said.
var backfillSaid = map[string]string{
	"pause": "The backfill is paused.", "resume": "The backfill goes on.", "cancel": "The backfill is cancelled.",
}

func (s *site) backfillList(w http.ResponseWriter, r *http.Request) error {
	list, err := queue.Backfills(r.Context(), s.Control, true)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, backfillsPage{list, backfillSaid[r.URL.Query().Get("said")], s.Queue != nil})
}

func (s *site) backfillOf(r *http.Request) (queue.BackfillInfo, backfillVerb, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return queue.BackfillInfo{}, backfillVerb{}, notFound("There is no backfill with this number.")
	}
	for _, verb := range backfillVerbs {
		if verb.name == r.PathValue("verb") {
			b, err := s.findBackfill(r.Context(), id)
			return b, verb, err
		}
	}
	return queue.BackfillInfo{}, backfillVerb{}, notFound("A backfill can be paused, resumed and cancelled.")
}

func (s *site) backfillVerbForm(w http.ResponseWriter, r *http.Request) error {
	b, verb, err := s.backfillOf(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, confirmPage{
		Title: fmt.Sprintf("%s backfill %d of schedule %s", verb.title, b.ID, b.Schedule), Section: "/schedules", Text: []string{verb.about},
		Method: "post", Action: fmt.Sprintf("/backfills/%d/%s", b.ID, verb.name), Button: verb.title, Back: "/backfills", Risky: verb.name == "cancel",
	})
}

func (s *site) backfillVerbDone(w http.ResponseWriter, r *http.Request) error {
	b, verb, err := s.backfillOf(r)
	if err != nil {
		return err
	}
	if _, err := s.steer(r.Context(), verb, b); err != nil {
		return err
	}
	return seeOther(w, r, "/backfills", verb.name)
}

func (s *site) queuePauseForm(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if r.PathValue("verb") == "resume" {
		return s.render(w, r, http.StatusOK, confirmPage{Title: "Resume queue " + name, Section: "/queues", Text: []string{"Its jobs begin at once."},
			Method: "post", Action: queuePath(name) + "/resume", Button: "Resume", Back: "/queues"})
	}
	return s.render(w, r, http.StatusOK, queuePausePage(name, ""))
}

func queuePausePage(name, problem string) confirmPage {
	how := pauses()
	how.choose("")
	return confirmPage{Title: "Pause queue " + name, Section: "/queues", Text: []string{"No further job of it begins. What runs now goes on."},
		Fields: []field{how, {Name: "note", Label: "Why?", Hint: "Others see this while it is paused"}},
		Method: "post", Action: queuePath(name) + "/pause", Button: "Pause", Back: "/queues", Problem: problem}
}

func queuePath(name string) string { return "/queues/" + url.PathEscape(name) }

func (s *site) queueSteered(w http.ResponseWriter, r *http.Request) error {
	name, verb := r.PathValue("name"), r.PathValue("verb")
	values, err := form(w, r)
	if err != nil {
		return err
	}
	switch verb {
	case "resume":
		err = s.resumeQueue(r.Context(), name)
	case "pause":
		length, why := values.Get("for"), note(values.Get("note"))
		how := pauses()
		if !how.choose(length) {
			return s.render(w, r, http.StatusBadRequest, queuePausePage(name, "Choose for how long"))
		}
		until, untilErr := s.pausedUntil(r.Context(), length)
		if untilErr != nil {
			return untilErr
		}
		err = s.pauseQueue(r.Context(), name, until, why, map[string]any{"note": why, "for": length})
	default:
		return notFound("A queue can be paused and resumed.")
	}
	if run.ClassOf(err) == run.ClassInvalid && !errors.Is(err, errNoQueue) {
		return notFound("No worker works a queue of this name.")
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, "/queues", verb)
}
