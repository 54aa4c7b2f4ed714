package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/source"
	"cpd-jobs/queue"
	"cpd-jobs/reports/versions"
)

// runPage is one job: /runs/{id} names the job, as every command does; its run, which may span several jobs, is one
// of its facts.
type runPage struct {
	Job       queue.Job
	LastError string // why the latest attempt failed; "" where it did not
	Facts     []fact
	Flow      flow
	Mates     []fact // the other jobs of its run
	Result    string // as the job gave it
	Steps     []stepLine
	Attempts  bool // steps of more than one attempt are shown
	Errors    []queue.JobError
	Log       []logLine
	More      string // address of the log lines after these; "" if these are the last
	Again     string // the command that does the same again
	Said      string // what became of an action
	May       bool   // the visitor may cancel it or run it again
	Events    string // address of its progress; "" where it has none
}

// fact is one line of what is known of a job: text, a link or an instant.
type fact struct {
	Key, Text, Href string
	At              *time.Time
}

// stepLine is a step as the page shows it.
type stepLine struct {
	queue.Step
	Took     string
	Progress string // how far a running step is
}

// logLine is a log line with its attributes as key=value.
type logLine struct {
	queue.LogLine
	Attrs []string
}

func (p runPage) Page() Page {
	return Page{Template: "run.html", Title: fmt.Sprintf("%s, job %d", words(p.Job.Kind), p.Job.ID), Section: "/runs"}
}

// logsPerPage is the most lines that queue.Logs gives at once.
const logsPerPage = 1000

func (s *site) run(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // anything else is from the start
	lines, err := s.logs(r.Context(), job, after)
	if err != nil {
		return err
	}
	page := newRunPage(job, lines, s.Now())
	page.Said = runSaid[r.URL.Query().Get("said")]
	page.May = s.Queue != nil
	var together string
	if page.Mates, together, err = s.runMates(r.Context(), job); err != nil {
		return err
	}
	page.Facts = append(page.Facts, known([]fact{{Key: "Cost of the run", Text: together}})...)
	if !job.Finished() && page.More == "" {
		page.Events = fmt.Sprintf("%s/events?after=%d", runPath(job.ID), lastLine(lines, after))
	}
	return s.render(w, r, http.StatusOK, page)
}

// job finds the job that the address names.
func (s *site) job(r *http.Request) (queue.Job, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return queue.Job{}, notFound("Jobs have whole numbers.")
	}
	job, err := queue.FindJob(r.Context(), s.Control, id)
	if err != nil {
		return job, noJob(id, err)
	}
	return shown(r.Context(), job), nil
}

// lastLine is the id of the last of lines, or of the one before them.
func lastLine(lines []queue.LogLine, before int64) int64 {
	if len(lines) == 0 {
		return max(before, 0)
	}
	return lines[len(lines)-1].ID
}

func newRunPage(job queue.Job, lines []queue.LogLine, now time.Time) runPage {
	p := runPage{
		Job:    job,
		Facts:  jobFacts(job, now),
		Flow:   flowOf(job),
		Result: indentedJSON(job.Result),
		Errors: job.Errors,
		Again:  againCommand(job.Kind, job.Args),
	}
	if n := len(job.Errors); n > 0 && job.State != "completed" {
		p.LastError = job.Errors[n-1].Error
	}
	for _, st := range job.Steps {
		p.Steps = append(p.Steps, newStepLine(st, now))
		p.Attempts = p.Attempts || st.Attempt != job.Steps[0].Attempt
	}
	p.Log = logLines(lines)
	if n := len(lines); n == logsPerPage {
		p.More = fmt.Sprintf("/runs/%d?after=%d#log", job.ID, lines[n-1].ID)
	}
	return p
}

// jobFacts lists what a developer wants to know first.
func jobFacts(j queue.Job, now time.Time) []fact {
	facts := []fact{
		{Key: "Job", Text: strconv.FormatInt(j.ID, 10)},
		{Key: "Run", Text: strconv.FormatInt(j.RunID, 10), Href: "/runs?run=" + strconv.FormatInt(j.RunID, 10)},
		{Key: "Kind", Text: j.Kind, Href: "/runs?kind=" + j.Kind},
		{Key: "Started by", Text: j.StartedBy},
		{Key: "Attempt", Text: fmt.Sprintf("%d of at most %d", j.Attempt, j.MaxAttempts)},
		{Key: "Queue", Text: j.Queue},
		{Key: "Created", At: &j.CreatedAt},
	}
	if j.State == "scheduled" || j.State == "retryable" {
		facts = append(facts, fact{Key: "Starts", At: &j.ScheduledAt})
	}
	facts = append(facts,
		fact{Key: "Started", At: j.StartedAt},
		fact{Key: "Finished", At: j.FinishedAt},
		fact{Key: "Took", Text: jobTook(j, now)},
		fact{Key: "Arguments", Text: compactJSON(j.Args)},
		fact{Key: "Cost", Text: j.Cost.Words(fileSize)},
		fact{Key: "Trace", Text: j.TraceID},
	)
	if j.SetAside != "" {
		facts = append(facts, fact{Key: "Set aside", Text: "its worker died, and it cannot be taken over: " + j.SetAside})
	}
	if j.SupersededBy != 0 {
		facts = append(facts, fact{Key: "Goes on as", Text: fmt.Sprintf("job %d", j.SupersededBy), Href: runPath(j.SupersededBy)})
	}
	return known(facts)
}

