package main

import (
	"context"
	"fmt"
	"time"

	"cpd-jobs/queue"
)

type schedulesPauseCommand struct {
	Name  string    `arg:"" help:"The schedule."`
	Until time.Time `placeholder:"T" help:"Until this moment: RFC 3339, or a London day or time (until it is resumed)."`
	Note  string    `help:"Why."`
}

func (c schedulesPauseCommand) Run(ctx context.Context, a *session) error {
	s, err := queue.FindSchedule(ctx, a.pool, c.Name)
	if err != nil {
		return err
	}
	if err := queue.Pause(ctx, a.pool, s.Name, c.Until, person(), c.Note); err != nil {
		return err
	}
	until := ""
	if !c.Until.IsZero() {
		until = c.Until.Format(time.RFC3339) + ", or "
	}
	_, err = fmt.Fprintf(a.stdout, "%s is paused; its ticks are skipped until %scpd-jobs schedules resume %s\n", s.Name, until, s.Name)
	return err
}

type schedulesResumeCommand struct {
	Name string `arg:"" help:"The schedule."`
}

func (c schedulesResumeCommand) Run(ctx context.Context, a *session) error {
	s, err := queue.FindSchedule(ctx, a.pool, c.Name)
	if err != nil {
		return err
	}
	if err := queue.Resume(ctx, a.pool, s.Name); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s goes on with its next tick; those that it skipped: cpd-jobs schedules backfill %s --from T --to T\n", s.Name, s.Name)
	return err
}
