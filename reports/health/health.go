// Package health checks reports, their files and the store for `cpd-jobs doctor`. What it finds is for package doctor
// to show.
package health

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/doctor"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
)

// CheckStore writes a draft that is never published, and reads it back: only then has a bucket received anything.
func CheckStore(ctx context.Context, f *doctor.Findings, files store.Store) {
	text := []byte("cpd-jobs doctor\n")
	try := func() error {
		draft, err := files.Create(ctx, "doctor/probe.txt")
		if err != nil {
			return err
		}
		return errors.Join(reread(ctx, draft, text), draft.Discard())
	}
	if err := try(); err != nil {
		f.Failed("reports", "store", err)
		return
	}
	f.Note("reports", "store", doctor.OK, "", "%s can be written", files)
}

func reread(ctx context.Context, draft store.Draft, text []byte) error {
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

// Check adds what it finds of every report to f. Checks that fail are findings; the others go on. Without files, nil,
// the reports' files are left out.
func Check(ctx context.Context, f *doctor.Findings, db *pgxpool.Pool, files store.Store, now clock.Now) {
	checkTables(ctx, f, db)
	list, err := reports.Summaries(ctx, db)
	if err != nil {
		f.Failed("reports", "freshness", err)
	}
	for _, o := range list {
		checkFreshness(f, o, now())
	}
	checkResults(ctx, f, db)
	for _, o := range list {
		if files != nil {
			checkFile(ctx, f, db, files, o)
		}
	}
}

func checkTables(ctx context.Context, f *doctor.Findings, db *pgxpool.Pool) {
	rows, _ := db.Query(ctx, "SELECT report FROM reports.definitions")
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.Failed("database", "report tables", err)
		return
	}
	var lost []string
	for _, d := range reports.All() {
		if !slices.Contains(known, d.Name) {
			lost = append(lost, d.Name)
		}
	}
	f.NoteIf(len(lost) > 0, "database", "report tables", "run: cpd-jobs migrate up", "reports without tables: %s", strings.Join(lost, ", "))
}

func checkFreshness(f *doctor.Findings, o reports.Overview, now time.Time) {
	if o.Latest == nil { // one that no schedule refreshes may be of no interest here
		f.Note("reports", o.Name, doctor.Warning, "cpd-jobs run cpd_sync, then cpd-jobs run report_refresh --arg report="+o.Name, "it has never been refreshed")
		return
	}
	age := now.Sub(o.Latest.AsOf).Round(time.Minute)
	f.Note("reports", o.Name, doctor.ProblemIf(age > o.Freshness),
		"cpd-jobs schedules history onboarding shows why; cpd-jobs run report_refresh --arg report="+o.Name+" refreshes it now",
		"version %d, %d rows, %s old; it may be %s", o.Latest.Version, o.Latest.Rows, age, o.Freshness)
}

// checkResults finds checks that stopped a refresh since the live version was published.
func checkResults(ctx context.Context, f *doctor.Findings, db *pgxpool.Pool) {
	rows, _ := db.Query(ctx, `
		SELECT c.report || ': ' || c.name FROM reports.check_results AS c
		JOIN reports.definitions AS d USING (report)
		LEFT JOIN reports.refreshes AS r ON r.report = d.report AND r.version = d.live_version
		WHERE c.version IS NULL AND c.checked_at > coalesce(r.published_at, '-infinity')
		GROUP BY 1 ORDER BY 1`)
	failing, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.Failed("reports", "checks", err)
		return
	}
	for _, name := range failing {
		f.Note("reports", "checks", doctor.Problem, "docs/runbooks/check-failed.md", "%s keeps the report at its last good version", name)
	}
}

// checkFile checks that the newest file of a report is as its row says.
func checkFile(ctx context.Context, f *doctor.Findings, db *pgxpool.Pool, files store.Store, o reports.Overview) {
	list, err := exports.List(ctx, db, o.Name, 1)
	if err != nil {
		f.Failed("reports", "files", err)
		return
	}
	if len(list) == 0 {
		if o.Latest != nil {
			f.Note("reports", "files", doctor.Warning, "cpd-jobs run report_export --arg report="+o.Name, "%s has not been exported", o.Name)
		}
		return
	}
	newest := list[0]
	file, err := files.Open(ctx, newest.Key)
	if err != nil {
		f.Failed("reports", "files", run.Blocked("check that this process has the same EXPORT_STORE_URL as the workers; cpd-jobs run report_export writes it again",
			"%s is not in %s: %w", newest.Key, files, err))
		return
	}
	size := file.Info().Size
	_ = file.Close()
	f.Note("reports", "files", doctor.ProblemIf(size != newest.Size), "cpd-jobs run report_export writes it again",
		"%s has %d bytes; it should have %d", newest.Name, size, newest.Size)
}