// known leaves out what is not known.
func known(facts []fact) []fact {
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Text == "" && f.At == nil })
}

func newStepLine(st queue.Step, now time.Time) stepLine {
	l := stepLine{Step: st}
	if st.FinishedAt != nil {
		l.Took = took(st.FinishedAt.Sub(st.StartedAt))
		return l
	}
	l.Took = took(now.Sub(st.StartedAt)) + " so far"
	switch {
	case st.Total > 0:
		l.Progress = fmt.Sprintf("%s of %s %s", count(st.Done), count(st.Total), st.Unit)
	case st.Done > 0:
		l.Progress = count(st.Done) + " " + st.Unit
	}
	return l
}

func logLines(lines []queue.LogLine) []logLine {
	var list []logLine
	for _, l := range lines {
		list = append(list, logLine{LogLine: l, Attrs: logAttrs(l.Attrs)})
	}
	return list
}

// logAttrs flattens the attributes of a log line: {"rows": 3} to rows=3, in order of name.
func logAttrs(raw json.RawMessage) []string {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return []string{string(raw)}
	}
	attrs := make([]string, 0, len(fields))
	for name, value := range fields {
		attrs = append(attrs, name+"="+attrText(value))
	}
	slices.Sort(attrs)
	return attrs
}

// compactJSON is raw on one line without the secrets of addresses, and nothing where it says nothing.
func compactJSON(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return string(raw)
	}
	if text := source.MaskSecrets(b.String()); text != "null" && text != "{}" {
		return text
	}
	return ""
}

