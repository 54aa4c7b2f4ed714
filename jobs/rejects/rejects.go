// Package rejects lists what the syncs of files could not use: rows, values, and what looked doubtful, by line and
// reason.
package rejects

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/inputs"
)

// Row is one thing that a sync could not use or doubted.
type Row struct {
	RunID    int64     `json:"run_id"`
	SyncedAt time.Time `json:"synced_at"`
	// Part is establishments or links, or the layout of an uplift file.
	Part string `json:"part"`
	// Kind is row for a rejected row, else what an input calls it: value, doubt, repeat, conflict.
	Kind   string  `json:"kind"`
	Line   *int    `json:"line"`
	URN    *string `json:"urn"`
	Column *string `json:"column"`
	Reason string  `json:"reason"`
	Value  *string `json:"value"`
}

// statements take the run, 0 for the newest sync.
var statements = map[inputs.Input]string{
	inputs.GIAS: `
		SELECT r.run_id, s.synced_at, r.part, r.scope, r.line, r.urn, r.column_name, r.reason, r.value
		FROM gias.rejects r JOIN gias.syncs s ON s.id = r.sync_id
		WHERE CASE WHEN $1 = 0 THEN s.id = (SELECT max(id) FROM gias.syncs) ELSE r.run_id = $1 END
		ORDER BY s.id, r.part, r.scope <> 'row', r.line, r.id`,
	inputs.Uplift: `
		SELECT i.run_id, f.synced_at, f.layout, CASE i.kind WHEN 'rejected' THEN 'row' ELSE i.kind END, i.line, i.urn, i.column_name, i.reason, i.value
		FROM uplift.issues i JOIN uplift.files f ON f.id = i.file_id
		WHERE CASE WHEN $1 = 0 THEN f.id = (SELECT max(id) FROM uplift.files) ELSE i.run_id = $1 END
		ORDER BY f.id, i.kind <> 'rejected', i.line, i.id`,
}

// List is what the sync of a run could not use, rejected rows first; run 0 is the newest sync that changed anything or
// read a new file. The error is of class Invalid for an input that is no file.
func List(ctx context.Context, db pg.Querier, input inputs.Input, runID int64) ([]Row, error) {
	sql, ok := statements[input]
	if !ok {
		return nil, run.Invalid("its tables are copied whole, or not at all", "%s has no rows to reject", input)
	}
	rows, _ := db.Query(ctx, sql, runID)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Row])
	if err != nil {
		return nil, fmt.Errorf("list what the sync of %s could not use: %w", input, err)
	}
	return list, nil
}
