package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

type jobsCommand struct {
	List   jobsListCommand   `cmd:"" help:"List jobs, latest first."`
	Show   jobsShowCommand   `cmd:"" help:"Show all there is to know of a job."`
	Logs   jobsLogsCommand   `cmd:"" help:"Print a job's log lines."`
	Cancel jobsCancelCommand `cmd:"" help:"Cancel a job, and the query that it runs, or many jobs."`
	Retry  jobsRetryCommand  `cmd:"" help:"Run a finished job again, or a waiting one at once, or many jobs."`
	Kinds  jobsKindsCommand  `cmd:"" help:"List the kinds of job and their arguments."`
}

type jobsListCommand struct {
	Kind  string `help:"Only of this kind."`
	State string `help:"Only in this state: available, scheduled, retryable, running, completed, cancelled, discarded or quarantined." enum:",available,scheduled,retryable,running,completed,cancelled,discarded,quarantined" default:""`
	All   bool   `help:"Those too that were taken over or run again: each goes on as another job."`
	RunID int64  `name:"run" help:"Only of this run."`
	Limit int    `help:"At most this many." default:"50"`
	JSON  bool   `name:"json" help:"Print JSON."`
}

func (c jobsListCommand) Run(ctx context.Context, a *session) error {
	if c.Kind != "" {
		if _, err := a.client.Kind(c.Kind); err != nil {
			return err
		}
	}
	list, err := queue.ListJobs(ctx, a.pool, queue.JobFilter{Kind: c.Kind, State: c.State, RunID: c.RunID, All: c.All, Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"jobs": list})
	}
	t := newTable("id", "run", "kind", "state", "attempt", "created", "took", "started by")
	for _, j := range list {
		state := j.RunState
		if j.SetAside != "" {
			state = "set aside"
		}
		t.row(j.ID, j.RunID, j.Kind, state, j.Attempt, j.CreatedAt, tookText(j), j.StartedBy)
	}
	return t.print(a.stdout)
}

func tookText(j queue.Job) string {
	if j.StartedAt == nil || j.FinishedAt == nil {
		return ""
	}
	return j.FinishedAt.Sub(*j.StartedAt).Round(time.Millisecond).String()
}

type jobsShowCommand struct {
	ID   int64 `arg:"" help:"The job's id."`
	JSON bool  `name:"json" help:"Print JSON."`
}

func (c jobsShowCommand) Run(ctx context.Context, a *session) error {
	job, err := findJob(ctx, a.pool, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"jobs": []queue.Job{job}})
	}
	return showJob(a.stdout, job)
}

func findJob(ctx context.Context, db pg.Querier, id int64) (queue.Job, error) {
	job, err := queue.FindJob(ctx, db, id)
	if errors.Is(err, queue.ErrNoJob) {
		return job, run.Invalid("cpd-jobs jobs list shows the latest", "no job has the id %d", id)
	}
	return job, err
}

func showJob(w io.Writer, j queue.Job) error {
	t := newTable("job", j.ID)
	t.row("kind", j.Kind)
	t.row("state", j.RunState)
	t.row("run", j.RunID)
	t.row("attempt", fmt.Sprintf("%d of %d", j.Attempt, j.MaxAttempts))
	t.row("arguments", compact(j.Args))
	t.row("started by", j.StartedBy)
	t.row("created", j.CreatedAt)
	t.row("started", j.StartedAt)
	t.row("finished", j.FinishedAt)
	if j.Cost != nil {
		t.row("cost", j.Cost.Words(bytesText))
	}
	if j.SetAside != "" {
		t.row("set aside", "its worker died, and it cannot be taken over: "+j.SetAside)
	}
	if j.SupersededBy != 0 {
		t.row("goes on as", fmt.Sprintf("job %d", j.SupersededBy))
	}
	if j.TraceID != "" {
		t.row("trace", j.TraceID)
	}
	t.row("result", compact(j.Result))
	t.row("again", fmt.Sprintf("cpd-jobs run %s --args %s", j.Kind, clean.ShellWord(compact(j.Args))))
	if err := t.print(w); err != nil {
		return err
	}
	for _, s := range j.Steps {
		fmt.Fprintln(w, stepLine(fmt.Sprintf("%d. %s", s.Attempt, s.Name), s.State, s.Unit, s.Done, s.RowsOut, stepTook(s)))
	}
	for _, e := range j.Errors {
		fmt.Fprintf(w, "\nattempt %d failed at %s: %s\n%s", e.Attempt, cell(e.At), e.Error, e.Trace)
	}
	return nil
}

