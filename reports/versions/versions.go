// Package versions keeps what was published of reports: the record of each refresh, what its checks found, and from the
// change log how two versions differ, what became of a row, and what has grown too old to keep.
package versions

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/inputs"
)

// Version is the record of one refresh: what it published and from what.
type Version struct {
	Report      string    `json:"report"`
	Version     int64     `json:"version"`
	RunID       int64     `json:"run_id"`
	AsOf        time.Time `json:"as_of"`
	PublishedAt time.Time `json:"published_at"`
	Rows        int64     `json:"rows"`
	Added       int64     `json:"added"`
	Removed     int64     `json:"removed"`
	Changed     int64     `json:"changed"`
	// ContentVersion is the latest version that changed a row or the definition: equal ones have equal content.
	ContentVersion    int64       `json:"content_version"`
	DefinitionVersion string      `json:"definition_version"`
	DefinitionHash    string      `json:"definition_hash"`
	ProgramVersion    string      `json:"program_version"`
	Inputs            []InputUsed `json:"inputs"`
	Steps             []StepTaken `json:"steps"`
	Warnings          int         `json:"warnings"` // checks that it was published in spite of
	// Restores is the earlier version that this one publishes again, nil if it was computed.
	Restores *int64 `json:"restores,omitempty"`
	// Withdrawn is when somebody found this version wrong, nil if it stands; WithdrawnWhy is what they said.
	Withdrawn    *time.Time `json:"withdrawn_at,omitempty" db:"withdrawn_at"`
	WithdrawnWhy *string    `json:"withdrawn_why,omitempty"`
}

// InputUsed is a version of an input that a refresh read.
type InputUsed struct {
	Input   inputs.Input `json:"input"`
	Version int64        `json:"version"`
	AsAt    time.Time    `json:"as_at"`
	Rows    int64        `json:"rows"`
	// BehindSeconds is how far the replica that it was read from was behind, 0 for what had caught up.
	BehindSeconds float64 `json:"behind_seconds,omitempty"`
}

// StepTaken is how long a step of a refresh took and how many rows it left.
type StepTaken struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
	Rows    int64   `json:"rows"`
}

const (
	recordedColumns = `report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
		definition_version, definition_hash, program_version, inputs, steps, warnings`
	columns = recordedColumns + `, restores, withdrawn_at, withdrawn_why`
)

// List lists the refreshes of a report, newest first: the first is what is live.
func List(ctx context.Context, db pg.Querier, report string, limit int) ([]Version, error) {
	rows, _ := db.Query(ctx, `SELECT `+columns+` FROM reports.refreshes WHERE report = $1 ORDER BY version DESC LIMIT $2`, report, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	if err != nil {
		return nil, fmt.Errorf("read the refreshes of %s: %w", report, err)
	}
	return list, nil
}

// Get reads one version; the error is pgx.ErrNoRows if there is none.
func Get(ctx context.Context, db pg.Querier, report string, version int64) (Version, error) {
	rows, _ := db.Query(ctx, `SELECT `+columns+` FROM reports.refreshes WHERE report = $1 AND version = $2`, report, version)
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Version])
	if err != nil {
		return r, fmt.Errorf("read version %d of %s: %w", version, report, err)
	}
	return r, nil
}

// WithdrawnOf lists the withdrawn versions that one definition made, newest first: each says when and why.
func WithdrawnOf(ctx context.Context, db pg.Querier, report, definitionHash string) ([]Version, error) {
	rows, _ := db.Query(ctx, `SELECT `+columns+` FROM reports.refreshes
		WHERE report = $1 AND withdrawn_at IS NOT NULL AND definition_hash = $2 ORDER BY version DESC`, report, definitionHash)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	if err != nil {
		return nil, fmt.Errorf("read what was withdrawn of %s: %w", report, err)
	}
	return list, nil
}

// LockLive locks the report against refreshes until tx ends, and returns its live version, 0 before the first.
func LockLive(ctx context.Context, tx pgx.Tx, report string) (live int64, err error) {
	err = tx.QueryRow(ctx, "SELECT live_version FROM reports.definitions WHERE report = $1 FOR UPDATE", report).Scan(&live)
	if err != nil {
		return 0, fmt.Errorf("lock report %s: %w", report, err)
	}
	return live, nil
}

// Add writes the record of a refresh, with what its checks found, and makes it the live version. PublishedAt and
// ContentVersion are given here: the latter is v's own where the refresh changed rows or the definition. The caller
// holds the lock of [LockLive], so times follow the order of versions even if the clock is set back.
func Add(ctx context.Context, tx pgx.Tx, v Version, changed bool, found []CheckResult) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO reports.refreshes (`+recordedColumns+`)
		SELECT $1, $2, $3, $4, greatest(clock_timestamp(), last.published_at + interval '1 microsecond'), $5, $6, $7, $8,
		       CASE WHEN $9 OR last.version IS NULL THEN $2 ELSE last.content_version END, $10, $11, $12, $13, $14, $15
		FROM (SELECT) one
		LEFT JOIN reports.refreshes last ON last.report = $1 AND last.version = $2 - 1`,
		v.Report, v.Version, v.RunID, v.AsOf, v.Rows, v.Added, v.Removed, v.Changed,
		changed, v.DefinitionVersion, v.DefinitionHash, v.ProgramVersion, v.Inputs, v.Steps, len(found))
	if err != nil {
		return fmt.Errorf("record version %d of %s: %w", v.Version, v.Report, err)
	}
	if err := AddCheckResults(ctx, tx, v.Report, v.RunID, &v.Version, found); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE reports.definitions SET live_version = $2 WHERE report = $1", v.Report, v.Version)
	return err
}
