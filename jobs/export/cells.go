package export

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cpd-jobs/reports/table"
)

// cells turns rows of a query into rows of a table. It decodes what PostgreSQL sends by itself: millions of cells by
// way of pgx's variables take longer than PostgreSQL takes to send them.
type cells struct {
	fields []pgconn.FieldDescription
	decode []decoder
	row    []table.Value
}

// decoder turns one value, which is not NULL, from the form in which it was sent.
type decoder func(raw []byte) (table.Value, error)

func newCells(types *pgtype.Map, fields []pgconn.FieldDescription) (*cells, error) {
	c := &cells{fields: fields, row: make([]table.Value, len(fields))}
	for _, f := range fields {
		d := decoderOf(types, f)
		if d == nil {
			return nil, fmt.Errorf("column %s has a type that no file can hold (oid %d)", f.Name, f.DataTypeOID)
		}
		c.decode = append(c.decode, d)
	}
	return c, nil
}

// scan decodes the row that rows is at. It is valid until the next.
func (c *cells) scan(rows pgx.Rows) ([]table.Value, error) {
	for i, raw := range rows.RawValues() {
		if raw == nil {
			c.row[i] = table.Value{}
			continue
		}
		v, err := c.decode[i](raw)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.fields[i].Name, err)
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

// decoderOf is what decodes values of a field, nil for a type that no file can hold.
func decoderOf(types *pgtype.Map, f pgconn.FieldDescription) decoder {
	t := typeOf(f.DataTypeOID)
	switch {
	case t == "":
		return nil
	case t == table.Text:
		return recent(func(raw []byte) (table.Value, error) { return table.String(string(raw)), nil })
	case t == table.List:
		return recent(listDecoder(types, f))
	case t == table.Decimal:
		return numberDecoder(types, f)
	case f.Format != pgtype.BinaryFormatCode:
		return textDecoder(types, f, t)
	default:
		return binaryDecoder(t)
	}
}

func binaryDecoder(t table.Type) decoder {
	switch t {
	case table.Integer:
		return decodeInt
	case table.Boolean:
		return decodeBool
	case table.Timestamp:
		return decodeTime
	default:
		return decodeDay
	}
}

var errSize = errors.New("has another size than values of its type")

func decodeInt(raw []byte) (table.Value, error) {
	switch len(raw) {
	case 2:
		return table.Int(int64(int16(binary.BigEndian.Uint16(raw)))), nil
	case 4:
		return table.Int(int64(int32(binary.BigEndian.Uint32(raw)))), nil
	case 8:
		return table.Int(int64(binary.BigEndian.Uint64(raw))), nil
	default:
		return table.Value{}, errSize
	}
}

func decodeBool(raw []byte) (table.Value, error) {
	if len(raw) != 1 {
		return table.Value{}, errSize
	}
	return table.Bool(raw[0] != 0), nil
}

// PostgreSQL counts from 1 January 2000.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func decodeTime(raw []byte) (table.Value, error) {
	if len(raw) != 8 {
		return table.Value{}, errSize
	}
	switch n := int64(binary.BigEndian.Uint64(raw)); n {
	case math.MaxInt64:
		return table.String(pgtype.Infinity.String()), nil
	case math.MinInt64:
		return table.String(pgtype.NegativeInfinity.String()), nil
	default:
		return table.Time(time.Unix(epoch.Unix()+n/1_000_000, n%1_000_000*1000)), nil
	}
}

func decodeDay(raw []byte) (table.Value, error) {
	if len(raw) != 4 {
		return table.Value{}, errSize
	}
	switch n := int32(binary.BigEndian.Uint32(raw)); n {
	case math.MaxInt32:
		return table.String(pgtype.Infinity.String()), nil
	case math.MinInt32:
		return table.String(pgtype.NegativeInfinity.String()), nil
	default:
		return table.Day(epoch.AddDate(0, 0, int(n))), nil
	}
}

// textDecoder is for connections through a pooler, which may send no value in binary form.
func textDecoder(types *pgtype.Map, f pgconn.FieldDescription, t table.Type) decoder {
	switch t {
	case table.Integer:
		return scanned(types, f, func(v pgtype.Int8) table.Value { return table.Int(v.Int64) })
	case table.Boolean:
		return scanned(types, f, func(v pgtype.Bool) table.Value { return table.Bool(v.Bool) })
	case table.Timestamp:
		return scanned(types, f, func(v pgtype.Timestamptz) table.Value { return instantOf(v.InfinityModifier, table.Time(v.Time)) })
	default:
		return scanned(types, f, func(v pgtype.Date) table.Value { return instantOf(v.InfinityModifier, table.Day(v.Time)) })
	}
}

func scanned[T any](types *pgtype.Map, f pgconn.FieldDescription, value func(T) table.Value) decoder {
	return func(raw []byte) (table.Value, error) {
		var v T
		err := types.Scan(f.DataTypeOID, f.Format, raw, &v)
		return value(v), err
	}
}

// instantOf is v, or the word for a time that no calendar has.
func instantOf(infinity pgtype.InfinityModifier, v table.Value) table.Value {
	if infinity != pgtype.Finite {
		return table.String(infinity.String())
	}
	return v
}

func numberDecoder(types *pgtype.Map, f pgconn.FieldDescription) decoder {
	var n pgtype.Numeric
	return func(raw []byte) (table.Value, error) {
		if err := types.Scan(f.DataTypeOID, f.Format, raw, &n); err != nil {
			return table.Value{}, err
		}
		text, err := n.Value()
		if err != nil {
			return table.Value{}, err
		}
		s, ok := text.(string)
		if !ok {
			return table.Value{}, errors.New("a number without digits")
		}
		return table.Number(s), nil
	}
}

// listDecoder joins the items; one that is NULL counts as an empty one.
func listDecoder(types *pgtype.Map, f pgconn.FieldDescription) decoder {
	var items pgtype.FlatArray[pgtype.Text]
	return func(raw []byte) (table.Value, error) {
		if err := types.Scan(f.DataTypeOID, f.Format, raw, &items); err != nil {
			return table.Value{}, err
		}
		texts := make([]string, len(items))
		for i, t := range items {
			texts[i] = t.String
		}
		return table.String(strings.Join(texts, table.ListSeparator)), nil
	}
}

// recent remembers some values that were decoded: most columns have few, and a text that is known needs no memory.
func recent(decode decoder) decoder {
	const places = 64
	var known [places]struct {
		raw   string
		value table.Value
	}
	return func(raw []byte) (table.Value, error) {
		if len(raw) == 0 || len(raw) > 100 {
			return decode(raw)
		}
		at := &known[(uint(raw[0])*31+uint(raw[len(raw)-1])*7+uint(raw[len(raw)/2])*3+uint(len(raw)))%places]
		if at.raw == string(raw) {
			return at.value, nil
		}
		v, err := decode(raw)
		if err == nil {
			at.raw, at.value = rawText(raw, v), v
		}
		return v, err
	}
}

// rawText is raw as a text, the value's own where they are the same.
func rawText(raw []byte, v table.Value) string {
	if s, ok := v.AsText(); ok && s == string(raw) {
		return s
	}
	return string(raw)
}
