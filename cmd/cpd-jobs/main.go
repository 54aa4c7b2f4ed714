// Command cpd-jobs schedules and runs the batch jobs of a school continuing-professional-development service, and
// serves their results.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	_ "time/tzdata" // two workers with different copies of the zone data would disagree about a tick

	"cpd-jobs/internal/access"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cpdJobs(ctx, stop, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the whole command line; each field is a file of its own.
type commands struct {
	SchedulesFile string `name:"schedules" placeholder:"FILE" env:"CPD_JOBS_SCHEDULES" help:"Schedules to use in place of the built-in ones."`

	Demo      demoCommand      `cmd:"" help:"Make a demo database, run every job once, and serve the pages."`
	Serve     serveCommand     `cmd:"" help:"Run jobs and serve the pages."`
	Worker    workerCommand    `cmd:"" help:"Run jobs."`
	Web       webCommand       `cmd:"" help:"Serve the pages."`
	Run       runCommand       `cmd:"" help:"Run one job and follow it."`
	Enqueue   enqueueCommand   `cmd:"" help:"Insert one job and print its id."`
	Jobs      jobsCommand      `cmd:"" help:"List, show, cancel and retry jobs."`
	Queues    queuesCommand    `cmd:"" help:"List, pause and resume the queues of jobs."`
	Backfills backfillsCommand `cmd:"" help:"List, pause, resume and cancel backfills of schedules."`
	Schedules schedulesCommand `cmd:"" help:"List, check, pause, backfill and simulate schedules."`
	Reports   reportsCommand   `cmd:"" help:"List and show reports."`
	Exports   exportsCommand   `cmd:"" help:"List and download exported files."`
	Sources   sourcesCommand   `cmd:"" help:"List and check where data come from."`
	Register  registerCommand  `cmd:"" help:"Look into the register of schools."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database up to date."`
	DB        dbCommand        `cmd:"" name:"db" help:"Find, dump and restore the databases."`
	Doctor    doctorCommand    `cmd:"" help:"Look for what is wrong, and say what to do about it."`
	Smoke     smokeCommand     `cmd:"" help:"Try a deployed instance from outside."`
	Audit     auditCommand     `cmd:"" help:"Look whether the audit is as it was written."`
	Sessions  sessionsCommand  `cmd:"" help:"List who is signed in, and sign people out."`
	Tokens    tokensCommand    `cmd:"" help:"Create, list and revoke tokens for the API."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// errUsage is returned by commands whose words are wrong beyond what the parser sees.
var errUsage = errors.New("wrong usage")

// cpdJobs runs one command and returns the program's exit status.
func cpdJobs(ctx context.Context, stop func(), args, environ []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("cpd-jobs"),
		kong.Description("Schedules and runs the batch jobs of a school CPD service.\n\nExit status: 0 done, 1 the job failed, was cancelled or was refused, 2 wrong usage, file or configuration, 3 the database or a source cannot be reached."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
		instants(),
		flagVars(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // the command line's own declaration is wrong
	}
	words, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "cpd-jobs: %s\nhint: cpd-jobs --help lists the commands, cpd-jobs COMMAND --help its flags\n", err)
		return 2
	}
	k := newConsole(environ, c.SchedulesFile, stdout, stderr)
	k.stopSignals = stop
	words.BindTo(ctx, (*context.Context)(nil))
	words.Bind(k)
	for _, provide := range []any{newApp, newSession} {
		if err := words.BindSingletonProvider(provide); err != nil {
			panic(err) // as above
		}
	}
	err = words.Run()
	if closeErr := k.close(); err == nil {
		err = closeErr
	}
	return k.explain(err)
}

// flagVars are what flags take from elsewhere: the roles, and the defaults of the housekeeping job.
func flagVars() kong.Vars {
	vars := kong.Vars{"roles": access.RoleNames()}
	for _, kind := range offlineKinds() {
		for _, p := range kind.Params {
			if kind.Name == "housekeeping" {
				vars["housekeeping_"+p.Name] = p.Default
			}
		}
	}
	return vars
}
