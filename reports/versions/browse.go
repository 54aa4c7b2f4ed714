package versions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

// ListBefore is [List] of the versions before one of them; before 0 means all.
func ListBefore(ctx context.Context, db pg.Querier, report string, before int64, limit int) ([]Version, error) {
	rows, _ := db.Query(ctx, `SELECT `+columns+` FROM reports.refreshes
		WHERE report = $1 AND ($2::bigint = 0 OR version < $2) ORDER BY version DESC LIMIT $3`, report, before, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	if err != nil {
		return nil, fmt.Errorf("read the versions of %s: %w", report, err)
	}
	return list, nil
}

// LatestWithdrawn is the latest withdrawn version before another; nil where there is none.
func LatestWithdrawn(ctx context.Context, db pg.Querier, report string, before int64) (*Version, error) {
	rows, _ := db.Query(ctx, `SELECT `+columns+` FROM reports.refreshes
		WHERE report = $1 AND version < $2 AND withdrawn_at IS NOT NULL ORDER BY version DESC LIMIT 1`, report, before)
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Version])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read which version of %s was withdrawn: %w", report, err)
	}
	return v, nil
}

// Live is the number of the live version of a report, 0 before the first. It reads one row.
func Live(ctx context.Context, db pg.Querier, report string) (int64, error) {
	rows, _ := db.Query(ctx, "SELECT live_version FROM reports.definitions WHERE report = $1", report)
	version, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("read which version of %s is live: %w", report, err)
	}
	return version, nil
}

// Kept are the first and the last version that are kept of a report; 0 where it was never refreshed.
func Kept(ctx context.Context, db pg.Querier, report string) (first, last int64, err error) {
	const sql = "SELECT coalesce(min(version), 0), coalesce(max(version), 0) FROM reports.refreshes WHERE report = $1"
	rows, _ := db.Query(ctx, sql, report)
	if _, err = pgx.ForEachRow(rows, []any{&first, &last}, func() error { return nil }); err != nil {
		return 0, 0, fmt.Errorf("read which versions of %s are kept: %w", report, err)
	}
	return first, last, nil
}

// Stop is a refresh that a check stopped.
type Stop struct {
	At            time.Time
	Name, About   string // of the check
	Offending, Of int64
	RunID         int64
}

// LatestStop is the latest refresh of a report that a check stopped after an instant; nil where there is none.
func LatestStop(ctx context.Context, db pg.Querier, report string, after time.Time) (*Stop, error) {
	rows, _ := db.Query(ctx, `
		SELECT checked_at AS at, name, about, offending, of_rows AS of, run_id FROM reports.check_results
		WHERE report = $1 AND checked_at > $2 AND version IS NULL AND level = 'error'
		ORDER BY checked_at DESC, name LIMIT 1`, report, after)
	stop, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Stop])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what stopped refreshes of %s: %w", report, err)
	}
	return stop, nil
}

// Change is a row that came or left, or a cell that changed.
type Change struct {
	Version     int64           `json:"version" doc:"The refresh that did it"`
	PublishedAt time.Time       `json:"published_at"`
	Key         string          `json:"key" doc:"Of the row"`
	Action      string          `json:"action" enum:"added,removed,changed"`
	Reason      *string         `json:"reason" doc:"Why the row was removed"`
	Column      *string         `json:"column" doc:"The cell; null where a whole row came or went"`
	Old         json.RawMessage `json:"old" doc:"The cell before; the whole row where it was removed"`
	New         json.RawMessage `json:"new" doc:"The cell after"`
}

// ChangePlace is a place in the change log: the change of Column ("" for a whole row) of the row Key in Version.
type ChangePlace struct {
	Version int64  `json:"v"`
	Key     string `json:"k"`
	Column  string `json:"c"`
}

// Changes lists at most limit changes after a place in the log, oldest first; only those of one row unless key is "".
func Changes(ctx context.Context, db pg.Querier, d *definition.Definition, after ChangePlace, key string, limit int) ([]Change, error) {
	rows, _ := db.Query(ctx, fmt.Sprintf(`
		SELECT c.version, f.published_at, c.%[1]s::text AS key, c.action, c.reason, c.column_name AS column, c.old, c.new
		FROM %[2]s AS c JOIN reports.refreshes AS f ON f.report = $1 AND f.version = c.version
		WHERE c.version >= $2 AND ($5 = '' OR c.%[1]s::text = $5)
		  AND (c.version, c.%[1]s::text COLLATE "C", coalesce(c.column_name, '') COLLATE "C") > ($2, $3, $4)
		ORDER BY c.version, c.%[1]s::text COLLATE "C", coalesce(c.column_name, '') COLLATE "C" LIMIT $6`,
		pg.Ident(d.Key), d.Changes().Sanitize()),
		d.Name, after.Version, after.Key, after.Column, key, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Change])
	if err != nil {
		return nil, fmt.Errorf("read the changes of %s: %w", d.Name, err)
	}
	return list, nil
}