// indentedJSON is raw on lines for people, and nothing where it says nothing.
func indentedJSON(raw json.RawMessage) string {
	text := compactJSON(raw)
	var b bytes.Buffer
	if text == "" || json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

// againCommand is the command that starts the same job, for a POSIX shell.
func againCommand(kind string, args json.RawMessage) string {
	command := "cpd-jobs run " + kind
	if text := compactJSON(args); text != "" {
		command += " --args '" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return command
}

// attrText is a JSON value as people read it: text without its quotes, anything else as JSON.
func attrText(value json.RawMessage) string {
	var text string
	if err := json.Unmarshal(value, &text); err == nil && string(value) != "null" {
		return text
	}
	return string(value)
}

func noJob(id int64, err error) error {
	if statusOf(err) == http.StatusNotFound {
		return notFound(fmt.Sprintf("There is no job %d. Jobs are kept for %d days.", id, retention.History/retention.Day))
	}
	return err
}

// flow is what went into a job and what came out.
type flow struct{ In, Out []fact }

// outcome is what jobs of the kinds that we have say of themselves. A field that a kind does not have stays empty.
type outcome struct {
	Version int64 `json:"version"`
	Changed *bool `json:"changed"`
	Summary struct {
		Report string               `json:"report"`
		AsOf   *time.Time           `json:"as_of"`
		Rows   *int64               `json:"rows"`
		Inputs []versions.InputUsed `json:"inputs"`
		Tables []struct{}           `json:"tables"`
		Files  []outFile            `json:"files"`
		inFile
		Establishments, Links *inFile
	} `json:"summary"`
}

// inFile is a file that was read.
type inFile struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size_bytes"`
	Read   int64  `json:"read"`
	Merged int64  `json:"merged"`
}

// outFile is a file that was made.
type outFile struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// flowOf reads a job's result. A result that says nothing of this has neither inputs nor outputs.
func flowOf(j queue.Job) flow {
	var o outcome
	var f flow
	if len(j.Result) == 0 || json.Unmarshal(j.Result, &o) != nil {
		return f
	}
	f.takeInputs(j, o)
	f.takeOutputs(j, o)
	return f
}

func (f *flow) takeInputs(j queue.Job, o outcome) {
	for _, in := range o.Summary.Inputs {
		f.In = append(f.In, fact{Key: inputTitle(string(in.Input)), Text: fmt.Sprintf("version %d as at %s, %s", in.Version, ukTime(in.AsAt), counted(in.Rows, "row"))})
	}
	files := []*inFile{&o.Summary.inFile, o.Summary.Establishments, o.Summary.Links}
	for _, file := range files {
		if file != nil && file.File != "" {
			f.In = append(f.In, fact{Key: "File " + file.File, Text: fmt.Sprintf("%s, %s, SHA-256 %s", fileSize(file.Size), counted(file.Read, "row"), file.SHA256)})
		}
	}
	if j.Kind == "cpd_sync" && o.Summary.AsOf != nil {
		f.In = append(f.In, fact{Key: inputTitle("cpd"), Text: "one snapshot, as at " + ukTime(*o.Summary.AsOf)})
	}
	if o.Summary.Report != "" && len(o.Summary.Files) > 0 {
		f.In = append(f.In, fact{Key: "Report", Text: fmt.Sprintf("%s, version %d", words(o.Summary.Report), o.Version), Href: reportPath(o.Summary.Report)})
	}
}

func (f *flow) takeOutputs(j queue.Job, o outcome) {
	if o.Changed != nil && !*o.Changed {
		f.Out = append(f.Out, fact{Key: "Nothing new", Text: "what there was stays as it is"})
	}
	source, isSync := strings.CutSuffix(j.Kind, "_sync")
	switch {
	case len(o.Summary.Files) > 0:
		for _, file := range o.Summary.Files {
			f.Out = append(f.Out, fact{Key: "File", Text: file.Name + ", " + fileSize(file.Size), Href: downloadPath(o.Summary.Report, file)})
		}
	case isSync && o.Version > 0:
		text := fmt.Sprintf("version %d of this source", o.Version)
		if rows := o.rowsOut(); rows > 0 {
			text += ", " + counted(rows, "row")
		}
		if n := len(o.Summary.Tables); n > 0 {
			text += " in " + counted(int64(n), "table")
		}
		f.Out = append(f.Out, fact{Key: inputTitle(source), Text: text})
	case o.Summary.Report != "" && o.Version > 0:
		f.Out = append(f.Out, fact{Key: "Report", Text: fmt.Sprintf("%s, version %d", words(o.Summary.Report), o.Version), Href: reportPath(o.Summary.Report)})
	}
}

// rowsOut is how many rows a sync left.
func (o outcome) rowsOut() int64 {
	rows := o.Summary.Merged
	if o.Summary.Rows != nil {
		rows = *o.Summary.Rows
	}
	for _, file := range []*inFile{o.Summary.Establishments, o.Summary.Links} {
		if file != nil {
			rows += file.Merged
		}
	}
	return rows
}

func downloadPath(report string, f outFile) string {
	if f.ID == 0 {
		return "" // a dry run made none
	}
	return fmt.Sprintf("%s/downloads/%d/%s", reportPath(report), f.ID, url.PathEscape(f.Name))
}

// runMates are the other jobs of a job's run, oldest first, and what all of them cost together; "" where that is the
// same as what the job cost.
func (s *site) runMates(ctx context.Context, j queue.Job) (mates []fact, together string, err error) {
	list, err := queue.ListJobs(ctx, s.Control, queue.JobFilter{RunID: j.RunID, All: true, Limit: runsPerPage})
	if err != nil || len(list) < 2 {
		return nil, "", err
	}
	var sum cost.Cost
	for i := len(list) - 1; i >= 0; i-- {
		mate := shown(ctx, list[i])
		if mate.Cost != nil && mate.TakenOverBy == 0 { // else its successor's has it
			sum = sum.Plus(*mate.Cost)
		}
		if mate.ID != j.ID {
			mates = append(mates, fact{Key: words(mate.Kind), Text: fmt.Sprintf("job %d", mate.ID), Href: runPath(mate.ID)})
		}
	}
	if sum != (cost.Cost{}) {
		together = sum.Words(fileSize)
	}
	return mates, together, nil
}

// runSaid is what a run's page says after an action, by ?said.
var runSaid = map[string]string{
	"begun":     "The job is in its queue.",
	"again":     "This is the job that does it again.",
	"cancelled": "The job was told to stop.",
}

func (s *site) cancelForm(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	page := confirmPage{
		Title: fmt.Sprintf("Cancel job %d", job.ID), Section: "/runs", Back: runPath(job.ID),
		Text:   []string{words(job.Kind) + ", started by " + job.StartedBy + "."},
		Method: "post", Action: runPath(job.ID) + "/cancel", Button: "Cancel the job", Risky: true,
		Warning: "It stops where it is. What it has published stays; nothing else is left behind.",
	}
	if job.Finished() {
		page.Text, page.Warning, page.Button = append(page.Text, "It has finished already."), "", ""
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) cancelRun(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	if _, err := s.cancel(r.Context(), job); err != nil {
		return err
	}
	return seeOther(w, r, runPath(job.ID), "cancelled")
}

func (s *site) retryForm(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	page := confirmPage{
		Title: fmt.Sprintf("Run job %d again", job.ID), Section: "/runs", Back: runPath(job.ID),
		Text:   []string{"A new job of the same run starts with the same arguments: " + againCommand(job.Kind, job.Args)},
		Method: "post", Action: runPath(job.ID) + "/retry", Button: "Run it again",
	}
	switch {
	case job.State == "running":
		page.Text, page.Button = []string{"It is running. Cancel it first."}, ""
	case !job.Finished():
		page.Text, page.Button = []string{"It waits for its next attempt, which then starts at once."}, "Start it now"
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) retryRun(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	ticket, err := s.retry(r.Context(), job)
	if err != nil {
		return err
	}
	return seeOther(w, r, runPath(ticket.ID), "again")
}

func runPath(id int64) string { return fmt.Sprintf("/runs/%d", id) }
