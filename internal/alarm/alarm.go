// Package alarm notifies people of what is wrong. Incidents - a job that failed for good, a report that is
// stale, a schedule that is silent - are found in the database, by the process that checks first, and are sent to a
// webhook once, and once more when they are over. [Heartbeats] tell a watcher outside, such as StatusCake, that a
// schedule's job succeeded: it raises the alarm when they stop. Nothing here can hold up a job.
package alarm

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// checkInterval is how late an incident may be noticed. Each check is a few short statements by index.
const checkInterval = 15 * time.Second

// checkTimeout bounds one check and one try to send.
const checkTimeout = 10 * time.Second

// checkLock is the advisory lock of the process that checks: of several one is enough.
const checkLock = 0x6370646c6f6f6b

// What is wrong in an incident.
const (
	Failed = "failed" // a job failed for good; subject is its schedule, else its kind
	Stale  = "stale"  // a report's data are older than its target
	Silent = "silent" // a schedule had no success for too long
	// Damaged: a stored file of a report is not as it was published.
	Damaged = "damaged"
)

// Options say what is watched and who is notified.
type Options struct {
	DB *pgxpool.Pool
	// Targets are how old the data of each report may be.
	Targets map[string]time.Duration
	// Due says by when each schedule must have its next success. An error leaves silence unjudged.
	Due func(context.Context) (map[string]time.Time, error)
	// Webhook takes the messages; "" means that incidents are only recorded.
	Webhook string
	// Environment names the deployment, PublicURL where its pages are ("" leaves links out), Runbooks where the run
	// books are: an address or a folder.
	Environment, PublicURL, Runbooks string
	Log                              *slog.Logger
}

// Watch finds incidents and notifies of them.
type Watch struct {
	Options
	post *poster
}

// NewWatch makes a watch; [Watch.Run] starts it.
func NewWatch(o Options) *Watch { return &Watch{Options: o, post: newPoster()} }

// Run checks every few seconds until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(checkInterval)
	defer tick.Stop()
	for {
		if err := w.Check(ctx); err != nil && ctx.Err() == nil {
			w.Log.Warn("incidents not checked; trying again", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Check finds what has begun and what is over, once, and sends what has not been sent.
func (w *Watch) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*checkTimeout)
	defer cancel()
	err := w.find(ctx)
	if w.Webhook == "" {
		return err
	}
	return errors.Join(err, w.notify(ctx))
}

var (
	//go:embed sql/failed_begin.sql
	failedBeginSQL string
	//go:embed sql/failed_end.sql
	failedEndSQL string
	//go:embed sql/overdue_begin.sql
	overdueBeginSQL string
	//go:embed sql/overdue_end.sql
	overdueEndSQL string
)

// find does each check by itself: one that fails keeps no other from being done. Of several processes one does it.
func (w *Watch) find(ctx context.Context) error {
	silent := func(context.Context, pgx.Tx) error { return nil }
	if w.Due != nil {
		due, err := w.Due(ctx)
		silent = func(ctx context.Context, tx pgx.Tx) error {
			if err != nil {
				return err
			}
			return overdue(ctx, tx, Silent, due)
		}
	}
	var failures []error
	for _, c := range []struct {
		name  string
		check func(context.Context, pgx.Tx) error
	}{{"failed jobs", failed}, {"stale reports", w.stale}, {"damaged files", damaged}, {"silent schedules", silent}} {
		err := pgx.BeginFunc(ctx, w.DB, func(tx pgx.Tx) error {
			var mine bool
			if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", int64(checkLock)).Scan(&mine); err != nil || !mine {
				return err
			}
			return c.check(ctx, tx)
		})
		if err != nil {
			failures = append(failures, fmt.Errorf("check for %s: %w", c.name, err))
		}
	}
	return errors.Join(failures...)
}

func failed(ctx context.Context, tx pgx.Tx) error {
	for _, sql := range []string{failedEndSQL, failedBeginSQL} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func (w *Watch) stale(ctx context.Context, tx pgx.Tx) error {
	due, err := w.expectedOfReports(ctx, tx)
	if err != nil {
		return err
	}
	return overdue(ctx, tx, Stale, due)
}

// expectedOfReports says until when the live version of each report is fresh enough.
func (w *Watch) expectedOfReports(ctx context.Context, tx pgx.Tx) (map[string]time.Time, error) {
	rows, _ := tx.Query(ctx, `
		SELECT r.report, r.as_of FROM reports.refreshes AS r JOIN reports.definitions AS d ON d.report = r.report AND d.live_version = r.version`)
	due := map[string]time.Time{}
	var report string
	var asOf time.Time
	_, err := pgx.ForEachRow(rows, []any{&report, &asOf}, func() error {
		if target, ok := w.Targets[report]; ok {
			due[report] = asOf.Add(target)
		}
		return nil
	})
	return due, err
}

// damaged looks for reports that have a damaged file.
func damaged(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, "SELECT report, min(damaged_at) FROM reports.exports WHERE damaged_at < now() GROUP BY report")
	since := map[string]time.Time{}
	var report string
	var at time.Time
	_, err := pgx.ForEachRow(rows, []any{&report, &at}, func() error {
		since[report] = at
		return nil
	})
	if err != nil {
		return err
	}
	return overdue(ctx, tx, Damaged, since)
}

func overdue(ctx context.Context, tx pgx.Tx, what string, due map[string]time.Time) error {
	subjects, times := make([]string, 0, len(due)), make([]time.Time, 0, len(due))
	for subject, at := range due {
		subjects, times = append(subjects, subject), append(times, at)
	}
	for _, sql := range []string{overdueEndSQL, overdueBeginSQL} {
		if _, err := tx.Exec(ctx, sql, what, subjects, times); err != nil {
			return err
		}
	}
	return nil
}
