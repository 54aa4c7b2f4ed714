package reports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// CheckResult is what a check found; one that found nothing has none.
type CheckResult struct {
	Name      string `json:"name"`
	About     string `json:"about"`
	Level     string `json:"level"`
	Offending int64  `json:"offending"`
	Of        int64  `json:"of"`
	// Sample is up to 50 offending rows: their key and the columns that the check is about.
	Sample []json.RawMessage `json:"-"`
}

// errCheck carries the results of a refresh that a check has stopped.
type errCheck struct {
	results []CheckResult
	error
}

func (e errCheck) Unwrap() error { return e.error }

// refusal is the error of a refresh that error checks have stopped.
func (f *refresh) refusal(failed []CheckResult) error {
	first := failed[0]
	text := fmt.Sprintf("report %s: check %s failed for %d of %d: %s", f.def.Name, first.Name, first.Offending, first.Of, first.About)
	if n := len(failed) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	hint := "the last good report stays; the rows are in reports.check_results; if they are right, run it again with --arg allow=" + first.Name
	return run.Blocked(hint, "%s", text)
}

// keepFailure keeps what a failed check found, unless this is a dry run, and returns the error.
func (f *refresh) keepFailure(ctx context.Context, err error) error {
	var failed errCheck
	if !errors.As(err, &failed) || f.run.DryRun() {
		return err
	}
	kept := pgx.BeginFunc(ctx, f.conn, func(tx pgx.Tx) error {
		if err := f.run.Fence(ctx, tx); err != nil {
			return err
		}
		return f.keepResults(ctx, tx, failed.results, nil)
	})
	if kept != nil {
		return errors.Join(err, fmt.Errorf("keep what the checks found: %w", kept))
	}
	return err
}

// keepResults writes results beside the version that was published in spite of them, nil if none was.
func (f *refresh) keepResults(ctx context.Context, tx pgx.Tx, results []CheckResult, version *int64) error {
	for _, r := range results {
		if r.Sample == nil {
			r.Sample = []json.RawMessage{}
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO reports.check_results (report, run_id, version, name, about, level, offending, of_rows, sample)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			f.def.Name, f.run.ID(), version, r.Name, r.About, r.Level, r.Offending, r.Of, r.Sample)
		if err != nil {
			return err
		}
	}
	return nil
}

// Warnings lists what the checks of a published version found.
func Warnings(ctx context.Context, db querier, report string, version int64) ([]CheckResult, error) {
	rows, _ := db.Query(ctx, `
		SELECT name, about, level, offending, of_rows AS of, sample
		FROM reports.check_results WHERE report = $1 AND version = $2 ORDER BY checked_at, name`, report, version)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[CheckResult])
	if err != nil {
		return nil, fmt.Errorf("read what the checks of %s found: %w", report, err)
	}
	return list, nil
}
