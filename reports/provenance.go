package reports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Refreshed is the record of one refresh: what it published and from what.
type Refreshed struct {
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

// Overview is one report and what is live of it.
type Overview struct {
	Name    string     `json:"name"`
	Title   string     `json:"title"`
	About   string     `json:"about"`
	Formats []string   `json:"formats"`
	Latest  *Refreshed `json:"latest"` // nil before the first refresh
	// Freshness is how old the latest's data may be before people should worry.
	Freshness time.Duration `json:"-"`
}

const (
	recordedColumns = `report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
		definition_version, definition_hash, program_version, inputs, steps, warnings`
	refreshedColumns = recordedColumns + `, restores, withdrawn_at, withdrawn_why`
)

// Refreshes lists the refreshes of a report, newest first: the first is what is live.
func Refreshes(ctx context.Context, db querier, report string, limit int) ([]Refreshed, error) {
	rows, _ := db.Query(ctx, `SELECT `+refreshedColumns+` FROM reports.refreshes WHERE report = $1 ORDER BY version DESC LIMIT $2`, report, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Refreshed])
	if err != nil {
		return nil, fmt.Errorf("read the refreshes of %s: %w", report, err)
	}
	return list, nil
}

// Withdrawals lists the versions of a report that somebody found wrong, newest first: each says when and why.
func Withdrawals(ctx context.Context, db querier, report string, limit int) ([]Refreshed, error) {
	rows, _ := db.Query(ctx, `SELECT `+refreshedColumns+` FROM reports.refreshes
		WHERE report = $1 AND withdrawn_at IS NOT NULL ORDER BY version DESC LIMIT $2`, report, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Refreshed])
	if err != nil {
		return nil, fmt.Errorf("read what was withdrawn of %s: %w", report, err)
	}
	return list, nil
}

// refreshed reads one refresh; the error is pgx.ErrNoRows if there is none.
func refreshed(ctx context.Context, db querier, report string, version int64) (Refreshed, error) {
	rows, _ := db.Query(ctx, `SELECT `+refreshedColumns+` FROM reports.refreshes WHERE report = $1 AND version = $2`, report, version)
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Refreshed])
	if err != nil {
		return r, fmt.Errorf("read version %d of %s: %w", version, report, err)
	}
	return r, nil
}

// Summaries lists every report of this program with what is live of it.
func Summaries(ctx context.Context, db querier) ([]Overview, error) {
	var list []Overview
	for _, d := range All() {
		o := Overview{Name: d.Name, Title: d.Title, About: d.About, Formats: d.Formats, Freshness: d.Freshness}
		latest, err := Refreshes(ctx, db, d.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(latest) > 0 {
			o.Latest = &latest[0]
		}
		list = append(list, o)
	}
	return list, nil
}

// record writes the refresh, its warnings and the number of the version that is live from now on. The report's row is
// locked, so times follow the order of versions even if the clock is set back.
func (f *refresh) record(ctx context.Context, tx pgx.Tx) error {
	if f.steps == nil {
		return errors.New("no steps were taken")
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO reports.refreshes (`+recordedColumns+`)
		SELECT $1, $2, $3, $4, greatest(clock_timestamp(), last.published_at + interval '1 microsecond'), $5, $6, $7, $8,
		       CASE WHEN $9 OR last.version IS NULL THEN $2 ELSE last.content_version END, $10, $11, $12, $13, $14, $15
		FROM (SELECT) one
		LEFT JOIN reports.refreshes last ON last.report = $1 AND last.version = $2 - 1`,
		f.def.Name, f.result.Version, f.run.ID(), f.plan.asOf, f.result.Rows, f.result.Added, f.result.Removed, f.result.Changed,
		f.changesContent(), f.def.Version, f.def.Hash, f.opts.ProgramVersion, f.plan.inputs, f.steps, len(f.result.Checks))
	if err != nil {
		return err
	}
	if err := f.keepResults(ctx, tx, f.result.Checks, &f.result.Version); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE reports.definitions SET live_version = $2 WHERE report = $1", f.def.Name, f.result.Version)
	return err
}
