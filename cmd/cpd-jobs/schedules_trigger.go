package main

import (
	"context"
	"fmt"

	"cpd-jobs/queue"
)

type schedulesTriggerCommand struct {
	Name string `arg:"" help:"The schedule."`
}

func (c schedulesTriggerCommand) Run(ctx context.Context, a *session) error {
	s, err := queue.FindSchedule(ctx, a.pool, c.Name)
	if err != nil {
		return err
	}
	ticket, err := a.client.Trigger(ctx, s.Schedule, person())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, ticket.ID)
	return err
}
