package main

import (
	"cmp"
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

// schedulesFile is a file of schedules and where it is from.
type schedulesFile struct {
	schedule.File
	name string
	raw  []byte
}

// schedules reads the schedules file: the one that is named, else the built-in one. The file is good as far as it goes
// where the error is of the file's making.
func (k *console) schedules() (schedulesFile, []schedule.Problem, error) {
	f := schedulesFile{name: "the built-in schedules", raw: jobs.SchedulesYAML}
	if k.schedulesFile != "" {
		var err error
		f.name = k.schedulesFile
		if f.raw, err = os.ReadFile(f.name); err != nil {
			return f, nil, run.Invalid("give a file that exists and can be read", "read the schedules file: %w", err)
		}
	}
	file, warnings, err := schedule.Parse(f.raw, queue.KindFinder(offlineKinds()), clock.System())
	f.File = file
	if err != nil {
		err = fmt.Errorf("%s: %w", f.name, err)
	}
	return f, warnings, err
}

// offlineKinds are all kinds, to check arguments with and not to work: they need no database.
func offlineKinds() []run.Kind { return jobs.All(jobs.Deps{}) }

// applySchedules makes the file live unless a newer one is.
func (a *session) applySchedules(ctx context.Context, by string) error {
	file, warnings, err := a.schedules()
	if err != nil {
		return err
	}
	for _, w := range warnings {
		a.log.Warn("schedules file", "file", file.name, "line", w.Line, "schedule", w.Schedule, "warning", w.Text)
	}
	applied, err := queue.ApplySchedules(ctx, a.pool, file.File, file.raw, by)
	switch {
	case err != nil:
		return err
	case applied.Applied:
		a.log.Info("schedules applied", "file", file.name, "generation", applied.Generation, "schedules", len(file.Schedules))
	case applied.Reason != "":
		a.log.Warn("schedules not applied", "file", file.name, "generation", applied.Generation, "reason", applied.Reason)
	}
	return nil
}

type schedulesCheckCommand struct {
	File string `arg:"" optional:"" type:"path" help:"The file (that of --schedules, else the built-in one)."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c schedulesCheckCommand) Run(k *console) error {
	if c.File != "" {
		k.schedulesFile = c.File
	}
	file, warnings, err := k.schedules()
	if err != nil && file.raw == nil {
		return err
	}
	if c.JSON {
		printed := printJSON(k.stdout, map[string]any{
			"file": file.name, "schedules": file.Schedules, "problems": schedule.ProblemsOf(err), "warnings": warnings,
		})
		return cmp.Or(err, printed)
	}
	for _, w := range warnings {
		fmt.Fprintf(k.stdout, "warning: %s\n", w)
	}
	if err == nil {
		fmt.Fprintf(k.stdout, "%s: %d schedules, no mistake\n", file.name, len(file.Schedules))
	}
	return err
}
