package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
)

// sourceTimeout bounds the look at one source.
const sourceTimeout = 2 * time.Minute

// sources tries each source that is set.
func (e *examination) sources(ctx context.Context) {
	c, err := e.config()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
	defer cancel()
	e.cpdSource(ctx)
	if c.GIAS.Source == "" {
		e.note("sources", "gias", warning, "set GIAS_SOURCE", "the register has no source: its schedule waits")
	} else if found, err := gias.Check(ctx, c.GIAS.Source.Reveal(), source.Options{Credentials: registerLogin(c)}); err != nil {
		e.failed("sources", "gias", err)
	} else {
		e.note("sources", "gias", fine, "", "%d files at %s", len(found.Files), c.GIAS.Source)
	}
	if c.UpliftSource == "" {
		e.note("sources", "uplift", fine, "", "not set; uplift_sync takes its file as an argument")
	} else {
		e.note("sources", "uplift", fine, "", "%s; not tried, since it is asked for only when somebody loads one", c.UpliftSource)
	}
}

func (e *examination) cpdSource(ctx context.Context) {
	url, err := e.sourceURL(ctx)
	if err == nil && url == "" {
		err = run.Invalid("set CPD_DATABASE_URL", "no CPD source is configured")
	}
	if err != nil {
		e.failed("sources", "cpd", err)
		return
	}
	found, err := cpd.Check(ctx, url)
	switch {
	case err != nil:
		e.failed("sources", "cpd", err)
	case len(found.Problems) > 0:
		e.note("sources", "cpd", problem, "ask the CPD service's developers what became of them; a sync refuses until this program knows", "its tables have changed: %s", strings.Join(found.Problems, "; "))
	case found.Replica != nil && found.Replica.LagSeconds > 900 && !found.Replica.CaughtUp:
		e.note("sources", "cpd", warning, "tell whoever runs the replica", "the replica is %.0f minutes behind", found.Replica.LagSeconds/60)
	default:
		e.note("sources", "cpd", fine, "", "%d tables can be read", len(found.Rows))
	}
}

// exportStore writes a draft that is never published, and reads it back.
func (e *examination) exportStore(ctx context.Context) {
	files, err := e.store()
	if err != nil {
		e.failed("reports", "store", err)
		return
	}
	if err := tryStore(ctx, files); err != nil {
		e.failed("reports", "store", err)
		return
	}
	e.note("reports", "store", fine, "", "%s can be written", files)
}

func tryStore(ctx context.Context, files store.Store) error {
	draft, err := files.Create(ctx, "doctor/probe.txt")
	if err != nil {
		return err
	}
	return errors.Join(rereads(ctx, draft, []byte("cpd-jobs doctor\n")), draft.Discard())
}

// rereads sees that a draft has what was written to it: until it is read back, a bucket need not have heard of it.
func rereads(ctx context.Context, draft store.Draft, text []byte) error {
	if _, err := draft.Write(text); err != nil {
		return err
	}
	file, err := draft.Reopen(ctx)
	if err != nil {
		return err
	}
	found, err := io.ReadAll(file)
	if err == nil && !bytes.Equal(found, text) {
		err = fmt.Errorf("%d bytes were written and others read back", len(text))
	}
	return errors.Join(err, file.Close())
}

func (e *examination) workers(ctx context.Context, pool *pgxpool.Pool) {
	list, err := queue.Workers(ctx, pool)
	switch {
	case err != nil:
		e.failed("schedules", "workers", err)
		return
	case len(list) == 0:
		e.note("schedules", "workers", problem, "start one: cpd-jobs worker (or cpd-jobs serve)", "no worker is alive: nothing runs")
		return
	}
	hosts, others := map[string]bool{}, map[string]bool{}
	for _, w := range list {
		hosts[w.Host] = true
		if w.Version != version() {
			others[w.Version] = true
		}
	}
	e.note("schedules", "workers", fine, "", "%d alive on %d machines", len(list), len(hosts))
	if len(others) > 0 {
		e.note("schedules", "versions", warning, "finish the deploy, or use the program that they are", "workers are of version %s, this program is %s",
			strings.Join(sortedNames(others), ", "), version())
	}
}

// lateTick is how late the account of a tick may be.
const lateTick = time.Minute

func (e *examination) liveSchedules(ctx context.Context, pool *pgxpool.Pool) {
	list, err := queue.Schedules(ctx, pool)
	if err != nil {
		e.failed("schedules", "live", err)
		return
	}
	if len(list) == 0 {
		e.note("schedules", "live", problem, "start a worker: it makes its file's schedules live", "no schedule is live")
		return
	}
	e.note("schedules", "live", fine, "", "%d are live", len(list))
	backfills, err := queue.Backfills(ctx, pool, false)
	if err != nil {
		e.failed("schedules", "backfills", err)
	}
	for _, b := range backfills {
		if b.State == "set_aside" {
			e.note("schedules", b.Schedule, problem, fmt.Sprintf("cpd-jobs backfills cancel %d ends it", b.ID), "backfill %d cannot go on: %s", b.ID, b.Reason)
		}
	}
	kinds, err := e.kinds(ctx, pool)
	if err != nil {
		e.failed("schedules", "kinds", err)
		return
	}
	find, now := queue.KindFinder(kinds), clock.System()
	for _, s := range list {
		kind, err := find(s.Kind)
		switch {
		case s.SetAside != "":
			e.note("schedules", s.Name, problem, "start a worker of the version that applied the schedules, or apply a file that this one can run",
				"set aside, its ticks wait: %s", s.SetAside)
		case err != nil:
			e.note("schedules", s.Name, warning, "use the version of the program that the workers are", "this program knows no kind %s", s.Kind)
		case kind.Lacks(s.Args) != "":
			e.note("schedules", s.Name, warning, "set it, or pause the schedule: cpd-jobs schedules pause "+s.Name, "waits: %s", kind.Lacks(s.Args))
		case s.Paused:
			e.note("schedules", s.Name, warning, "cpd-jobs schedules resume "+s.Name, "%s", stateText(s))
		case s.NextTick != nil && now.Sub(*s.NextTick) > lateTick:
			e.note("schedules", s.Name, problem, "start a worker; cpd-jobs jobs list shows what the others do",
				"its tick of %s is %s late", cell(*s.NextTick), now.Sub(*s.NextTick).Round(time.Second))
		}
	}
}

