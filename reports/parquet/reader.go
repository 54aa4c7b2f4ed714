package parquet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"cpd-jobs/reports/table"
)

// Rows rereads a file of the given size that [Writer] wrote, as values of the given columns, whose names and types it
// must have. After an error there are no more. A row is valid until the next.
func Rows(r io.ReaderAt, size int64, doc table.Document) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) {
		f, err := open(r, size, doc)
		if err != nil {
			yield(nil, err)
			return
		}
		row := make([]table.Value, len(doc.Columns))
		for i, group := range f.RowGroups() {
			more, err := groupOf(group, doc.Columns, row, yield)
			if err != nil {
				yield(nil, fmt.Errorf("row group %d: %w", i+1, err))
			}
			if err != nil || !more {
				return
			}
		}
	}
}

func open(r io.ReaderAt, size int64, doc table.Document) (*parquet.File, error) {
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(128<<10))
	if err != nil {
		return nil, err
	}
	want, err := schemaOf(doc)
	if err != nil {
		return nil, err
	}
	if got := f.Schema().String(); got != want.String() {
		return nil, fmt.Errorf("its columns are %s, not %s", got, want)
	}
	return f, nil
}

// groupOf reads one group.
func groupOf(group parquet.RowGroup, columns []table.Column, row []table.Value, yield func([]table.Value, error) bool) (more bool, err error) {
	rows := group.Rows()
	defer func() { err = errors.Join(err, rows.Close()) }()
	buffer := make([]parquet.Row, 256)
	for {
		n, err := rows.ReadRows(buffer)
		for _, values := range buffer[:n] {
			if err := decode(row, values, columns); err != nil {
				return false, err
			}
			if !yield(row, nil) {
				return false, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// decode turns the values of a row, in order of their columns, lists as one after the other, into ours.
func decode(row []table.Value, values parquet.Row, columns []table.Column) error {
	clear(row)
	var items []string
	for at, v := range values {
		i := v.Column()
		if i < 0 || i >= len(row) {
			return fmt.Errorf("a value of column %d", i)
		}
		if v.IsNull() {
			continue
		}
		if columns[i].Type != table.List {
			row[i] = tableValue(v, columns[i].Type)
			continue
		}
		items = append(items, string(v.ByteArray()))
		if at+1 == len(values) || values[at+1].Column() != i {
			row[i] = table.String(strings.Join(items, table.ListSeparator))
			items = items[:0]
		}
	}
	return nil
}

func tableValue(v parquet.Value, t table.Type) table.Value {
	switch t {
	case table.Integer:
		return table.Int(int64(v.Int32()))
	case table.Decimal:
		return decimalOf(v.Double())
	case table.Boolean:
		return table.Bool(v.Boolean())
	case table.Timestamp:
		return table.Time(time.UnixMicro(v.Int64()))
	case table.Date:
		return table.Day(time.Unix(int64(v.Int32())*secondsOfDay, 0).UTC())
	default:
		return table.String(string(v.ByteArray()))
	}
}
