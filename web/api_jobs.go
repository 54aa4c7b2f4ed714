package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cpd-jobs/internal/access"
	"cpd-jobs/queue"
)

type jobsInput struct {
	Kind   string `query:"kind" maxLength:"100"`
	State  string `query:"state" enum:"available,scheduled,pending,retryable,running,completed,cancelled,discarded,quarantined"`
	All    bool   `query:"all" doc:"Those too that others have gone on for, because their worker died or they were run again"`
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

func (a *api) addJobs() {
	tags := []string{"Jobs"}
	conflict := []int{http.StatusConflict}
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/jobs", OperationID: "list-jobs", Tags: tags,
		Summary: "List jobs", Description: "Jobs with their steps, latest first."}, a.listJobs)
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/jobs/{id}", OperationID: "show-job", Tags: tags,
		Summary: "Show a job", Description: "One job with its steps, errors and result. An id lives as long as its run: where the job was taken over or run again, the answer is what became of that."}, a.showJob)
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/jobs/{id}/logs", OperationID: "list-logs", Tags: tags,
		Summary: "Read a job's log", Description: "Lines that a job wrote."}, a.listLogs)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/jobs", OperationID: "enqueue-job", Tags: tags, DefaultStatus: http.StatusCreated, Errors: conflict,
		Summary: "Start a job", Description: "Puts a job into its queue."}, a.enqueueJob)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/jobs/{id}/cancel", OperationID: "cancel-job", Tags: tags, Errors: conflict,
		Summary: "Cancel a job", Description: "Stops a job: at once where it waits, soon where it runs."}, a.cancelJob)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/jobs/{id}/retry", OperationID: "retry-job", Tags: tags, DefaultStatus: http.StatusCreated, Errors: conflict,
		Summary: "Run a job again", Description: "Starts a finished job again as a new one of the same run, and a waiting one at once."}, a.retryJob)
}

func (a *api) listJobs(ctx context.Context, in *jobsInput) (*jobsOutput, error) {
	out := &jobsOutput{}
	var err error
	out.Body.Jobs, err = queue.ListJobs(ctx, a.Control, queue.JobFilter{Kind: plainText(in.Kind), State: in.State, RunID: in.RunID, All: in.All, Before: in.Before, Limit: in.Limit})
	for i, job := range out.Body.Jobs {
		out.Body.Jobs[i] = shown(ctx, job)
	}
	return out, err
}

func (a *api) showJob(ctx context.Context, in *JobInput) (*jobOutput, error) {
	job, err := queue.FindJob(ctx, a.Control, in.ID)
	return &jobOutput{Body: shown(ctx, job)}, err
}

func (a *api) listLogs(ctx context.Context, in *logsInput) (*logsOutput, error) {
	job, err := queue.FindJob(ctx, a.Control, in.ID)
	if err != nil {
		return nil, err
	}
	if !maySee(ctx, job.Args) {
		return nil, forbidden("You need the role " + string(access.Personal) + " to see what this job said.")
	}
	out := &logsOutput{}
	out.Body.Lines, err = queue.Logs(ctx, a.Control, in.ID, in.After)
	return out, err
}

func (a *api) enqueueJob(ctx context.Context, in *enqueueInput) (*jobOutput, error) {
	request := queue.Request{Kind: in.Body.Kind, Args: in.Body.Args, DryRun: in.Body.DryRun}
	if in.Body.At != nil {
		request.At = *in.Body.At
	}
	ticket, err := a.enqueue(ctx, "enqueue", "kind "+request.Kind, request)
	return a.started(ctx, ticket, err)
}

// started answers with the job that was started, if err is nil.
func (a *api) started(ctx context.Context, ticket queue.Ticket, err error) (*jobOutput, error) {
	if err != nil {
		return nil, err
	}
	return a.showJob(ctx, &JobInput{ID: ticket.ID})
}

func (a *api) cancelJob(ctx context.Context, in *JobInput) (*jobOutput, error) {
	job, err := queue.FindJob(ctx, a.Control, in.ID)
	if err == nil {
		job, err = a.cancel(ctx, job)
	}
	return &jobOutput{Body: shown(ctx, job)}, err
}

func (a *api) retryJob(ctx context.Context, in *JobInput) (*jobOutput, error) {
	job, err := queue.FindJob(ctx, a.Control, in.ID)
	if err != nil {
		return nil, err
	}
	ticket, err := a.retry(ctx, job)
	return a.started(ctx, ticket, err)
}

type runsInput struct {
	Before int64 `query:"before" minimum:"1" doc:"Only runs below this number"`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many numbers of runs are looked at; some may have no jobs left"`
}

type runsOutput struct {
	Body struct {
		Runs []queue.Run `json:"runs" doc:"Latest first"`
		Next *int64      `json:"next" doc:"Give it as before for earlier ones; null after the first"`
	}
}

type runInput struct {
	RunID int64 `path:"run" minimum:"1"`
}

func (a *api) addRuns() {
	tags := []string{"Jobs"}
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/runs", OperationID: "list-runs", Tags: tags,
		Summary: "List runs", Description: "A run spans a chain of jobs and every takeover of each."}, a.listRuns)
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/runs/{run}", OperationID: "show-run", Tags: tags,
		Summary: "Show a run", Description: "The jobs of a run, latest first."}, a.showRun)
}

func (a *api) listRuns(ctx context.Context, in *runsInput) (*runsOutput, error) {
	out := &runsOutput{}
	var err error
	out.Body.Runs, out.Body.Next, err = queue.Runs(ctx, a.Control, in.Before, in.Limit)
	return out, err
}

func (a *api) showRun(ctx context.Context, in *runInput) (*jobsOutput, error) {
	out, err := a.listJobs(ctx, &jobsInput{RunID: in.RunID, Limit: 1000})
	if err == nil && len(out.Body.Jobs) == 0 {
		return nil, notFound("There is no such run, or its jobs are kept no longer.")
	}
	return out, err
}
