package main

import (
	"context"
	"fmt"
	"os"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

type schedulesCommand struct {
	List     schedulesListCommand     `cmd:"" help:"List the live schedules."`
	Check    schedulesCheckCommand    `cmd:"" help:"Report every mistake in a schedules file."`
	Next     schedulesNextCommand     `cmd:"" help:"Show the next ticks of the schedules in the file."`
	Pause    schedulesPauseCommand    `cmd:"" help:"Skip a schedule's ticks for a while."`
	Resume   schedulesResumeCommand   `cmd:"" help:"End a pause."`
	Trigger  schedulesTriggerCommand  `cmd:"" help:"Run a schedule's job now."`
	History  schedulesHistoryCommand  `cmd:"" help:"Show a schedule's ticks and what became of them."`
	Backfill schedulesBackfillCommand `cmd:"" help:"Run past ticks that did not run."`
	Simulate schedulesSimulateCommand `cmd:"" help:"Try a stretch of time on a clock of its own."`
	Confirm  schedulesConfirmCommand  `cmd:"" help:"Say that this restored copy is the database to go on with."`
}

// schedulesText is the schedules file: the one that is named, else the built-in one.
func (a *app) schedulesText() (raw []byte, name string, err error) {
	if a.schedulesFile == "" {
		return jobs.SchedulesYAML, "the built-in schedules", nil
	}
	raw, err = os.ReadFile(a.schedulesFile)
	if err != nil {
		return nil, a.schedulesFile, run.Invalid("give a file that exists and can be read", "read the schedules file: %w", err)
	}
	return raw, a.schedulesFile, nil
}

// applySchedules makes the file live unless a newer one is.
func (a *app) applySchedules(ctx context.Context, by string) error {
	raw, name, err := a.schedulesText()
	if err != nil {
		return err
	}
	file, warnings, err := schedule.Parse(raw, queue.KindFinder(offlineKinds()), clock.System())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		a.log().Warn("schedules file", "file", name, "line", w.Line, "schedule", w.Schedule, "warning", w.Text)
	}
	applied, err := queue.ApplySchedules(ctx, pool, file, raw, by)
	switch {
	case err != nil:
		return err
	case applied.Applied:
		a.log().Info("schedules applied", "file", name, "generation", applied.Generation, "schedules", len(file.Schedules))
	case applied.Reason != "":
		a.log().Warn("schedules not applied", "file", name, "generation", applied.Generation, "reason", applied.Reason)
	}
	return nil
}

type schedulesCheckCommand struct {
	File string `arg:"" optional:"" type:"path" help:"The file (that of --schedules, else the built-in one)."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c schedulesCheckCommand) Run(a *app) error {
	if c.File != "" {
		a.schedulesFile = c.File
	}
	raw, name, err := a.schedulesText()
	if err != nil {
		return err
	}
	file, warnings, err := schedule.Parse(raw, queue.KindFinder(offlineKinds()), clock.System())
	if c.JSON {
		if err := printJSON(a.stdout, map[string]any{
			"file": name, "schedules": file.Schedules, "problems": schedule.ProblemsOf(err), "warnings": warnings,
		}); err != nil {
			return err
		}
	} else {
		for _, w := range warnings {
			fmt.Fprintf(a.stdout, "warning: %s\n", w)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !c.JSON {
		fmt.Fprintf(a.stdout, "%s: %d schedules, no mistake\n", name, len(file.Schedules))
	}
	return nil
}
