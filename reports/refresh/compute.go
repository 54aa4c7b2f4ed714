package refresh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/schema"
)

// compute fills the staging table by the report's query, in one statement and so of one snapshot.
func (f *refresh) compute(ctx context.Context, tx pgx.Tx, s *run.Step) error {
	query, values, err := Query(ctx, tx, f.def, f.plan.asOf)
	f.plan.settings = values
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, fmt.Sprintf("CREATE UNLOGGED TABLE %s AS\n%s", f.sql.Staged, query))
	if err != nil {
		return err
	}
	f.result.Rows = tag.RowsAffected()
	s.SetRows(f.inputRows(), f.result.Rows)
	return f.checkShape(ctx, tx)
}

func (f *refresh) inputRows() (n int64) {
	for _, in := range f.plan.inputs {
		n += in.Rows
	}
	return n
}

// Query is a report's query as a refresh at that instant runs it, and the settings that are filled in. It is meant to
// run in a transaction after [SetSession].
func Query(ctx context.Context, db pg.Querier, d *definition.Definition, asOf time.Time) (query string, values map[string]string, err error) {
	if values, err = settings(ctx, db, d, asOf); err != nil {
		return "", nil, err
	}
	if query, err = definition.Fill(d.SQL(definition.QueryFile), values, nil); err != nil {
		return "", nil, fmt.Errorf("%s: %w", definition.QueryFile, err)
	}
	return query, values, nil
}

// settings computes what the report's SQL refers to as :'name', the as-of instant among it.
func settings(ctx context.Context, db pg.Querier, d *definition.Definition, asOf time.Time) (map[string]string, error) {
	values := map[string]string{definition.AsOfColumn: pg.Instant(asOf)}
	want := d.Settings
	if want.SQL == "" {
		return values, nil
	}
	sql, err := definition.Fill(d.SQL(want.SQL), values, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", want.SQL, err)
	}
	rows, _ := db.Query(ctx, sql)
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, run.Blocked(want.Hint, "%s (as of %s)", want.None, values[definition.AsOfColumn])
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", want.SQL, err)
	}
	for name, value := range found {
		text, ok := value.(string)
		if !ok {
			return nil, run.Invalid("", "%s: column %s is not text", want.SQL, name)
		}
		values[name] = text
	}
	return values, nil
}

// fill completes one of the definition's SQL files.
func (f *refresh) fill(file string) (string, error) {
	sql, err := f.fillText(f.def.SQL(file))
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return sql, nil
}

func (f *refresh) fillText(sql string) (string, error) {
	return definition.Fill(sql, f.plan.settings, map[string]pgx.Identifier{
		"staged": f.names.staged, "leavers": f.names.diff, "live": f.def.Table(),
	})
}

// checkShape makes sure that the query returns exactly the columns described.
func (f *refresh) checkShape(ctx context.Context, tx pgx.Tx) error {
	have, err := schema.Columns(ctx, tx, f.names.staged)
	if err != nil {
		return err
	}
	for _, c := range f.def.Columns {
		want, got := c.SQLType(), have[c.Name]
		switch {
		case got == "":
			return run.Invalid("", "%s of report %s returns no column %s, which the definition describes", definition.QueryFile, f.def.Name, c.Name)
		case got != want:
			return run.Invalid("cast it in the query", "%s of report %s returns %s as %s, the definition says %s",
				definition.QueryFile, f.def.Name, c.Name, got, want)
		}
		delete(have, c.Name)
	}
	for _, extra := range slices.Sorted(maps.Keys(have)) {
		return run.Invalid("", "%s of report %s returns a column %s, which the definition does not describe", definition.QueryFile, f.def.Name, extra)
	}
	return nil
}
