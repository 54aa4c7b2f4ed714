package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
)

// errNoQueue is what a program says that only shows.
var errNoQueue = run.Blocked("use the command line", "this service cannot start or stop jobs")

type jobsInput struct {
	Kind   string `query:"kind" maxLength:"100"`
	State  string `query:"state" enum:"available,scheduled,pending,retryable,running,completed,cancelled,discarded"`
	RunID  int64  `query:"run" minimum:"1"`
	Before int64  `query:"before" minimum:"1" doc:"Only ids below this one: the last of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

type jobsOutput struct {
	Body struct {
		Jobs []queue.Job `json:"jobs" doc:"Latest first"`
	}
}

// JobInput names a job.
type JobInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type jobOutput struct{ Body queue.Job }

type logsInput struct {
	JobInput
	After int64 `query:"after" minimum:"0" doc:"Only lines after this one"`
}

type logsOutput struct {
	Body struct {
		Lines []queue.LogLine `json:"lines" doc:"Oldest first, at most 1,000"`
	}
}

type enqueueInput struct {
	Body struct {
		Kind   string          `json:"kind" maxLength:"100" example:"cpd_sync"`
		Args   json.RawMessage `json:"args,omitempty" doc:"An object; without it all arguments have their defaults"`
		At     *time.Time      `json:"at,omitempty" doc:"Not before this moment"`
		DryRun bool            `json:"dry_run,omitempty" doc:"Do all but publish"`
	}
}

func (a *API) jobs() {
	tags := []string{"Jobs"}
	conflict := []int{http.StatusConflict}
	add(a, developer, huma.Operation{Method: http.MethodGet, Path: "/jobs", OperationID: "list-jobs", Tags: tags,
		Summary: "List jobs", Description: "Jobs with their steps, latest first."}, a.listJobs)
	add(a, developer, huma.Operation{Method: http.MethodGet, Path: "/jobs/{id}", OperationID: "show-job", Tags: tags,
		Summary: "Show a job", Description: "One job with its steps, errors and result."}, a.showJob)
	add(a, developer, huma.Operation{Method: http.MethodGet, Path: "/jobs/{id}/logs", OperationID: "list-logs", Tags: tags,
		Summary: "Read a job's log", Description: "Lines that a job wrote."}, a.listLogs)
	add(a, developer, huma.Operation{Method: http.MethodPost, Path: "/jobs", OperationID: "enqueue-job", Tags: tags, DefaultStatus: http.StatusCreated, Errors: conflict,
		Summary: "Start a job", Description: "Puts a job into its queue."}, a.enqueueJob)
	add(a, developer, huma.Operation{Method: http.MethodPost, Path: "/jobs/{id}/cancel", OperationID: "cancel-job", Tags: tags, Errors: conflict,
		Summary: "Cancel a job", Description: "Stops a job: at once where it waits, soon where it runs."}, a.cancelJob)
	add(a, developer, huma.Operation{Method: http.MethodPost, Path: "/jobs/{id}/retry", OperationID: "retry-job", Tags: tags, DefaultStatus: http.StatusCreated, Errors: conflict,
		Summary: "Run a job again", Description: "Starts a finished job again as a new one of the same run, and a waiting one at once."}, a.retryJob)
}

func (a *API) listJobs(ctx context.Context, in *jobsInput) (*jobsOutput, error) {
	out := &jobsOutput{}
	var err error
	out.Body.Jobs, err = queue.ListJobs(ctx, a.DB, queue.JobFilter{Kind: plainText(in.Kind), State: in.State, RunID: in.RunID, Before: in.Before, Limit: in.Limit})
	return out, err
}

func (a *API) showJob(ctx context.Context, in *JobInput) (*jobOutput, error) {
	job, err := queue.FindJob(ctx, a.DB, in.ID)
	return &jobOutput{Body: job}, err
}

func (a *API) listLogs(ctx context.Context, in *logsInput) (*logsOutput, error) {
	if _, err := queue.FindJob(ctx, a.DB, in.ID); err != nil {
		return nil, err
	}
	out := &logsOutput{}
	var err error
	out.Body.Lines, err = queue.Logs(ctx, a.DB, in.ID, in.After)
	return out, err
}

func (a *API) enqueueJob(ctx context.Context, in *enqueueInput) (*jobOutput, error) {
	if a.Queue == nil {
		return nil, errNoQueue
	}
	request := queue.Request{Kind: in.Body.Kind, Args: in.Body.Args, By: a.By(ctx), DryRun: in.Body.DryRun}
	if in.Body.At != nil {
		request.At = *in.Body.At
	}
	if err := a.mayOrder(ctx, request.Kind, request.Args); err != nil {
		return nil, err
	}
	return a.insert(ctx, "enqueue", "kind "+request.Kind, request)
}

// exportKind is the kind of job that makes files.
const exportKind = "report_export"

// mayOrder refuses files of personal data to those who may not have them: how many rows a file has tells something too.
func (a *API) mayOrder(ctx context.Context, kind string, args json.RawMessage) error {
	var ordered struct {
		Report string `json:"report"`
	}
	if kind != exportKind || json.Unmarshal(args, &ordered) != nil {
		return nil // what is not right is told when the arguments are checked
	}
	if def, err := reports.Find(ordered.Report); err != nil || !def.Restricted() || a.Personal(ctx) {
		return nil
	}
	return denied("You need the role analyst-personal to have files of this report made.")
}

// enqueue inserts one job and gives it back.
func (a *API) enqueue(ctx context.Context, action, target, kind string, args json.RawMessage) (*jobOutput, error) {
	if a.Queue == nil {
		return nil, errNoQueue
	}
	return a.insert(ctx, action, target, queue.Request{Kind: kind, Args: args, By: a.By(ctx)})
}

func (a *API) insert(ctx context.Context, action, target string, request queue.Request) (*jobOutput, error) {
	kind, err := a.Queue.Kind(request.Kind)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(request.Args, []byte(`\u0000`)) { // also one that is escaped once more, which nobody needs
		return nil, run.Invalid("", "the arguments have a character that PostgreSQL does not take, of code 0")
	}
	if _, err := kind.Check(request.Args); err != nil { // before the audit, which may not take what is no JSON
		return nil, err
	}
	var detail any
	if len(request.Args) > 0 {
		detail = request.Args
	}
	var ticket queue.Ticket
	err = a.Audited(ctx, action, target, detail, func(ctx context.Context) (err error) {
		ticket, err = a.Queue.Enqueue(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.showJob(ctx, &JobInput{ID: ticket.ID})
}

func (a *API) cancelJob(ctx context.Context, in *JobInput) (*jobOutput, error) {
	job, err := queue.FindJob(ctx, a.DB, in.ID)
	switch {
	case err != nil:
		return nil, err
	case a.Queue == nil:
		return nil, errNoQueue
	}
	err = a.Audited(ctx, "cancel", fmt.Sprintf("job %d", in.ID), nil, func(ctx context.Context) (err error) {
		if job.Finished() {
			return run.Blocked("", "job %d has finished already", job.ID)
		}
		job, err = a.Queue.Cancel(ctx, in.ID)
		return err
	})
	return &jobOutput{Body: job}, err
}

func (a *API) retryJob(ctx context.Context, in *JobInput) (*jobOutput, error) {
	if _, err := queue.FindJob(ctx, a.DB, in.ID); err != nil {
		return nil, err
	}
	if a.Queue == nil {
		return nil, errNoQueue
	}
	var ticket queue.Ticket
	err := a.Audited(ctx, "retry", fmt.Sprintf("job %d", in.ID), nil, func(ctx context.Context) (err error) {
		ticket, err = a.Queue.Retry(ctx, in.ID, a.By(ctx))
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.showJob(ctx, &JobInput{ID: ticket.ID})
}

// Run is a chain of jobs, with every takeover of each.
type Run struct {
	RunID      int64      `json:"run_id"`
	FirstJob   int64      `json:"first_job"`
	Jobs       int64      `json:"jobs" doc:"How many jobs it has"`
	CreatedAt  time.Time  `json:"created_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at" doc:"Null while one of its jobs is unfinished"`
	StartedBy  *string    `json:"started_by"`
}

type runsInput struct {
	Before int64 `query:"before" minimum:"1" doc:"Only runs below this number"`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many numbers of runs are looked at; some may have no jobs left"`
}