// silence is the look at the ledger that matters most: whatever the reason, what should have been done has not been.
func (e *examination) silence(ctx context.Context, pool *pgxpool.Pool) {
	list, err := queue.Expect(ctx, pool)
	if err != nil {
		e.failed("schedules", "silence", err)
		return
	}
	silent, now := 0, clock.System()
	for _, x := range list {
		if x.Silent(now) {
			silent++
			e.note("schedules", x.Schedule, problem, "cpd-jobs schedules history "+x.Schedule+" shows what became of its ticks", "no success since %s; one was due by %s", cell(x.Since), cell(x.Due))
		}
	}
	if silent == 0 {
		e.note("schedules", "silence", fine, "", "every schedule that should have succeeded has")
	}
}

func (e *examination) jobsOfTheLastDay(ctx context.Context, pool *pgxpool.Pool) {
	type failures struct {
		Kind string
		N    int64
		Last int64
	}
	rows, _ := pool.Query(ctx, `
		SELECT kind, count(*) AS n, max(id) AS last FROM queue.jobs
		WHERE state = 'discarded' AND finalized_at > now() - interval '1 day' AND NOT metadata ? 'taken_over_by'
		GROUP BY kind ORDER BY kind`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[failures])
	if err != nil {
		e.failed("schedules", "failed jobs", err)
		return
	}
	for _, f := range list {
		e.note("schedules", "failed jobs", warning, fmt.Sprintf("cpd-jobs jobs show %d says why the last did", f.Last), "%d of kind %s failed for good within a day", f.N, f.Kind)
	}
	if len(list) == 0 {
		e.note("schedules", "failed jobs", fine, "", "none within a day")
	}
}

func (e *examination) freshness(ctx context.Context, pool *pgxpool.Pool) {
	list, err := reports.Summaries(ctx, pool)
	if err != nil {
		e.failed("reports", "freshness", err)
		return
	}
	now := clock.System()
	for _, o := range list {
		if o.Latest == nil {
			// One that no schedule refreshes may be of no interest here.
			e.note("reports", o.Name, warning, "cpd-jobs run cpd_sync, then cpd-jobs run report_refresh --arg report="+o.Name, "it has never been refreshed")
			continue
		}
		age := now.Sub(o.Latest.AsOf).Round(time.Minute)
		e.note("reports", o.Name, unless(age > o.Freshness), "cpd-jobs schedules history onboarding shows why; cpd-jobs run report_refresh --arg report="+o.Name+" refreshes it now",
			"version %d, %d rows, %s old; it may be %s", o.Latest.Version, o.Latest.Rows, age, o.Freshness)
	}
}

func (e *examination) checks(ctx context.Context, pool *pgxpool.Pool) {
	rows, _ := pool.Query(ctx, `
		SELECT c.report || ': ' || c.name FROM reports.check_results AS c
		JOIN reports.definitions AS d USING (report)
		LEFT JOIN reports.refreshes AS r ON r.report = d.report AND r.version = d.live_version
		WHERE c.version IS NULL AND c.checked_at > coalesce(r.published_at, '-infinity')
		GROUP BY 1 ORDER BY 1`)
	failing, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		e.failed("reports", "checks", err)
		return
	}
	for _, name := range failing {
		e.note("reports", "checks", problem, "docs/runbooks/check-failed.md", "%s keeps the report at its last good version", name)
	}
}

// latestFiles looks whether the newest file of each report is where its row says.
func (e *examination) latestFiles(ctx context.Context, pool *pgxpool.Pool) {
	files, err := e.store()
	if err != nil {
		return // said already
	}
	summaries, err := reports.Summaries(ctx, pool)
	if err != nil {
		return // said already
	}
	for _, o := range summaries {
		list, err := exports.List(ctx, pool, o.Name, 1)
		if err != nil {
			e.failed("reports", "files", err)
			return
		}
		if len(list) == 0 {
			e.notExported(o)
			continue
		}
		f, err := files.Open(ctx, list[0].Key)
		if err != nil {
			e.failed("reports", "files", run.Blocked("check that this process has the same EXPORT_STORE_URL as the workers; cpd-jobs run report_export writes it again", "%s is not in %s: %w", list[0].Key, files, err))
			continue
		}
		size := f.Info().Size
		_ = f.Close()
		e.note("reports", "files", unless(size != list[0].Size), "cpd-jobs run report_export writes it again", "%s has %d bytes; it should have %d", list[0].Name, size, list[0].Size)
	}
}

func (e *examination) notExported(o reports.Overview) {
	if o.Latest != nil {
		e.note("reports", "files", warning, "cpd-jobs run report_export --arg report="+o.Name, "%s has not been exported", o.Name)
	}
}

func sortedNames(set map[string]bool) []string {
	m := make(map[string]any, len(set))
	for name := range set {
		m[name] = nil
	}
	return sortedKeys(m)
}
