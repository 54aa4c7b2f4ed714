package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/doctor"
	"cpd-jobs/internal/run"
	"cpd-jobs/migrations"
	queuehealth "cpd-jobs/queue/health"
	reporthealth "cpd-jobs/reports/health"
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

func (c doctorCommand) Run(ctx context.Context, k *console) error {
	k.hush()
	f := &doctor.Findings{}
	if f.Settings(k.settings, k.settingsErr) {
		if dir, err := k.dataDir(); err != nil {
			f.Failed("machine", "data directory", err)
		} else {
			f.Machine(version(), dir, k.exportFolder(dir), k.settings.Database == "")
			c.check(ctx, k, f)
		}
	}
	problems, warnings := f.Count(doctor.Problem), f.Count(doctor.Warning)
	if c.JSON {
		if err := printJSON(k.stdout, map[string]any{"findings": f.List, "problems": problems, "warnings": warnings}); err != nil {
			return err
		}
	} else {
		for _, one := range f.List {
			fmt.Fprintf(k.stdout, "%-8s %-10s %s: %s\n", one.State, one.Area, one.Check, strings.ReplaceAll(one.Found, "\n", "\n                    "))
			if one.Remedy != "" {
				fmt.Fprintf(k.stdout, "         -> %s\n", one.Remedy)
			}
		}
		if _, err := fmt.Fprintf(k.stdout, "%d problems, %d warnings\n", problems, warnings); err != nil {
			return err
		}
	}
	if problems > 0 {
		return &exitStatus{1}
	}
	return nil
}

// check looks at all that needs good settings. What depends on the tables is left out where they are not those of this
// program.
func (c doctorCommand) check(ctx context.Context, k *console, f *doctor.Findings) {
	checkSchedulesFile(f, k)
	began := clock.System()
	a, err := newApp(ctx, k)
	if err != nil {
		f.Failed("database", "connection", err)
		return
	}
	if !c.Offline {
		for _, s := range a.sources() {
			s.examine(ctx, f)
		}
	}
	files, err := a.store()
	if err != nil {
		f.Failed("reports", "store", err)
		return
	}
	reporthealth.CheckStore(ctx, f, files)
	pool, err := a.open(ctx, "cpd-jobs doctor", 2)
	if err != nil {
		f.Failed("database", "connection", err)
		return
	}
	f.Note("database", "connection", doctor.OK, "", "answered after %d ms", clock.System().Sub(began).Milliseconds())
	f.Server(ctx, pool, workerConnections, clock.System)
	pending, err := migrations.Pending(ctx, pool)
	switch {
	case err != nil:
		f.Failed("database", "migrations", run.Unreachable("run: cpd-jobs migrate up", "%w", err))
	case pending > 0:
		f.Note("database", "migrations", doctor.Problem, "run: cpd-jobs migrate up", "%d migrations are missing", pending)
	default:
		f.Note("database", "migrations", doctor.OK, "", "none is missing")
		f.Privileges(ctx, pool)
		f.Transactions(ctx, pool)
		queuehealth.Check(ctx, f, queuehealth.Options{DB: pool, Kinds: a.kinds(pool, files, nil), Version: version()})
		reporthealth.Check(ctx, f, pool, files, clock.System)
		return
	}
	f.Note("schedules", "state", doctor.Skipped, "", "not checked: the database is not as this program needs it")
}

// checkSchedulesFile checks the file that a worker started here would make live, and that heartbeats belong to its
// schedules.
func checkSchedulesFile(f *doctor.Findings, k *console) {
	file, warnings, err := k.schedules()
	if err != nil {
		f.Failed("schedules", "file", err)
		return
	}
	f.Note("schedules", "file", doctor.OK, "", "%s: %d schedules, %d warnings", file.name, len(file.Schedules), len(warnings))
	names := make([]string, len(file.Schedules))
	for i, s := range file.Schedules {
		names[i] = s.Name
	}
	if unknown := k.settings.HeartbeatsWithout(names); len(unknown) > 0 {
		slices.Sort(unknown)
		f.Note("settings", "heartbeats", doctor.Warning, "HEARTBEAT_URL_ is followed by the schedule's name in capitals; there are "+strings.Join(names, ", "),
			"%s belong to no schedule of %s", strings.Join(unknown, ", "), file.name)
	}
}
