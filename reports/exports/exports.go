// Package exports remembers the files that were exported: which report and version each shows, and where it is in the
// store. Making files is package jobs/export's, keeping them package store's.
package exports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/lint"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/table"
)

// Export is one file that can be downloaded.
type Export struct {
	ID                int64     `json:"id"`
	Report            string    `json:"report"`
	Version           int64     `json:"version"`
	DefinitionVersion string    `json:"definition_version"`
	DefinitionHash    string    `json:"-"`
	Selection         Selection `json:"selection"`
	Format            string    `json:"format"` // xlsx, ods, csv, csv-excel, parquet
	Name              string    `json:"name"`
	Key               string    `json:"-"`             // in the store
	Sidecars          []string  `json:"-" db:"beside"` // keys of files that belong to it
	Size              int64     `json:"size"`
	Rows              int64     `json:"rows"`
	Checksum          string    `json:"checksum"`             // of the values
	Coerced           int64     `json:"altered" db:"altered"` // values that the format cannot hold as they are
	SHA256            string    `json:"sha256"`
	AsOf              time.Time `json:"as_of"`
	RunID             int64     `json:"run_id"`
	JobID             int64     `json:"job_id"`
	CreatedAt         time.Time `json:"created_at"`
	// Encrypted says that the file is a zip that only the passphrase opens; its name ends in .zip.
	Encrypted bool `json:"encrypted,omitempty"`
	// ExpiresAt is when the file goes, whatever else is kept; nil for one that is kept as long as any other.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// Retention is what [Add] sets ExpiresAt by, on the database's clock, which alone decides what has expired; 0 for nil.
	Retention time.Duration `json:"-" db:"-"`
	// Lint is where a workbook departs from the checklist for accessible spreadsheets; nil for what is no workbook.
	Lint []lint.Finding `json:"lint,omitempty"`
}

// Selection says which part of a report a file has, and how a workbook looks. The zero value is all of the report, as
// workbooks look without a choice.
type Selection struct {
	selection.Selection
	Layout table.Layout `json:"layout,omitzero"`
}

// ErrNone is returned by [Find] where there is no such export.
var ErrNone = errors.New("no such export")

const columns = `id, report, version, definition_version, definition_hash, selection, format, name, key, beside, size, rows,
	checksum, altered, sha256, as_of, run_id, job_id, created_at, lint, encrypted, expires_at`

// unexpired is true of what people can still find. Housekeeping comes once a day; what has expired is out of
// sight before that, and so is a file that is damaged, until it was made again.
const unexpired = `(expires_at IS NULL OR expires_at > now()) AND damaged_at IS NULL`

// List lists the exports of a report, or of all reports where it is "", newest first.
func List(ctx context.Context, db pg.Querier, report string, limit int) ([]Export, error) {
	return query(ctx, db, `SELECT `+columns+` FROM reports.exports WHERE $1 IN ('', report) AND `+unexpired+`
		ORDER BY created_at DESC, id DESC LIMIT $2`, report, limit)
}

// Find finds an export by its id.
func Find(ctx context.Context, db pg.Querier, id int64) (Export, error) {
	return one(query(ctx, db, `SELECT `+columns+` FROM reports.exports WHERE id = $1 AND `+unexpired, id))
}

// Same lists the exports, in any format, of one version of a report by one definition with one selection.
func Same(ctx context.Context, db pg.Querier, report string, version int64, definitionHash string, s Selection) ([]Export, error) {
	return query(ctx, db, `SELECT `+columns+` FROM reports.exports
		WHERE report = $1 AND version = $2 AND definition_hash = $3 AND selection = $4 AND `+unexpired+` ORDER BY format`, report, version, definitionHash, s)
}

// Taken says which of the keys belong to exports other than those that [Same] would list, which a new file must not
// replace.
func Taken(ctx context.Context, db pg.Querier, keys []string, report string, version int64, definitionHash string, s Selection) ([]string, error) {
	rows, _ := db.Query(ctx, `SELECT key FROM reports.exports WHERE key = ANY($1)
		AND (report, version, definition_hash, selection) <> ($2, $3, $4, $5::jsonb) ORDER BY key`, keys, report, version, definitionHash, s)
	taken, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for exports of the same name: %w", err)
	}
	return taken, nil
}

// Add records a file within the transaction that publishes it, in place of an earlier record of the same content, and
// gives it back with id and time. A version that was withdrawn is refused.
func Add(ctx context.Context, tx pgx.Tx, e Export) (Export, error) {
	if err := refuseWithdrawn(ctx, tx, e); err != nil {
		return Export{}, err
	}
	for _, key := range append([]string{e.Key}, e.Sidecars...) {
		if err := lockKey(ctx, tx, key); err != nil {
			return Export{}, err
		}
	}
	return one(query(ctx, tx, `
		INSERT INTO reports.exports (report, version, definition_version, definition_hash, selection, format, name, key, beside,
			size, rows, checksum, altered, sha256, as_of, run_id, job_id, lint, encrypted, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, '{}'::text[]), $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
			CASE WHEN $20::float8 > 0 THEN clock_timestamp() + make_interval(secs => $20) END)
		ON CONFLICT (report, version, definition_hash, selection, format) DO UPDATE SET
			name = EXCLUDED.name, key = EXCLUDED.key, beside = EXCLUDED.beside, size = EXCLUDED.size, rows = EXCLUDED.rows,
			checksum = EXCLUDED.checksum, altered = EXCLUDED.altered, sha256 = EXCLUDED.sha256, as_of = EXCLUDED.as_of,
			run_id = EXCLUDED.run_id, job_id = EXCLUDED.job_id, lint = EXCLUDED.lint, created_at = EXCLUDED.created_at,
			encrypted = EXCLUDED.encrypted, expires_at = EXCLUDED.expires_at, verified_at = NULL, damaged_at = NULL
		RETURNING `+columns,
		e.Report, e.Version, e.DefinitionVersion, e.DefinitionHash, e.Selection, e.Format, e.Name, e.Key, e.Sidecars,
		e.Size, e.Rows, e.Checksum, e.Coerced, e.SHA256, e.AsOf, e.RunID, e.JobID, e.Lint, e.Encrypted, e.Retention.Seconds()))
}

func query(ctx context.Context, db pg.Querier, sql string, args ...any) ([]Export, error) {
	rows, _ := db.Query(ctx, sql, args...) // CollectRows has the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Export])
	if err != nil {
		return nil, fmt.Errorf("read or record exports: %w", err)
	}
	return list, nil
}

func one(list []Export, err error) (Export, error) {
	if err != nil {
		return Export{}, err
	}
	if len(list) == 0 {
		return Export{}, ErrNone
	}
	return list[0], nil
}
