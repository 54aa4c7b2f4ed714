package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"cpd-jobs/queue"
)

// runsPerPage is how many jobs a page of the list shows.
const runsPerPage = 50

// runsPage lists jobs, newest first.
type runsPage struct {
	Said   string
	May    bool   // the visitor may steer jobs
	Filter string // what was asked for, in words; "" for everything
	RunID  int64
	Kinds  []choice
	States []choice
	Jobs   []jobLine
	Older  string // address of the next page; "" on the last
}

// jobLine is a job as the list shows it.
type jobLine struct {
	queue.Job
	Took string
}

func (runsPage) Page() Page {
	return Page{Template: "runs.html", Title: "Runs", Section: "/runs"}
}

func (s *site) runList(w http.ResponseWriter, r *http.Request) error {
	filter, err := runFilter(r.URL.Query())
	if err != nil {
		return err
	}
	ask := filter
	ask.Limit = runsPerPage + 1 // one more tells whether there are older ones
	jobs, err := queue.ListJobs(r.Context(), s.Control, ask)
	if err != nil {
		return err
	}
	page := runsPage{Said: manySaid[r.URL.Query().Get("said")], May: s.Queue != nil, Filter: describe(filter), Kinds: s.kindChoices(filter.Kind), RunID: filter.RunID, States: stateChoices(filter.State)}
	if len(jobs) > runsPerPage {
		jobs = jobs[:runsPerPage]
		page.Older = olderThan(filter, jobs[runsPerPage-1].ID)
	}
	now := s.Now()
	for _, j := range jobs {
		page.Jobs = append(page.Jobs, jobLine{Job: j, Took: jobTook(j, now)})
	}
	return s.render(w, r, http.StatusOK, page)
}

// jobStates are the states that people may ask for, in the order of a job's life, with the words of its tag.
var jobStates = []struct{ value, text string }{
	{"", "Any"},
	{"available", "Waiting"},
	{"scheduled", "Scheduled"},
	{"running", "Running"},
	{"retryable", "Will try again"},
	{"completed", "Done"},
	{"cancelled", "Cancelled"},
	{"discarded", "Failed"},
	{"quarantined", "Quarantined"},
}

func stateChoices(selected string) []choice {
	choices := make([]choice, len(jobStates))
	for i, s := range jobStates {
		choices[i] = choice{Value: s.value, Text: s.text, Selected: s.value == selected}
	}
	return choices
}

// kindChoices are the kinds that this program runs, and the one that was asked for even where it is another.
func (s *site) kindChoices(selected string) []choice {
	choices := []choice{{Text: "Any", Selected: selected == ""}}
	known := selected == ""
	if s.Queue != nil {
		for _, k := range s.Queue.Kinds() {
			choices = append(choices, choice{Value: k.Name, Text: words(k.Name), Selected: k.Name == selected})
			known = known || k.Name == selected
		}
	}
	if !known {
		choices = append(choices, choice{Value: selected, Text: words(selected), Selected: true})
	}
	return choices
}

// runFilter reads ?kind, ?state, ?run and ?before. What no job can have leads nowhere rather than to everything.
func runFilter(q url.Values) (queue.JobFilter, error) {
	f := queue.JobFilter{Kind: q.Get("kind"), State: q.Get("state"), Limit: runsPerPage}
	known := slices.ContainsFunc(jobStates, func(s struct{ value, text string }) bool { return s.value == f.State })
	if !known {
		return f, notFound("There is no such state of a job.")
	}
	var err error
	if f.RunID, err = positive(q.Get("run")); err != nil {
		return f, err
	}
	f.Before, err = positive(q.Get("before"))
	return f, err
}

// describe says in words what f lets through.
func describe(f queue.JobFilter) string {
	text := "jobs"
	for _, s := range jobStates {
		if s.value == f.State && f.State != "" {
			text += " in the state “" + s.text + "”"
		}
	}
	if f.Kind != "" {
		text += " of kind " + f.Kind
	}
	if f.RunID != 0 {
		text += " of run " + strconv.FormatInt(f.RunID, 10)
	}
	if f.Before != 0 {
		text += " before job " + strconv.FormatInt(f.Before, 10)
	}
	if text == "jobs" {
		return ""
	}
	return text
}

func olderThan(f queue.JobFilter, id int64) string {
	q := url.Values{"before": {strconv.FormatInt(id, 10)}}
	if f.Kind != "" {
		q.Set("kind", f.Kind)
	}
	if f.State != "" {
		q.Set("state", f.State)
	}
	if f.RunID != 0 {
		q.Set("run", strconv.FormatInt(f.RunID, 10))
	}
	return "/runs?" + q.Encode()
}
