package schema

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

// ensureViews replaces the views over the report in place: grants on them and views over them survive.
func (d report) ensureViews(ctx context.Context, tx pgx.Tx) error {
	views := d.AllViews()
	for _, v := range views {
		make := d.ensureView
		if v.Keep != "" {
			make = d.ensureKept
		}
		if err := make(ctx, tx, v); err != nil {
			return fmt.Errorf("view %s: %w", v.Name, err)
		}
	}
	return nil
}

func (d report) ensureView(ctx context.Context, tx pgx.Tx, v definition.View) error {
	sql := fmt.Sprintf("CREATE OR REPLACE VIEW %s AS\n%s;\n", d.View(v).Sanitize(), d.SQL(v.SQL))
	_, err := tx.Exec(ctx, sql+d.viewComments("VIEW", v))
	return err
}

func (d report) viewComments(kind string, v definition.View) string {
	name := d.View(v).Sanitize()
	sql := []string{fmt.Sprintf("COMMENT ON %s %s IS %s", kind, name, pg.Literal(v.Title+". "+v.About))}
	for _, column := range slices.Sorted(maps.Keys(v.Columns)) {
		sql = append(sql, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", name, pg.Ident(column), pg.Literal(v.Columns[column].About)))
	}
	return strings.Join(sql, ";\n")
}

// ensureKept makes the table of what is kept of each day, or adds the columns that it lacks.
func (d report) ensureKept(ctx context.Context, tx pgx.Tx, v definition.View) error {
	name := d.View(v).Sanitize()
	_, err := tx.Exec(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (day date NOT NULL, version bigint NOT NULL, as_of timestamptz NOT NULL);
		CREATE INDEX IF NOT EXISTS %s ON %s (day)`, name, pg.Ident(v.Name+"_day"), name))
	if err != nil {
		return err
	}
	have, err := Columns(ctx, tx, d.View(v))
	if err != nil {
		return err
	}
	want, err := Returned(ctx, tx, d.SQL(v.SQL))
	if err != nil {
		return err
	}
	for _, c := range want {
		if have[c.Name] == "" {
			if _, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", name, pg.Ident(c.Name), c.Type)); err != nil {
				return err
			}
		}
	}
	_, err = tx.Exec(ctx, d.viewComments("TABLE", v))
	return err
}

// Returned lists the columns that a query returns, without running it.
func Returned(ctx context.Context, tx pgx.Tx, sql string) ([]Column, error) {
	prepared, err := tx.Prepare(ctx, "", sql)
	if err != nil {
		return nil, err
	}
	names, types := make([]string, len(prepared.Fields)), make([]uint32, len(prepared.Fields))
	for i, f := range prepared.Fields {
		names[i], types[i] = f.Name, f.DataTypeOID
	}
	rows, _ := tx.Query(ctx, `SELECT name, format_type(type, NULL) AS type FROM unnest($1::text[], $2::oid[]) AS f (name, type)`, names, types)
	return pgx.CollectRows(rows, pgx.RowToStructByName[Column])
}

// KeepDay writes what is kept of the day of the data, in place of what an earlier refresh of that day left.
func KeepDay(ctx context.Context, tx pgx.Tx, d *definition.Definition, version int64, asOf time.Time) error {
	for _, v := range d.AllViews() {
		if v.Keep == "" {
			continue
		}
		columns, err := Returned(ctx, tx, d.SQL(v.SQL))
		if err != nil {
			return fmt.Errorf("keep %s: %w", v.Name, err)
		}
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = pg.Ident(c.Name)
		}
		list, table := strings.Join(names, ", "), d.View(v).Sanitize()
		day := fmt.Sprintf("(%s::timestamptz AT TIME ZONE 'Europe/London')::date", pg.Literal(pg.Instant(asOf)))
		_, err = tx.Exec(ctx, fmt.Sprintf("DELETE FROM %[1]s WHERE day = %[2]s; INSERT INTO %[1]s (day, version, as_of, %[3]s) SELECT %[2]s, %[4]d, %[5]s, %[3]s FROM (\n%[6]s\n) q",
			table, day, list, version, pg.Literal(pg.Instant(asOf)), d.SQL(v.SQL)))
		if err != nil {
			return fmt.Errorf("keep %s: %w", v.Name, err)
		}
	}
	return nil
}
