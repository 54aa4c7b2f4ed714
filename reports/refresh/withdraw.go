package refresh

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/schema"
	"cpd-jobs/reports/versions"
)

// Withdrawal says which version of a report is wrong, and why.
type Withdrawal struct {
	Version int64 // 0 is the live one
	Why     string
	// Within, where set, takes the files of those versions away in the transaction that withdraws them.
	Within func(ctx context.Context, tx pgx.Tx, versions []int64) error
	// ProgramVersion is recorded with what is published in its place.
	ProgramVersion string
	Now            clock.Now // nil is the machine's clock
}

// Withdrawn is what withdrawing did.
type Withdrawn struct {
	Report  string `json:"report"`
	Version int64  `json:"version"`
	Why     string `json:"why"`
	// Withdrawn are that version and later ones with the very same rows.
	Withdrawn []int64 `json:"withdrawn"`
	// Restored is the earlier version that is published again, under the number Published; both are 0 where the version
	// withdrawn was not the live one.
	Restored  int64 `json:"restored,omitempty"`
	Published int64 `json:"published,omitempty"`
}

// Withdraw marks a version as wrong, with later ones that have the same rows. If the live one is among them, the newest
// version before it that stands is published again, as a new version with that one's as_of, inputs and definition:
// versions only ever count up, and what was live at an earlier instant stays as it was. A refresh from the very inputs
// and definition that made a withdrawn version is refused from then on, unless forced.
func Withdraw(ctx context.Context, r run.Run, pool *pgxpool.Pool, d *definition.Definition, w Withdrawal) (Withdrawn, error) {
	result := Withdrawn{Report: d.Name, Version: w.Version, Why: strings.TrimSpace(w.Why)}
	if result.Why == "" {
		return result, run.Invalid("say why: people who have the files will ask", "withdraw version %d of %s without a reason", w.Version, d.Name)
	}
	if err := d.RequireHistory(); err != nil {
		return result, err
	}
	if w.Now == nil {
		w.Now = clock.System
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := r.Fence(ctx, tx); err != nil {
			return err
		}
		return withdraw(ctx, tx, r, d, w, &result)
	})
	return result, err
}

func withdraw(ctx context.Context, tx pgx.Tx, r run.Run, d *definition.Definition, w Withdrawal, result *Withdrawn) error {
	if err := SetSession(ctx, tx); err != nil {
		return err
	}
	live, err := versions.LockLive(ctx, tx, d.Name)
	if err != nil {
		return err
	}
	wrong, err := versions.Find(ctx, tx, d, w.Version, time.Time{})
	if err != nil {
		return err
	}
	result.Version = wrong.Version
	first := wrong.Version
	if wrong.Restores != nil { // what was published again is as wrong as its repetition
		first = *wrong.Restores
	}
	rows, _ := tx.Query(ctx, `
		UPDATE reports.refreshes SET withdrawn_at = clock_timestamp(), withdrawn_why = $4
		WHERE report = $1 AND version >= $2 AND content_version = $3 AND withdrawn_at IS NULL
		RETURNING version`,
		d.Name, first, wrong.ContentVersion, result.Why)
	if result.Withdrawn, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		return fmt.Errorf("withdraw version %d of %s: %w", wrong.Version, d.Name, err)
	}
	if len(result.Withdrawn) == 0 {
		return run.Invalid("", "version %d of %s was withdrawn before", wrong.Version, d.Name)
	}
	if w.Within != nil {
		if err := w.Within(ctx, tx, result.Withdrawn); err != nil {
			return fmt.Errorf("take away the files of version %d of %s: %w", wrong.Version, d.Name, err)
		}
	}
	var stands bool
	err = tx.QueryRow(ctx, "SELECT withdrawn_at IS NULL FROM reports.refreshes WHERE report = $1 AND version = $2", d.Name, live).Scan(&stands)
	if err != nil || stands {
		return err
	}
	return restore(ctx, tx, r, d, w, live, result)
}

// restore publishes the newest version that stands again, by the ordinary statements of a refresh.
func restore(ctx context.Context, tx pgx.Tx, r run.Run, d *definition.Definition, w Withdrawal, live int64, result *Withdrawn) error {
	good, err := lastStanding(ctx, tx, d)
	if err != nil {
		return err
	}
	names := stagingNames{
		staged: staging(fmt.Sprintf("%s_restored_%d", d.Name, live)),
		diff:   staging(fmt.Sprintf("%s_restored_%d_d", d.Name, live)),
	}
	f := &refresh{
		run: r, def: d, names: names, sql: definition.NewStatement(d, names.staged, names.diff),
		opts:   Options{ProgramVersion: w.ProgramVersion, Now: w.Now},
		plan:   plan{asOf: good.AsOf, inputs: good.Inputs, base: live, settings: map[string]string{}},
		result: Summary{Report: d.Name, Rows: good.Rows},
	}
	if err := f.restore(ctx, tx, good); err != nil {
		return fmt.Errorf("publish version %d of %s again: %w", good.Version, d.Name, err)
	}
	result.Restored, result.Published = good.Version, f.result.Version
	return nil
}

// lastStanding is the newest version that was computed and is not withdrawn.
func lastStanding(ctx context.Context, tx pgx.Tx, d *definition.Definition) (versions.Version, error) {
	var version int64
	err := tx.QueryRow(ctx, `
		SELECT coalesce(max(version), 0) FROM reports.refreshes
		WHERE report = $1 AND withdrawn_at IS NULL AND restores IS NULL`, d.Name).Scan(&version)
	if err != nil {
		return versions.Version{}, err
	}
	if version == 0 {
		return versions.Version{}, run.Blocked("refresh it from good data instead", "report %s has no earlier version to go back to", d.Name)
	}
	return versions.Find(ctx, tx, d, version, time.Time{})
}

func (f *refresh) restore(ctx context.Context, tx pgx.Tx, good versions.Version) error {
	columns := make([]string, len(f.def.Columns))
	for i, c := range f.def.Columns {
		columns[i] = pg.Ident(c.Name)
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("CREATE UNLOGGED TABLE %s AS SELECT %s FROM %s(%d)",
		f.sql.Staged, strings.Join(columns, ", "), f.sql.AtVersion, good.Version))
	if err != nil {
		return err
	}
	for _, s := range []struct {
		name string
		do   func(context.Context, pgx.Tx, *run.Step) error
	}{{"compare", f.compareRestored}, {"publish", f.write}} {
		if err := f.step(ctx, tx, s.name, s.do); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "DROP TABLE "+f.sql.Diff); err != nil {
		return err
	}
	if err := f.record(ctx, tx); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE reports.refreshes f
		SET restores = o.version, content_version = o.content_version, definition_version = o.definition_version,
		    definition_hash = o.definition_hash
		FROM reports.refreshes o
		WHERE f.report = $1 AND f.version = $2 AND o.report = $1 AND o.version = $3`, f.def.Name, f.result.Version, good.Version)
	if err != nil {
		return err
	}
	return schema.KeepDay(ctx, tx, f.def, f.result.Version, good.AsOf)
}

// compareRestored gives the rows that leave again the reason why they came.
func (f *refresh) compareRestored(ctx context.Context, tx pgx.Tx, s *run.Step) error {
	whole := f.def
	f.def = withoutLeavers(whole)
	err := f.compare(ctx, tx, s)
	f.def = whole
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("UPDATE %s SET _reason = 'version withdrawn' WHERE _action = 'removed'", f.sql.Diff))
	return err
}

func withoutLeavers(d *definition.Definition) *definition.Definition {
	copied := *d
	copied.Leavers = ""
	return &copied
}
