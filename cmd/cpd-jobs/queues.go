package main

import (
	"context"
	"fmt"
	"time"

	"cpd-jobs/queue"
)

type queuesCommand struct {
	List   queuesListCommand   `cmd:"" help:"List the queues that workers work."`
	Pause  queuesPauseCommand  `cmd:"" help:"Let no job of a queue begin for a while."`
	Resume queuesResumeCommand `cmd:"" help:"End a pause."`
}

type queuesListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c queuesListCommand) Run(ctx context.Context, a *session) error {
	list, err := a.client.QueueStates(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"queues": list})
	}
	t := newTable("name", "state")
	for _, q := range list {
		t.row(q.Name, queueText(q))
	}
	return t.print(a.stdout)
}

func queueText(q queue.QueueState) string {
	if !q.Paused {
		return "works"
	}
	text := "paused by " + q.PausedBy
	if q.PausedUntil != nil {
		text += " until " + q.PausedUntil.Format(time.RFC3339)
	}
	if q.PauseNote != "" {
		text += ": " + q.PauseNote
	}
	return text
}

type queuesPauseCommand struct {
	Name  string    `arg:"" help:"The queue."`
	Until time.Time `placeholder:"T" help:"Resume by itself then: RFC 3339, or a London day or time."`
	Note  string    `help:"Why."`
}

func (c queuesPauseCommand) Run(ctx context.Context, a *session) error {
	return a.audited(ctx, "pause queue", "queue "+c.Name, nil, func() error {
		if err := a.client.PauseQueue(ctx, c.Name, c.Until, person(), c.Note); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.stdout, "queue %s is paused; jobs that run go on\n", c.Name)
		return err
	})
}

type queuesResumeCommand struct {
	Name string `arg:"" help:"The queue."`
}

func (c queuesResumeCommand) Run(ctx context.Context, a *session) error {
	return a.audited(ctx, "resume queue", "queue "+c.Name, nil, func() error {
		if err := a.client.ResumeQueue(ctx, c.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.stdout, "queue %s works again\n", c.Name)
		return err
	})
}
