package schema

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

//go:embed sql/*.sql
var templates embed.FS

// ensureHistory makes the functions that rebuild what was published, and the type of their rows: the report's columns,
// then any that it once had. The type only ever grows, so that views over the functions stay.
func (d report) ensureHistory(ctx context.Context, tx pgx.Tx) error {
	if d.Restricted() {
		return nil
	}
	if err := d.ensureRowType(ctx, tx); err != nil {
		return fmt.Errorf("type %s: %w", d.RowType().Sanitize(), err)
	}
	s := definition.NewStatement(d.Definition, nil, nil)
	list, err := attributes(ctx, tx, d.RowType())
	if err != nil {
		return err
	}
	for _, a := range list {
		value := "NULL::" + a.Type
		if c, ok := d.Column(a.Name); ok && c.SQLType() == a.Type {
			value = "l." + pg.Ident(a.Name)
		}
		s.RowColumns = append(s.RowColumns, value)
	}
	for _, file := range []string{"at_version.sql", "at.sql"} {
		sql, err := s.Render(templates, file)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("COMMENT ON FUNCTION %s(timestamptz) IS %s; COMMENT ON FUNCTION %s(bigint) IS %s",
		s.At, pg.Literal(d.Title+" exactly as it was published at an instant"), s.AtVersion, pg.Literal(d.Title+" as one refresh published it")))
	return err
}

func (d report) ensureRowType(ctx context.Context, tx pgx.Tx) error {
	have, err := Columns(ctx, tx, d.RowType())
	if err != nil {
		return err
	}
	var create, add []string
	for _, c := range d.Columns {
		switch have[c.Name] {
		case c.SQLType():
		case "":
			create = append(create, pg.Ident(c.Name)+" "+c.SQLType())
			add = append(add, "ADD ATTRIBUTE "+pg.Ident(c.Name)+" "+c.SQLType())
		default:
			return d.refuseRetype("column %s was once %s and is to be %s", c.Name, have[c.Name], c.SQLType())
		}
	}
	switch {
	case len(have) == 0:
		_, err = tx.Exec(ctx, fmt.Sprintf("CREATE TYPE %s AS (%s)", d.RowType().Sanitize(), strings.Join(create, ", ")))
	case len(add) > 0:
		_, err = tx.Exec(ctx, fmt.Sprintf("ALTER TYPE %s %s", d.RowType().Sanitize(), strings.Join(add, ", ")))
	}
	return err
}

// Column is a column of a table or of a type.
type Column struct{ Name, Type string }

// attributes lists the columns of a table or type in their order.
func attributes(ctx context.Context, db pg.Querier, relation pgx.Identifier) ([]Column, error) {
	rows, _ := db.Query(ctx, `
		SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
		FROM pg_attribute a
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attnum`, relation.Sanitize())
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Column])
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", relation.Sanitize(), err)
	}
	return list, nil
}
