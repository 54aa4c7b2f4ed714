package schema

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

// storage leaves room on each page for changed rows, so that an update seldom touches an index, and has the
// rows that they replace cleared away before they add up.
const storage = "fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05"

// ensureTable makes the report's table, or adds the columns that it lacks: nullable, so that no row is rewritten.
func (d report) ensureTable(ctx context.Context, tx pgx.Tx) error {
	have, err := Columns(ctx, tx, d.Table())
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return d.createTable(ctx, tx)
	}
	for _, c := range d.Columns {
		switch have[c.Name] {
		case c.SQLType():
		case "":
			sql := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", d.Table().Sanitize(), pg.Ident(c.Name), c.SQLType())
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		default:
			return d.refuseRetype("column %s is %s in the table and %s in the definition", c.Name, have[c.Name], c.SQLType())
		}
		delete(have, c.Name)
	}
	for _, gone := range slices.Sorted(maps.Keys(have)) {
		return d.refuseRetype("column %s is in the table and no longer in the definition", gone)
	}
	return nil
}

func (d report) createTable(ctx context.Context, tx pgx.Tx) error {
	lines := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		lines[i] = pg.Ident(c.Name) + " " + c.SQLType()
	}
	sql := fmt.Sprintf("CREATE TABLE %s (%s, PRIMARY KEY (%s)) WITH (%s)",
		d.Table().Sanitize(), strings.Join(lines, ", "), pg.Ident(d.Key), storage)
	if _, err := tx.Exec(ctx, sql); err != nil {
		return err
	}
	order := fmt.Sprintf("CREATE INDEX %s ON %s (%s)", pg.Ident(d.Name+"_order"), d.Table().Sanitize(), d.OrderBy(""))
	_, err := tx.Exec(ctx, order)
	return err
}

// ensureChanges makes the change log; a report with personal data has none.
func (d report) ensureChanges(ctx context.Context, tx pgx.Tx) error {
	if d.Restricted() {
		return nil
	}
	key, _ := d.Column(d.Key)
	table := d.Changes().Sanitize()
	_, err := tx.Exec(ctx, fmt.Sprintf(`
		CREATE TABLE IF NOT EXISTS %[1]s (
		    version     bigint NOT NULL,
		    %[2]s       %[3]s  NOT NULL,
		    action      text   NOT NULL CHECK (action IN ('added', 'removed', 'changed')),
		    reason      text,
		    column_name text,
		    old         jsonb,
		    new         jsonb,
		    row_as_of   timestamptz
		);
		CREATE INDEX IF NOT EXISTS %[4]s ON %[1]s (version, %[2]s);
		CREATE INDEX IF NOT EXISTS %[5]s ON %[1]s (%[2]s, version);
		COMMENT ON TABLE %[1]s IS %[6]s;
		COMMENT ON COLUMN %[1]s.version IS 'Of the refresh that did it, as in reports.refreshes';
		COMMENT ON COLUMN %[1]s.reason IS 'Why the row was removed';
		COMMENT ON COLUMN %[1]s.column_name IS 'The cell that changed; NULL where a whole row was added or removed';
		COMMENT ON COLUMN %[1]s.old IS 'The cell before; the whole row, where it was removed';
		COMMENT ON COLUMN %[1]s.new IS 'The cell after';
		COMMENT ON COLUMN %[1]s.row_as_of IS 'The row''s as_of before; NULL where it was added'`,
		table, pg.Ident(d.Key), key.SQLType(), pg.Ident(d.Name+"_changes_version"), pg.Ident(d.Name+"_changes_key"),
		pg.Literal("What each refresh of "+d.Title+" added, removed and changed, cell by cell")))
	return err
}

func (d report) comment(ctx context.Context, tx pgx.Tx) error {
	sql := []string{fmt.Sprintf("COMMENT ON TABLE %s IS %s", d.Table().Sanitize(), pg.Literal(d.Title+". "+d.About))}
	for _, c := range d.Columns {
		sql = append(sql, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", d.Table().Sanitize(), pg.Ident(c.Name), pg.Literal(comment(c))))
	}
	_, err := tx.Exec(ctx, strings.Join(sql, ";\n"))
	return err
}

func comment(c definition.Column) string {
	text := c.Title + ". " + c.About
	if c.Unit != "" {
		text += " Unit: " + c.Unit + "."
	}
	return text
}

// Columns are the types of a table's columns by name; none if there is no such table.
func Columns(ctx context.Context, db pg.Querier, table pgx.Identifier) (map[string]string, error) {
	rows, _ := db.Query(ctx, `
		SELECT a.attname, format_type(a.atttypid, a.atttypmod)
		FROM pg_attribute a
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`, table.Sanitize())
	types := map[string]string{}
	var name, kind string
	_, err := pgx.ForEachRow(rows, []any{&name, &kind}, func() error {
		types[name] = kind
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table.Sanitize(), err)
	}
	return types, nil
}
