package main

import (
	"context"
	"fmt"
	"time"

	"cpd-jobs/queue"
)

type schedulesBackfillCommand struct {
	Name         string    `arg:"" help:"The schedule."`
	From         time.Time `required:"" placeholder:"T" help:"First tick: RFC 3339, or a London day or time."`
	To           time.Time `required:"" placeholder:"T" help:"Last tick: RFC 3339, or a London day or time."`
	AtOnce       int       `default:"1" help:"How many jobs at once."`
	ShareOverlap bool      `help:"Count its jobs as the schedule's own: live ticks wait for them, or are skipped."`
	DryRun       bool      `help:"List the ticks that would run."`
	JSON         bool      `name:"json" help:"Print JSON."`
}

func (c schedulesBackfillCommand) Run(ctx context.Context, a *session) error {
	s, err := queue.FindSchedule(ctx, a.pool, c.Name)
	if err != nil {
		return err
	}
	ask := queue.Backfill{Schedule: s.Name, From: c.From, To: c.To, AtOnce: c.AtOnce, SharesOverlap: c.ShareOverlap, By: person()}
	plan, err := queue.PlanBackfill(ctx, a.pool, s.Schedule, ask)
	if err != nil {
		return err
	}
	if c.DryRun && c.JSON {
		return printJSON(a.stdout, map[string]any{"ticks": plan})
	}
	runs := 0
	for _, p := range plan {
		if p.Runs {
			runs++
		}
		if c.DryRun {
			fmt.Fprintf(a.stdout, "%s  %s\n", p.Tick.Format(time.RFC3339), map[bool]string{true: "would run", false: "has run"}[p.Runs])
		}
	}
	if c.DryRun {
		return nil
	}
	id, err := queue.StartBackfill(ctx, a.pool, s.Schedule, ask)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"backfill": id, "ticks": len(plan), "runs": runs})
	}
	_, err = fmt.Fprintf(a.stdout, "backfill %d: %d of %d ticks will run; cpd-jobs backfills show %d shows how far it is\n", id, runs, len(plan), id)
	return err
}
