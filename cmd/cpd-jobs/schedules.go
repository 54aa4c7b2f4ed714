package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

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
		return nil, a.schedulesFile, run.Reject("give a file that exists and can be read", "read the schedules file: %w", err)
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

type schedulesListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c schedulesListCommand) Run(ctx context.Context, a *app) error {
	client, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	list, err := queue.Schedules(ctx, pool)
	if err != nil {
		return err
	}
	if hold, err := queue.Held(ctx, pool); err == nil && hold.Held {
		fmt.Fprintf(a.stderr, "this database is a restored copy: schedules are held; cpd-jobs schedules confirm lets them go on\n")
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"schedules": list})
	}
	if len(list) == 0 {
		fmt.Fprintln(a.stderr, "no schedule is live: a worker makes its file's schedules live when it starts")
	}
	t := newTable("name", "kind", "when", "next tick", "last tick", "state")
	for _, s := range list {
		state := stateText(s)
		if kind, err := client.Kind(s.Kind); err == nil && kind.Lacks(s.Args) != "" {
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

func stateText(s queue.ScheduleInfo) string {
	if !s.Paused {
		return strings.TrimSpace(s.LastState + " " + s.LastReason)
	}
	text := "paused by " + s.PausedBy
	if s.PausedUntil != nil {
		text += " until " + s.PausedUntil.Format(time.RFC3339)
	}
	if s.PauseNote != "" {
		text += ": " + s.PauseNote
	}
	return text
}

type schedulesNextCommand struct {
	Name  string    `arg:"" optional:"" help:"One schedule (all)."`
	Count int       `default:"5" help:"So many ticks of each."`
	From  time.Time `placeholder:"T" help:"After this moment, RFC 3339 (now)."`
	JSON  bool      `name:"json" help:"Print JSON."`
}

func (c schedulesNextCommand) Run(a *app) error {
	file, err := a.offlineSchedules()
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
	return nil, run.Reject(hint, "no schedule in the file is called %q", name)
}

type schedulesPauseCommand struct {
	Name  string    `arg:"" help:"The schedule."`
	Until time.Time `placeholder:"T" help:"Until this moment, RFC 3339 (until it is resumed)."`
	Note  string    `help:"Why."`
}

func (c schedulesPauseCommand) Run(ctx context.Context, a *app) error {
	_, pool, s, err := a.liveSchedule(ctx, c.Name)
	if err != nil {
		return err
	}
	if err := queue.Pause(ctx, pool, s.Name, c.Until, person(), c.Note); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s is paused; its ticks are skipped until: cpd-jobs schedules resume %s\n", s.Name, s.Name)
	return err
}

type schedulesResumeCommand struct {
	Name string `arg:"" help:"The schedule."`
}

func (c schedulesResumeCommand) Run(ctx context.Context, a *app) error {
	_, pool, s, err := a.liveSchedule(ctx, c.Name)
	if err != nil {
		return err
	}
	if err := queue.Resume(ctx, pool, s.Name); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s goes on with its next tick; those that it skipped: cpd-jobs schedules backfill %s --from T --to T\n", s.Name, s.Name)
	return err
}

type schedulesTriggerCommand struct {
	Name string `arg:"" help:"The schedule."`
}

func (c schedulesTriggerCommand) Run(ctx context.Context, a *app) error {
	client, _, s, err := a.liveSchedule(ctx, c.Name)
	if err != nil {
		return err
	}
	ticket, err := client.Trigger(ctx, s.Schedule, person())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, ticket.ID)
	return err
}

func (a *app) liveSchedule(ctx context.Context, name string) (*queue.Client, *pgxpool.Pool, queue.ScheduleInfo, error) {
	client, pool, err := a.client(ctx)
	if err != nil {
		return nil, nil, queue.ScheduleInfo{}, err
	}
	s, err := queue.FindSchedule(ctx, pool, name)
	return client, pool, s, err
}

type schedulesHistoryCommand struct {
	Name  string `arg:"" help:"The schedule."`
	Count int    `default:"30" help:"So many ticks."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

func (c schedulesHistoryCommand) Run(ctx context.Context, a *app) error {
	_, pool, s, err := a.liveSchedule(ctx, c.Name)
	if err != nil {
		return err
	}
	ticks, err := queue.Ticks(ctx, pool, s.Schedule, c.Count)
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

type schedulesBackfillCommand struct {
	Name   string    `arg:"" help:"The schedule."`
	From   time.Time `required:"" placeholder:"T" help:"First tick, RFC 3339."`
	To     time.Time `required:"" placeholder:"T" help:"Last tick, RFC 3339."`
	AtOnce int       `default:"1" help:"So many jobs at once."`
	DryRun bool      `help:"List the ticks that would run."`
	JSON   bool      `name:"json" help:"Print JSON."`
}

func (c schedulesBackfillCommand) Run(ctx context.Context, a *app) error {
	_, pool, s, err := a.liveSchedule(ctx, c.Name)
	if err != nil {
		return err
	}
	ask := queue.Backfill{Schedule: s.Name, From: c.From, To: c.To, AtOnce: c.AtOnce, By: person()}
	plan, err := queue.PlanBackfill(ctx, pool, s.Schedule, ask)
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
	id, err := queue.StartBackfill(ctx, pool, s.Schedule, ask)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"backfill": id, "ticks": len(plan), "runs": runs})
	}
	_, err = fmt.Fprintf(a.stdout, "backfill %d: %d of %d ticks will run; cpd-jobs schedules history %s shows how far it is\n", id, runs, len(plan), s.Name)
	return err
}

type schedulesConfirmCommand struct{}

func (schedulesConfirmCommand) Run(ctx context.Context, a *app) error {
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	confirmed, err := queue.Confirm(ctx, pool, person())
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