// bytesText has megabytes as storage is sold, and as the pages have them.
func bytesText(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

func stepTook(s queue.Step) time.Duration {
	if s.FinishedAt == nil {
		return s.UpdatedAt.Sub(s.StartedAt)
	}
	return s.FinishedAt.Sub(s.StartedAt)
}

func compact(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return string(out)
}

type jobsLogsCommand struct {
	ID     int64 `arg:"" help:"The job's id."`
	Follow bool  `help:"Go on until the job has finished."`
}

func (c jobsLogsCommand) Run(ctx context.Context, a *session) error {
	if _, err := findJob(ctx, a.pool, c.ID); err != nil {
		return err
	}
	if c.Follow {
		job, err := a.follow(ctx, c.ID)
		if err != nil {
			return err
		}
		return a.finish(job, false)
	}
	for after := int64(0); ; {
		lines, err := queue.Logs(ctx, a.pool, c.ID, after)
		if err != nil || len(lines) == 0 {
			return err
		}
		for _, l := range lines {
			fmt.Fprintf(a.stdout, "%s %-5s %s%s\n", l.At.UTC().Format(time.RFC3339), l.Level, l.Message, attrText(l.Attrs))
			after = l.ID
		}
	}
}

type jobsCancelCommand struct {
	ID int64 `arg:"" optional:"" help:"The job's id."`
	jobSelection
}

func (c jobsCancelCommand) Run(ctx context.Context, a *session) error {
	if c.ID == 0 {
		return a.cancelMany(ctx, c.jobSelection)
	}
	if err := c.alone(); err != nil {
		return err
	}
	job, err := findJob(ctx, a.pool, c.ID)
	if err != nil {
		return err
	}
	quarantined := job.RunState == "quarantined"
	if job.Finished() && !quarantined {
		return run.Blocked("", "job %d is %s already", job.ID, job.State)
	}
	if job, err = a.client.Cancel(ctx, c.ID); err != nil {
		return err
	}
	said := "is cancelled"
	switch {
	case quarantined:
		said = "is out of quarantine and stays " + job.State
	case !job.Finished():
		said = "is told to stop"
	}
	_, err = fmt.Fprintf(a.stdout, "job %d %s\n", job.ID, said)
	return err
}

type jobsRetryCommand struct {
	ID int64 `arg:"" optional:"" help:"The job's id."`
	jobSelection
}

func (c jobsRetryCommand) Run(ctx context.Context, a *session) error {
	if c.ID == 0 {
		return a.retryMany(ctx, c.jobSelection)
	}
	if err := c.alone(); err != nil {
		return err
	}
	if _, err := findJob(ctx, a.pool, c.ID); err != nil {
		return err
	}
	ticket, err := a.client.Retry(ctx, c.ID, person())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, ticket.ID)
	return err
}

type jobsKindsCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c jobsKindsCommand) Run(a *console) error {
	kinds := offlineKinds()
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"kinds": kinds})
	}
	for _, k := range kinds {
		fmt.Fprintf(a.stdout, "%s  (queue %s, %d attempts of %s)\n  %s\n", k.Name, k.Queue, k.MaxAttempts, k.Timeout, k.About)
		for _, p := range k.Policies() {
			fmt.Fprintf(a.stdout, "    fails as %s: %s\n", p.Class, policyText(p))
		}
		for _, p := range k.Params {
			fmt.Fprintf(a.stdout, "    --arg %s=  %s, default %v  %s\n", p.Name, p.Type, cell(p.Default), p.About)
		}
	}
	return nil
}

func policyText(p run.Policy) string {
	if p.Waits == "" {
		return p.Then
	}
	return fmt.Sprintf("%d attempts, %s apart; %s", p.Attempts, p.Waits, p.Then)
}