type runsOutput struct {
	Body struct {
		Runs []Run  `json:"runs" doc:"Latest first"`
		Next *int64 `json:"next" doc:"Give it as before for earlier ones; null after the first"`
	}
}

type runInput struct {
	RunID int64 `path:"run" minimum:"1"`
}

func (a *API) runs() {
	tags := []string{"Jobs"}
	add(a, developer, huma.Operation{Method: http.MethodGet, Path: "/runs", OperationID: "list-runs", Tags: tags,
		Summary: "List runs", Description: "A run spans a chain of jobs and every takeover of each."}, a.listRuns)
	add(a, developer, huma.Operation{Method: http.MethodGet, Path: "/runs/{run}", OperationID: "show-run", Tags: tags,
		Summary: "Show a run", Description: "The jobs of a run, latest first."}, a.showRun)
}

// listRuns looks at a stretch of numbers: they are given in order, and counting up every job that ever ran would take long.
func (a *API) listRuns(ctx context.Context, in *runsInput) (*runsOutput, error) {
	before := in.Before
	if before == 0 {
		if err := a.DB.QueryRow(ctx, "SELECT last_value + 1 FROM queue.run_ids").Scan(&before); err != nil {
			return nil, fmt.Errorf("read the latest run: %w", err)
		}
	}
	from := max(before-int64(in.Limit), 1)
	found, _ := a.DB.Query(ctx, `
		SELECT run_id, first_job, jobs, created_at, started_at, finished_at, started_by FROM queue.runs
		WHERE run_id >= $1 AND run_id < $2 ORDER BY run_id DESC`, from, before)
	out := &runsOutput{}
	var err error
	if out.Body.Runs, err = pgx.CollectRows(found, pgx.RowToStructByName[Run]); err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	if from > 1 {
		out.Body.Next = &from
	}
	return out, nil
}

func (a *API) showRun(ctx context.Context, in *runInput) (*jobsOutput, error) {
	out, err := a.listJobs(ctx, &jobsInput{RunID: in.RunID, Limit: 1000})
	if err == nil && len(out.Body.Jobs) == 0 {
		return nil, missing("There is no such run, or its jobs are kept no longer.")
	}
	return out, err
}
