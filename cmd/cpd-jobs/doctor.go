package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
)

type doctorCommand struct {
	JSON    bool `name:"json" help:"Print JSON."`
	Offline bool `help:"Leave out the sources: nothing is fetched from others."`
}

// Help is the long help.
func (doctorCommand) Help() string {
	return "Looks at settings, this machine, the database, the sources, schedules and reports, and says what is wrong and what to do about it. " +
		"It changes nothing, but where DATABASE_URL is not set it starts the embedded server to look into it. Exit status: 0 nothing is wrong (there may be warnings), 1 something is."
}

// How bad a finding is.
const (
	fine    = "ok"
	warning = "warning" // works, and somebody should know
	problem = "problem" // does not work, or soon will not
	skipped = "skipped" // cannot be told before something else is right
)

// finding is one thing that was looked at.
type finding struct {
	Area   string `json:"area"`  // settings, machine, database, sources, schedules, reports
	Check  string `json:"check"` // what was looked at
	State  string `json:"state"` // ok, warning, problem, skipped
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

// examination gathers findings.
type examination struct {
	*app
	list []finding
}

func (e *examination) note(area, check, state, remedy, found string, args ...any) {
	if state == fine {
		remedy = ""
	}
	e.list = append(e.list, finding{Area: area, Check: check, State: state, Found: fmt.Sprintf(found, args...), Remedy: remedy})
}

// failed notes an error, whose hint is the remedy.
func (e *examination) failed(area, check string, err error) {
	found, remedy := err.Error(), "see the message; cpd-jobs doctor again once it is mended"
	if f, ok := errors.AsType[*run.Failure](err); ok && f.Hint != "" {
		found, remedy = strings.TrimSuffix(found, "; "+f.Hint), f.Hint
	}
	e.list = append(e.list, finding{Area: area, Check: check, State: problem, Found: found, Remedy: remedy})
}

func (c doctorCommand) Run(ctx context.Context, a *app) error {
	a.quiet = true
	e := &examination{app: a}
	if e.settings() {
		e.machine()
		e.everythingElse(ctx, c.Offline)
	}
	if err := c.print(a, e.list); err != nil {
		return err
	}
	for _, f := range e.list {
		if f.State == problem {
			return &exitStatus{1}
		}
	}
	return nil
}

// everythingElse needs the database. What depends on the tables is left out where they are not those of this program.
func (e *examination) everythingElse(ctx context.Context, offline bool) {
	pool := e.reach(ctx)
	current := pool != nil && e.database(ctx, pool)
	if !offline {
		e.sources(ctx)
	}
	e.exportStore(ctx)
	e.schedulesFileHere()
	if !current {
		e.note("schedules", "state", skipped, "", "not looked at: the database is not as this program needs it")
		return
	}
	for _, look := range []func(context.Context, *pgxpool.Pool){e.workers, e.liveSchedules, e.silence, e.jobsOfTheLastDay, e.freshness, e.checks, e.latestFiles} {
		look(ctx, pool)
	}
}

func (c doctorCommand) print(a *app, list []finding) error {
	count := map[string]int{}
	for _, f := range list {
		count[f.State]++
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"findings": list, "problems": count[problem], "warnings": count[warning]})
	}
	for _, f := range list {
		if _, err := fmt.Fprintf(a.stdout, "%-8s %-10s %s: %s\n", f.State, f.Area, f.Check, strings.ReplaceAll(f.Found, "\n", "\n                    ")); err != nil {
			return err
		}
		if f.Remedy != "" {
			fmt.Fprintf(a.stdout, "         -> %s\n", f.Remedy)
		}
	}
	_, err := fmt.Fprintf(a.stdout, "%d problems, %d warnings\n", count[problem], count[warning])
	return err
}
