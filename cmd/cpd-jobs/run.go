package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

// jobFlags are what commands that make a job share.
type jobFlags struct {
	Kind string            `arg:"" help:"Kind of job; cpd-jobs jobs kinds lists them."`
	Arg  map[string]string `name:"arg" placeholder:"NAME=VALUE" mapsep:"none" help:"An argument of the job; may be repeated."`
	Args string            `name:"args" placeholder:"JSON" help:"All arguments as one JSON object."`
}

// request turns the words of the command line into a job. Values are read by the argument's type.
func (f jobFlags) request(kind run.Kind) (queue.Request, error) {
	args := map[string]json.RawMessage{}
	if f.Args != "" {
		if err := json.Unmarshal([]byte(f.Args), &args); err != nil {
			return queue.Request{}, run.Invalid(`such as --args '{"report": "school_onboarding"}'`, "--args is no JSON object: %w", err)
		}
	}
	for name, text := range f.Arg {
		param, err := kind.Param(name)
		if err != nil {
			return queue.Request{}, err
		}
		if args[name], err = param.Parse(localPath(name, text)); err != nil {
			return queue.Request{}, err
		}
	}
	raw, err := json.Marshal(args)
	return queue.Request{Kind: kind.Name, Args: raw, By: person()}, err
}

// localPath makes the path of a local file absolute: a worker works in a folder of its own.
func localPath(argument, text string) string {
	if argument != "source" && argument != "links" || text == "" || strings.Contains(text, "://") {
		return text
	}
	path, err := filepath.Abs(text)
	if err != nil {
		return text
	}
	return path
}

// request turns the words of the command line into a job of a kind that exists.
func (a *session) request(f jobFlags) (queue.Request, error) {
	kind, err := a.client.Kind(f.Kind)
	if err != nil {
		return queue.Request{}, err
	}
	return f.request(kind)
}

type enqueueCommand struct {
	jobFlags `embed:""`
	At       time.Time `placeholder:"T" help:"Start no earlier than this: RFC 3339, or a London day or time."`
	Priority int       `help:"1 (first) to 4 (last)." default:"1"`
	JSON     bool      `name:"json" help:"Print JSON."`
}

func (c enqueueCommand) Run(ctx context.Context, a *session) error {
	if c.Priority < 1 || c.Priority > 4 {
		return run.Invalid("1 runs first", "--priority is %d and must be 1 to 4", c.Priority)
	}
	request, err := a.request(c.jobFlags)
	if err != nil {
		return err
	}
	request.At, request.Priority = c.At, c.Priority
	ticket, err := a.client.Enqueue(a.traced(ctx), request)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, ticket)
	}
	_, err = fmt.Fprintln(a.stdout, ticket.ID)
	return err
}

type runCommand struct {
	jobFlags `embed:""`
	DryRun   bool `help:"Say what would change, and change nothing."`
	Local    bool `help:"Run it in this process, with no worker anywhere."`
	JSON     bool `name:"json" help:"Print the finished job as JSON."`
}

func (c runCommand) Run(ctx context.Context, a *session) error {
	request, err := a.request(c.jobFlags)
	if err != nil {
		return err
	}
	if c.Local {
		outcome, err := c.local(ctx, a, request)
		if err != nil {
			return err
		}
		return printJSON(a.stdout, outcome)
	}
	job, err := c.followed(ctx, a, request)
	if err != nil {
		return err
	}
	return a.finish(job, c.JSON)
}

// followed inserts the job, for a worker, and follows it to its end.
func (c runCommand) followed(ctx context.Context, a *session, request queue.Request) (queue.Job, error) {
	request.DryRun = c.DryRun
	ticket, err := a.client.Enqueue(a.traced(ctx), request)
	if err != nil {
		return queue.Job{}, err
	}
	fmt.Fprintf(a.stderr, "job %d (%s), run %d\n", ticket.ID, request.Kind, ticket.RunID)
	if workers, err := queue.Workers(ctx, a.pool); err == nil && len(workers) == 0 {
		fmt.Fprintln(a.stderr, "no worker is running: start one with cpd-jobs worker, or use --local")
	}
	return a.follow(ctx, ticket.ID)
}

// local works the job here, and shows what following it would. It reads what the person may read.
func (c runCommand) local(ctx context.Context, a *session, request queue.Request) (run.Outcome, error) {
	kind, err := queue.KindFinder(a.app.kinds(a.pool, a.files, nil))(request.Kind)
	if err != nil {
		return run.Outcome{}, err
	}
	args, err := kind.Check(request.Args)
	if err != nil {
		return run.Outcome{}, err
	}
	show := newProgress(a.stderr)
	r := &run.Local{
		Dry: c.DryRun, Now: clock.System, Logger: slog.New(show.handler(a.log.Handler())),
		OnStep: show.localStep,
	}
	ctx, cancel := context.WithTimeout(ctx, kind.Timeout)
	defer cancel()
	stop := show.watch(ctx)
	defer stop()
	return kind.Work(ctx, r, args)
}

// follow shows a job until it ends. The first interrupt detaches, which is no failure; a second one, while it says
// so, cancels the job.
func (a *session) follow(ctx context.Context, id int64) (queue.Job, error) {
	show := newProgress(a.stderr)
	job, err := queue.Follow(ctx, a.pool, id, show)
	show.end()
	if !errors.Is(err, context.Canceled) {
		return job, err
	}
	a.stopSignals() // from here the next interrupt is ours
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt)
	defer signal.Stop(again)
	fmt.Fprintf(a.stderr, "\ndetached: job %d goes on; come back with: cpd-jobs jobs logs %d --follow\npress Ctrl-C again within 3 seconds to cancel the job\n", id, id)
	select {
	case <-again:
	case <-time.After(3 * time.Second):
		return job, &exitStatus{0}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if _, err := a.client.Cancel(ctx, id); err != nil {
		return job, err
	}
	fmt.Fprintf(a.stderr, "job %d is cancelled\n", id)
	return queue.Follow(ctx, a.pool, id, newProgress(a.stderr))
}

// finish prints how a job ended and turns that into the exit status.
func (a *session) finish(job queue.Job, asJSON bool) error {
	if asJSON {
		if err := printJSON(a.stdout, map[string]any{"jobs": []queue.Job{job}}); err != nil {
			return err
		}
	} else if job.State == "completed" {
		fmt.Fprintf(a.stdout, "job %d done: %s\n", job.ID, job.Result)
	}
	return ended(job)
}

// ended is nil for a job that was completed, and else says why it was not.
func ended(job queue.Job) error {
	if job.State == "completed" {
		return nil
	}
	last := "it was " + job.State
	if n := len(job.Errors); n > 0 {
		last = job.Errors[n-1].Error
	}
	return &run.Failure{Class: run.Class(job.Failure), Err: fmt.Errorf("job %d (%s) %s: %s", job.ID, job.Kind, job.State, last),
		Hint: fmt.Sprintf("cpd-jobs jobs show %d says more", job.ID)}
}
