package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue/schedule"
)

type schedulesSimulateCommand struct {
	From    time.Time   `placeholder:"T" help:"RFC 3339, or a London day or time (now)."`
	To      time.Time   `placeholder:"T" help:"RFC 3339, or a London day or time (a year later)."`
	Outage  []string    `placeholder:"T/DURATION" help:"No worker runs from T on for DURATION; may be repeated."`
	Restart []time.Time `placeholder:"T" help:"All workers restart at T; may be repeated."`
	Ticks   bool        `help:"Print every tick."`
	JSON    bool        `name:"json" help:"Print JSON."`
}

func (c schedulesSimulateCommand) Run(a *console) error {
	file, _, err := a.schedules()
	if err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	events := []schedule.Event{}
	if c.Ticks {
		o.Event = func(e schedule.Event) { events = append(events, e) }
	}
	result, err := schedule.Simulate(file.Schedules, o)
	if err != nil {
		return run.Invalid("", "%w", err)
	}
	if c.JSON {
		out := map[string]any{"schedules": result.Schedules, "clashes": result.Clashes, "clock_changes": result.Notes}
		if c.Ticks {
			out["ticks"] = events
		}
		return printJSON(a.stdout, out)
	}
	return printSimulation(a, o, result, events)
}

func (c schedulesSimulateCommand) options() (schedule.SimulateOptions, error) {
	o := schedule.SimulateOptions{From: c.From, To: c.To, Restarts: c.Restart}
	if o.From.IsZero() {
		o.From = clock.System().Truncate(time.Minute)
	}
	if o.To.IsZero() {
		o.To = o.From.AddDate(1, 0, 0)
	}
	for _, text := range c.Outage {
		at, length, found := strings.Cut(text, "/")
		from, err := parseInstant(at)
		d, err2 := clock.ParseDuration(length)
		if !found || err != nil || err2 != nil {
			return o, run.Invalid("such as --outage 2026-12-01T05:00:00Z/3h", "--outage %q is no T/DURATION", text)
		}
		o.Outages = append(o.Outages, schedule.Interval{From: from, To: from.Add(d)})
	}
	return o, nil
}

func printSimulation(a *console, o schedule.SimulateOptions, result schedule.Simulation, events []schedule.Event) error {
	for _, e := range events {
		fmt.Fprintf(a.stdout, "%s  %-28s %s %s\n", e.Local.Format(time.RFC3339), e.Schedule, e.State, e.Reason)
	}
	fmt.Fprintf(a.stdout, "from %s to %s\n\n", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	t := newTable("schedule", "ticks", "enqueued", "of these made up", "skipped", "missed", "follows")
	for _, s := range result.Schedules {
		t.row(s.Schedule, s.Ticks, s.Enqueued, s.MadeUp, byReason(s.Skipped), byReason(s.Missed), s.Follows)
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}
	for _, n := range result.Notes {
		fmt.Fprintf(a.stdout, "\nclock change: %s at %s: %s", n.Schedule, n.Tick.Format(time.RFC3339), n.Change)
	}
	for _, c := range result.Clashes {
		fmt.Fprintf(a.stdout, "\nclash: %s tick together %d times, first at %s", strings.Join(c.Schedules, ", "), c.Count, c.First.Format(time.RFC3339))
	}
	_, err := fmt.Fprintln(a.stdout)
	return err
}

func byReason(counts map[schedule.Reason]int) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[reason], reason))
	}
	return strings.Join(parts, ", ")
}
