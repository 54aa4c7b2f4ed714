package export

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cpd-jobs/reports/table"
)

// cells turns rows of a query into rows of a table, with one set of variables for all rows.
type cells struct {
	into   []any // what to scan into
	values []func() (table.Value, error)
	row    []table.Value
}

func newCells(fields []pgconn.FieldDescription) (*cells, error) {
	c := &cells{row: make([]table.Value, len(fields))}
	for _, f := range fields {
		into, value := cellOf(f.DataTypeOID)
		if into == nil {
			return nil, fmt.Errorf("column %s has a type that no file can hold (oid %d)", f.Name, f.DataTypeOID)
		}
		c.into, c.values = append(c.into, into), append(c.values, value)
	}
	return c, nil
}

// scan reads the row that rows is at. It is valid until the next.
func (c *cells) scan(rows pgx.Rows) ([]table.Value, error) {
	if err := rows.Scan(c.into...); err != nil {
		return nil, err
	}
	for i, value := range c.values {
		v, err := value()
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", rows.FieldDescriptions()[i].Name, err)
		}
		c.row[i] = v
	}
	return c.row, nil
}

// typeOf is the type of a column of the database, "" for one that no file can hold.
func typeOf(oid uint32) table.Type {
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID:
		return table.Text
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return table.Integer
	case pgtype.NumericOID:
		return table.Decimal
	case pgtype.BoolOID:
		return table.Boolean
	case pgtype.TimestamptzOID:
		return table.Timestamp
	case pgtype.DateOID:
		return table.Date
	case pgtype.TextArrayOID:
		return table.List
	default:
		return ""
	}
}

// cellOf makes a variable for values of a type, and what turns it into a value.
func cellOf(oid uint32) (into any, value func() (table.Value, error)) {
	switch typeOf(oid) {
	case table.Text:
		v := new(pgtype.Text)
		return v, func() (table.Value, error) { return table.String(v.String), nil }
	case table.Integer:
		v := new(pgtype.Int8)
		return v, func() (table.Value, error) { return ifValid(v.Valid, table.Int(v.Int64)), nil }
	case table.Decimal:
		v := new(pgtype.Numeric)
		return v, func() (table.Value, error) { return numberOf(*v) }
	case table.Boolean:
		v := new(pgtype.Bool)
		return v, func() (table.Value, error) { return ifValid(v.Valid, table.Bool(v.Bool)), nil }
	case table.Timestamp:
		v := new(pgtype.Timestamptz)
		return v, func() (table.Value, error) {
			return instantOf(v.Valid, v.InfinityModifier, table.Time(v.Time)), nil
		}
	case table.Date:
		v := new(pgtype.Date)
		return v, func() (table.Value, error) {
			return instantOf(v.Valid, v.InfinityModifier, table.Day(v.Time)), nil
		}
	case table.List:
		v := new(pgtype.FlatArray[pgtype.Text])
		return v, func() (table.Value, error) { return listOf(*v), nil }
	default:
		return nil, nil
	}
}

func ifValid(valid bool, v table.Value) table.Value {
	if !valid {
		return table.Value{}
	}
	return v
}

// instantOf is v, or the word for a time that no calendar has.
func instantOf(valid bool, infinity pgtype.InfinityModifier, v table.Value) table.Value {
	if valid && infinity != pgtype.Finite {
		return table.String(infinity.String())
	}
	return ifValid(valid, v)
}

func numberOf(n pgtype.Numeric) (table.Value, error) {
	text, err := n.Value()
	if err != nil || text == nil {
		return table.Value{}, err
	}
	s, ok := text.(string)
	if !ok {
		return table.Value{}, errors.New("a number without digits")
	}
	return table.Number(s), nil
}

// listOf joins the items; one that is NULL counts as an empty one.
func listOf(items []pgtype.Text) table.Value {
	texts := make([]string, len(items))
	for i, t := range items {
		texts[i] = t.String
	}
	return table.String(strings.Join(texts, table.ListSeparator))
}
