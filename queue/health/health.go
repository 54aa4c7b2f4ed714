// Package health checks workers, schedules and jobs for `cpd-jobs doctor`. What it finds is for package doctor to show.
package health

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/doctor"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

// Options say what is checked. DB and Kinds are required.
type Options struct {
	DB *pgxpool.Pool
	// Kinds are those of this program.
	Kinds []run.Kind
	// Version is this program's; workers of another are pointed out.
	Version string
}

// lateTick is how late a tick may be accounted for.
const lateTick = time.Minute

// Check adds what it finds to f. Checks that fail are findings; the others go on.
func Check(ctx context.Context, f *doctor.Findings, o Options) {
	hold, err := queue.Held(ctx, o.DB)
	if err != nil {
		f.Failed("database", "identity", err)
	}
	f.NoteIf(hold.Held, "database", "identity", "make sure that the database it was copied from runs no more, then: cpd-jobs schedules confirm",
		"this is a restored copy: its schedules are held, %d ticks wait", hold.Ticks)
	checkWorkers(ctx, f, o)
	checkSchedules(ctx, f, o)
	checkSilence(ctx, f, o)
	checkFailures(ctx, f, o)
	checkSetAside(ctx, f, o)
	checkQuarantine(ctx, f, o)
}

func checkWorkers(ctx context.Context, f *doctor.Findings, o Options) {
	list, err := queue.Workers(ctx, o.DB)
	if err != nil {
		f.Failed("schedules", "workers", err)
		return
	}
	if len(list) == 0 {
		f.Note("schedules", "workers", doctor.Problem, "start one: cpd-jobs worker (or cpd-jobs serve)", "no worker is alive: nothing runs")
		return
	}
	hosts, others := map[string]bool{}, map[string]bool{}
	for _, w := range list {
		hosts[w.Host] = true
		if w.Version != o.Version {
			others[w.Version] = true
		}
	}
	f.Note("schedules", "workers", doctor.OK, "", "%d alive on %d machines", len(list), len(hosts))
	if len(others) > 0 {
		f.Note("schedules", "versions", doctor.Warning, "finish the deploy, or use the workers' version of the program",
			"workers are of version %s, this program is %s", strings.Join(slices.Sorted(maps.Keys(others)), ", "), o.Version)
	}
}

func checkSchedules(ctx context.Context, f *doctor.Findings, o Options) {
	list, err := queue.Schedules(ctx, o.DB)
	if err != nil {
		f.Failed("schedules", "live", err)
		return
	}
	if len(list) == 0 {
		f.Note("schedules", "live", doctor.Problem, "start a worker: it makes its file's schedules live", "no schedule is live")
		return
	}
	f.Note("schedules", "live", doctor.OK, "", "%d are live", len(list))
	backfills, err := queue.Backfills(ctx, o.DB, false)
	if err != nil {
		f.Failed("schedules", "backfills", err)
	}
	for _, b := range backfills {
		f.NoteIf(b.State == "set_aside", "schedules", b.Schedule, fmt.Sprintf("cpd-jobs backfills cancel %d ends it", b.ID),
			"backfill %d cannot go on: %s", b.ID, b.Reason)
	}
	now, err := pg.Now(ctx, o.DB)
	if err != nil {
		f.Failed("schedules", "clock", err)
		return
	}
	find := queue.KindFinder(o.Kinds)
	for _, s := range list {
		kind, err := find(s.Kind)
		switch {
		case s.SetAside != "":
			f.Note("schedules", s.Name, doctor.Problem,
				"start a worker of the version that applied the schedules, or apply a file that this one can run",
				"set aside, its ticks wait: %s", s.SetAside)
		case err != nil:
			f.Note("schedules", s.Name, doctor.Warning, "use the workers' version of the program", "this program knows no kind %s", s.Kind)
		case kind.Lacks(s.Args) != "":
			f.Note("schedules", s.Name, doctor.Warning, "set it, or pause the schedule: cpd-jobs schedules pause "+s.Name, "waits: %s", kind.Lacks(s.Args))
		case s.Paused:
			f.Note("schedules", s.Name, doctor.Warning, "cpd-jobs schedules resume "+s.Name, "%s", State(s))
		case s.NextTick != nil && now.Sub(*s.NextTick) > lateTick:
			f.Note("schedules", s.Name, doctor.Problem, "start a worker; cpd-jobs jobs list shows what the others do",
				"its tick of %s is %s late", instant(*s.NextTick), now.Sub(*s.NextTick).Round(time.Second))
		}
	}
}

