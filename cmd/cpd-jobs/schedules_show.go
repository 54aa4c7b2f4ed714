package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/queue"
	"cpd-jobs/queue/health"
	"cpd-jobs/queue/schedule"
)

type schedulesListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c schedulesListCommand) Run(ctx context.Context, a *session) error {
	list, err := queue.Schedules(ctx, a.pool)
	if err != nil {
		return err
	}
	if hold, err := queue.Held(ctx, a.pool); err == nil && hold.Held {
		fmt.Fprintf(a.stderr, "this database is a restored copy: schedules are held; cpd-jobs schedules confirm lets them go on\n")
	}
	if c.JSON {
		for i, s := range list {
			list[i].Args = json.RawMessage(source.MaskSecrets(string(s.Args)))
		}
		return printJSON(a.stdout, map[string]any{"schedules": list})
	}
	if len(list) == 0 {
		fmt.Fprintln(a.stderr, "no schedule is live: a worker makes its file's schedules live when it starts")
	}
	t := newTable("name", "kind", "when", "next tick", "last tick", "state")
	for _, s := range list {
		state := health.State(s)
		if kind, err := a.client.Kind(s.Kind); err == nil && kind.Lacks(s.Args) != "" {
			state = "waits: " + kind.Lacks(s.Args)
		}
		t.row(s.Name, s.Kind, whenText(s.Schedule), s.NextTick, s.LastTick, state)
	}
	return t.print(a.stdout)
}

func whenText(s schedule.Schedule) string {
	if s.After != nil {
		return "after " + s.After.Kind + " (" + string(s.After.When) + ")"
	}
	return s.Cron + " " + s.Timezone
}

type schedulesNextCommand struct {
	Name  string    `arg:"" optional:"" help:"One schedule (all)."`
	Count int       `default:"5" help:"How many ticks of each."`
	From  time.Time `placeholder:"T" help:"After this moment: RFC 3339, or a London day or time (now)."`
	JSON  bool      `name:"json" help:"Print JSON."`
}

func (c schedulesNextCommand) Run(a *console) error {
	file, _, err := a.schedules()
	if err != nil {
		return err
	}
	from := c.From
	if from.IsZero() {
		from = clock.System()
	}
	chosen, err := pickSchedules(file.Schedules, c.Name)
	if err != nil {
		return err
	}
	ticks := []schedule.Coming{}
	for _, s := range chosen {
		list, err := schedule.Upcoming(s, file.Schedules, from, c.Count)
		if err != nil {
			return err
		}
		ticks = append(ticks, list...)
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"ticks": ticks})
	}
	t := newTable("schedule", "tick (UTC)", "local", "notes")
	for _, n := range ticks {
		t.row(n.Schedule, n.Tick, n.Local.Format(time.RFC3339), comingNotes(n))
	}
	return t.print(a.stdout)
}

func comingNotes(n schedule.Coming) string {
	var notes []string
	if n.Change != nil {
		notes = append(notes, n.Change.String())
	}
	if len(n.With) > 0 {
		notes = append(notes, "with "+strings.Join(n.With, ", "))
	}
	return strings.Join(notes, "; ")
}

func pickSchedules(list []schedule.Schedule, name string) ([]schedule.Schedule, error) {
	if name == "" {
		return list, nil
	}
	var names []string
	for _, s := range list {
		if s.Name == name {
			return []schedule.Schedule{s}, nil
		}
		names = append(names, s.Name)
	}
	hint := "there are " + strings.Join(names, ", ")
	if near := run.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, run.Invalid(hint, "no schedule in the file is called %q", name)
}

type schedulesHistoryCommand struct {
	Name  string `arg:"" help:"The schedule."`
	Count int    `default:"30" help:"How many ticks."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

func (c schedulesHistoryCommand) Run(ctx context.Context, a *session) error {
	s, err := queue.FindSchedule(ctx, a.pool, c.Name)
	if err != nil {
		return err
	}
	ticks, err := queue.Ticks(ctx, a.pool, s.Schedule, c.Count)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"ticks": ticks})
	}
	t := newTable("tick (UTC)", "local", "state", "reason", "run", "job", "came to")
	for _, k := range ticks {
		t.row(k.Tick, k.Local, k.State, orDash(k.Reason), orDash(k.RunID), orDash(k.JobID), orDash(k.JobState))
	}
	return t.print(a.stdout)
}

func orDash[T any](v *T) any {
	if v == nil {
		return "-"
	}
	return *v
}
