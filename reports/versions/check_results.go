package versions

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
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

// AddCheckResults writes what a run's checks found beside the version that was published in spite of it, nil if none
// was.
func AddCheckResults(ctx context.Context, tx pgx.Tx, report string, runID int64, version *int64, results []CheckResult) error {
	for _, r := range results {
		if r.Sample == nil {
			r.Sample = []json.RawMessage{}
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO reports.check_results (report, run_id, version, name, about, level, offending, of_rows, sample)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			report, runID, version, r.Name, r.About, r.Level, r.Offending, r.Of, r.Sample)
		if err != nil {
			return err
		}
	}
	return nil
}

// Warnings lists what the checks of a published version found.
func Warnings(ctx context.Context, db pg.Querier, report string, version int64) ([]CheckResult, error) {
	rows, _ := db.Query(ctx, `
		SELECT name, about, level, offending, of_rows AS of, sample
		FROM reports.check_results WHERE report = $1 AND version = $2 ORDER BY checked_at, name`, report, version)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[CheckResult])
	if err != nil {
		return nil, fmt.Errorf("read what the checks of %s found: %w", report, err)
	}
	return list, nil
}