// State says how a schedule stands: set aside and why, what became of its last tick and how many jobs wait, or who
// paused it, until when and why.
func State(s queue.ScheduleInfo) string {
	if s.SetAside != "" {
		return "set aside: " + s.SetAside
	}
	if !s.Paused {
		text := strings.TrimSpace(s.LastState + " " + s.LastReason)
		if s.Waiting > 0 {
			text += fmt.Sprintf(", %d waiting", s.Waiting)
		}
		return text
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

// checkSilence compares the ledger with what should have succeeded by now, whatever the reason.
func checkSilence(ctx context.Context, f *doctor.Findings, o Options) {
	list, err := queue.Expect(ctx, o.DB)
	if err != nil {
		f.Failed("schedules", "silence", err)
		return
	}
	now, err := pg.Now(ctx, o.DB)
	if err != nil {
		f.Failed("schedules", "silence", err)
		return
	}
	silent := 0
	for _, x := range list {
		if x.Silent(now) {
			silent++
			f.Note("schedules", x.Schedule, doctor.Problem, "cpd-jobs schedules history "+x.Schedule+" shows what became of its ticks",
				"no success since %s; one was due by %s", instant(x.Since), instant(x.Due))
		}
	}
	if silent == 0 {
		f.Note("schedules", "silence", doctor.OK, "", "every schedule that should have succeeded has")
	}
}

func checkFailures(ctx context.Context, f *doctor.Findings, o Options) {
	type failures struct {
		Kind string
		N    int64
		Last int64
	}
	rows, _ := o.DB.Query(ctx, `
		SELECT kind, count(*) AS n, max(id) AS last FROM queue.jobs
		WHERE state = 'discarded' AND finalized_at > now() - interval '1 day' AND superseded_by IS NULL
		GROUP BY kind ORDER BY kind`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[failures])
	if err != nil {
		f.Failed("schedules", "failed jobs", err)
		return
	}
	for _, x := range list {
		f.Note("schedules", "failed jobs", doctor.Warning, fmt.Sprintf("cpd-jobs jobs show %d says why the last did", x.Last),
			"%d of kind %s failed for good within a day", x.N, x.Kind)
	}
	if len(list) == 0 {
		f.Note("schedules", "failed jobs", doctor.OK, "", "none within a day")
	}
}

// checkSetAside points out the jobs of dead workers that could not be taken over.
func checkSetAside(ctx context.Context, f *doctor.Findings, o Options) {
	list, err := queue.SetAsideJobs(ctx, o.DB)
	if err != nil {
		f.Failed("schedules", "jobs set aside", err)
		return
	}
	for _, j := range list {
		f.Note("schedules", "jobs set aside", doctor.Problem, fmt.Sprintf("cpd-jobs jobs cancel %d ends it", j.ID),
			"job %d (%s) of a dead worker cannot be taken over: %s", j.ID, j.Kind, j.SetAside)
	}
}

// checkQuarantine counts the jobs that wait in quarantine for a person.
func checkQuarantine(ctx context.Context, f *doctor.Findings, o Options) {
	list, err := queue.ListJobs(ctx, o.DB, queue.JobFilter{State: "quarantined", Limit: 1000})
	if err != nil {
		f.Failed("schedules", "quarantine", err)
		return
	}
	f.NoteIf(len(list) > 0, "schedules", "quarantine", "cpd-jobs jobs list --state quarantined shows them; jobs retry or jobs cancel lets them go",
		"%d jobs are in quarantine", len(list))
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
