package main

import (
	"context"
	"fmt"

	"cpd-jobs/queue"
)

type schedulesConfirmCommand struct{}

func (schedulesConfirmCommand) Run(ctx context.Context, a *session) error {
	confirmed, err := queue.Confirm(ctx, a.pool, person())
	if err != nil {
		return err
	}
	said := "nothing was held"
	if confirmed {
		said = "confirmed: schedules go on; ticks until now are recorded as skipped (restored)"
	}
	_, err = fmt.Fprintln(a.stdout, said)
	return err
}
