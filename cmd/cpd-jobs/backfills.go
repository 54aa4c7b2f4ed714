package main

import (
	"context"
	"fmt"
	"time"

	"cpd-jobs/queue"
)

type backfillsCommand struct {
	List   backfillsListCommand   `cmd:"" help:"List the backfills that have not ended."`
	Show   backfillsShowCommand   `cmd:"" help:"Show a backfill and how far it has come."`
	Pause  backfillsPauseCommand  `cmd:"" help:"Let no further job of a backfill begin."`
	Resume backfillsResumeCommand `cmd:"" help:"Let a backfill go on that was paused or set aside."`
	Cancel backfillsCancelCommand `cmd:"" help:"End a backfill, and cancel its jobs that have not ended."`
}

type backfillsListCommand struct {
	All  bool `help:"Those that have ended too, the last hundred."`
	JSON bool `name:"json" help:"Print JSON."`
}

func (c backfillsListCommand) Run(ctx context.Context, a *session) error {
	list, err := queue.Backfills(ctx, a.pool, c.All)
	if err != nil {
		return err
	}
	return a.printBackfills(c.JSON, list...)
}

func (a *session) printBackfills(asJSON bool, list ...queue.BackfillInfo) error {
	if asJSON {
		return printJSON(a.stdout, map[string]any{"backfills": list})
	}
	t := newTable("id", "schedule", "from", "to", "done to", "at once", "unfinished", "state", "by")
	for _, b := range list {
		state := b.State
		if b.Reason != "" {
			state += ": " + b.Reason
		}
		t.row(b.ID, b.Schedule, b.From, b.To, b.DoneTo, b.AtOnce, b.Unfinished, state, b.By)
	}
	return t.print(a.stdout)
}

// backfillArgs name one backfill.
type backfillArgs struct {
	ID   int64 `arg:"" help:"The backfill's number."`
	JSON bool  `name:"json" help:"Print JSON."`
}

type (
	backfillsShowCommand   struct{ backfillArgs }
	backfillsPauseCommand  struct{ backfillArgs }
	backfillsResumeCommand struct{ backfillArgs }
	backfillsCancelCommand struct{ backfillArgs }
)

func (c backfillsShowCommand) Run(ctx context.Context, a *session) error {
	b, err := queue.FindBackfill(ctx, a.pool, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return a.printBackfills(true, b)
	}
	for _, line := range [][2]any{
		{"backfill", b.ID}, {"schedule", b.Schedule}, {"state", b.State}, {"reason", b.Reason},
		{"ticks from", b.From.Format(time.RFC3339)}, {"ticks to", b.To.Format(time.RFC3339)}, {"done to", b.DoneTo.Format(time.RFC3339)},
		{"at once", b.AtOnce}, {"unfinished jobs", b.Unfinished}, {"shares overlap", b.SharesOverlap},
		{"started by", b.By}, {"started at", b.CreatedAt.Format(time.RFC3339)},
	} {
		if line[1] != "" {
			fmt.Fprintf(a.stdout, "%-16s %v\n", line[0], line[1])
		}
	}
	return nil
}

func (c backfillsPauseCommand) Run(ctx context.Context, a *session) error {
	return c.steer(ctx, a, (*queue.Client).PauseBackfill)
}

func (c backfillsResumeCommand) Run(ctx context.Context, a *session) error {
	return c.steer(ctx, a, (*queue.Client).ResumeBackfill)
}

func (c backfillsCancelCommand) Run(ctx context.Context, a *session) error {
	return c.steer(ctx, a, (*queue.Client).CancelBackfill)
}

func (c backfillArgs) steer(ctx context.Context, a *session, do func(*queue.Client, context.Context, int64) (queue.BackfillInfo, error)) error {
	b, err := do(a.client, ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return a.printBackfills(true, b)
	}
	_, err = fmt.Fprintf(a.stdout, "backfill %d of schedule %s is %s\n", b.ID, b.Schedule, b.State)
	return err
}
