package reports

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ensureHistory makes the functions that rebuild what was published, and the type of their rows: the report's columns,
// then any that it once had. The type only ever grows, so that views over the functions stay.
func (d *Definition) ensureHistory(ctx context.Context, tx pgx.Tx) error {
	if d.Restricted() {
		return nil
	}
	if err := d.ensureRowType(ctx, tx); err != nil {
		return fmt.Errorf("type %s: %w", d.rowType().Sanitize(), err)
	}
	s := newStatement(d, nil, nil)
	attributes, err := attributesOf(ctx, tx, d.rowType())
	if err != nil {
		return err
	}
	for _, a := range attributes {
		value := "NULL::" + a.Type
		if c, ok := d.Column(a.Name); ok && columnTypes[c.Type] == a.Type {
			value = "l." + quoted(a.Name)
		}
		s.RowColumns = append(s.RowColumns, value)
	}
	for _, file := range []string{"at_version.sql", "at.sql"} {
		sql, err := s.render(file)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("COMMENT ON FUNCTION %s(timestamptz) IS %s; COMMENT ON FUNCTION %s(bigint) IS %s",
		s.At, literal(d.Title+" exactly as it was published at an instant"), s.AtVersion, literal(d.Title+" as one refresh published it")))
	return err
}

func (d *Definition) ensureRowType(ctx context.Context, tx pgx.Tx) error {
	have, err := tableColumns(ctx, tx, d.rowType())
	if err != nil {
		return err
	}
	var create, add []string
	for _, c := range d.Columns {
		switch have[c.Name] {
		case columnTypes[c.Type]:
		case "":
			create = append(create, quoted(c.Name)+" "+columnTypes[c.Type])
			add = append(add, "ADD ATTRIBUTE "+quoted(c.Name)+" "+columnTypes[c.Type])
		default:
			return d.refuseRetype("column %s was once %s and is to be %s", c.Name, have[c.Name], columnTypes[c.Type])
		}
	}
	switch {
	case len(have) == 0:
		_, err = tx.Exec(ctx, fmt.Sprintf("CREATE TYPE %s AS (%s)", d.rowType().Sanitize(), strings.Join(create, ", ")))
	case len(add) > 0:
		_, err = tx.Exec(ctx, fmt.Sprintf("ALTER TYPE %s %s", d.rowType().Sanitize(), strings.Join(add, ", ")))
	}
	return err
}

// attribute is a column of a table or of a type.
type attribute struct{ Name, Type string }

// attributesOf lists the columns of a table or type in their order.
func attributesOf(ctx context.Context, db querier, relation pgx.Identifier) ([]attribute, error) {
	rows, _ := db.Query(ctx, `
		SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
		FROM pg_attribute a
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attnum`, relation.Sanitize())
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[attribute])
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", relation.Sanitize(), err)
	}
	return list, nil
}
