package main

import (
	"context"
	"fmt"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

// jobSelection names many jobs instead of one.
type jobSelection struct {
	State    string    `help:"All in this state." enum:",available,scheduled,retryable,running,cancelled,discarded,quarantined" default:""`
	Kind     string    `help:"All of this kind."`
	Schedule string    `help:"All of this schedule."`
	Since    time.Time `placeholder:"T" help:"All that were created since: RFC 3339, or a London day or time."`
	DryRun   bool      `help:"List the jobs, and do nothing."`
	JSON     bool      `name:"json" help:"Print JSON."`
}

func (s jobSelection) selection() queue.JobSelection {
	return queue.JobSelection{State: s.State, Kind: s.Kind, Schedule: s.Schedule, Since: s.Since}
}

// alone refuses a selection beside an id.
func (s jobSelection) alone() error {
	if !s.selection().Empty() || s.DryRun {
		return run.Invalid("give one or the other", "an id and a selection of jobs are given")
	}
	return nil
}

func (a *session) cancelMany(ctx context.Context, s jobSelection) error {
	ids, err := queue.Cancellable(ctx, a.pool, s.selection())
	if err != nil {
		return err
	}
	if s.DryRun {
		return a.printMany(s, map[string]any{"jobs": ids}, "%d jobs would be cancelled: %v\n", len(ids), ids)
	}
	return a.audited(ctx, "cancel jobs", "many jobs", s.selection(), func() error {
		done, ticks, err := a.client.CancelJobs(ctx, s.selection())
		if printErr := a.printMany(s, map[string]any{"jobs": done, "waiting_ticks": ticks},
			"%d jobs and %d waiting ticks are cancelled, or told to stop\n", len(done), ticks); err == nil {
			err = printErr
		}
		return err
	})
}

func (a *session) retryMany(ctx context.Context, s jobSelection) error {
	ids, err := queue.Retryable(ctx, a.pool, s.selection())
	if err != nil {
		return err
	}
	if s.DryRun {
		return a.printMany(s, map[string]any{"jobs": ids}, "%d jobs would run again: %v\n", len(ids), ids)
	}
	return a.audited(ctx, "retry jobs", "many jobs", s.selection(), func() error {
		begun, err := a.client.RetryJobs(ctx, s.selection(), person())
		if printErr := a.printMany(s, map[string]any{"jobs": begun}, "%d jobs run again\n", len(begun)); err == nil {
			err = printErr
		}
		return err
	})
}

func (a *session) printMany(s jobSelection, document map[string]any, format string, args ...any) error {
	if s.JSON {
		return printJSON(a.stdout, document)
	}
	_, err := fmt.Fprintf(a.stdout, format, args...)
	return err
}
