package format

import (
	"context"
	"errors"

	"cpd-jobs/internal/source"
)

// Row is one row that can be believed. Its values are in the order of the table's columns, cleaned: decoded, trimmed,
// numbers without zeros in front, days as YYYY-MM-DD, nil where missing. They are good until the next row is read.
type Row struct {
	Line   int
	Values [][]byte
	// Unread has a bit for each column whose value could not be read: it is nil, and is no blank.
	Unread uint64
}

// Reader reads the rows of one of the register's tables. Close it.
type Reader struct {
	Layout Layout
	// OnIssue hears of every row that is rejected, every value that is left out, and every doubt; it may be nil.
	OnIssue func(Issue)

	table  *Table
	in     *source.Table
	row    Row
	days   []byte // room for the days of a row
	counts Counts
	forms  []DateForms
	unread []int64
	seen   seenURNs
}

// Counts account for the rows read so far: Read is Rejected plus the rows given out.
type Counts struct {
	Read, Rejected int64
	// Values were left out of rows that were given out.
	Values int64
	// Doubts are rows given out in which values contradict each other, and values that look spoilt.
	Doubts int64
}

// NewReader reads the header of f and refuses a file that is not the table.
func NewReader(ctx context.Context, table *Table, f *source.File) (*Reader, error) {
	in, err := source.OpenTable(ctx, f)
	if err != nil {
		return nil, err
	}
	r := &Reader{table: table, in: in, forms: make([]DateForms, len(table.Columns)), unread: make([]int64, len(table.Columns))}
	r.Layout, err = layoutOf(table, f.Name, in.Header)
	if errors.Is(err, errOther) {
		err = table.notThis(ctx, in)
	}
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	r.row.Values = make([][]byte, len(table.Columns))
	return r, nil
}

// Next reads the next row that can be believed. It is false at the end and after an error.
func (r *Reader) Next() bool {
	for r.in.Next() {
		if r.take(r.in.Record()) {
			return true
		}
		r.counts.Rejected++
	}
	return false
}

// Row is what Next read.
func (r *Reader) Row() *Row { return &r.row }

// Counts are final once Next was false.
func (r *Reader) Counts() Counts {
	c := r.counts
	c.Read = r.in.Read
	return c
}

// Column says how many values of a column could not be read, and in which forms its days stood, by its place in the
// table.
func (r *Reader) Column(at int) (unread int64, forms DateForms) { return r.unread[at], r.forms[at] }

// MayRepeat says whether a key may have been given out more than once. Where the URN alone is the key that is exact.
func (r *Reader) MayRepeat() bool { return r.table.Keys > 1 || r.seen.repeated }

// Err is why the reading ended early, nil at a proper end. A file without a single row is an error too.
func (r *Reader) Err() error { return r.in.Err() }

// Close ends the reading.
func (r *Reader) Close() error { return r.in.Close() }

// take cleans a record into the current row, or rejects it.
func (r *Reader) take(rec source.Record) bool {
	r.row.Line, r.row.Unread, r.days = rec.Line, 0, r.days[:0]
	clear(r.row.Values)
	r.readURN(rec)
	if rec.Fault != "" {
		return r.reject(-1, string(rec.Fault), nil)
	}
	for i, field := range rec.Fields {
		if at := r.Layout.columns[i]; at >= 0 && !r.set(at, field) {
			return false
		}
	}
	if r.table.check != nil && !r.table.check(&r.row, r) {
		return false
	}
	r.seen.add(r.row.Values[atURN])
	return true
}

// readURN takes the row's URN first, if it is one, so that whatever else is wrong can be tied to an establishment.
func (r *Reader) readURN(rec source.Record) {
	for i, at := range r.Layout.columns {
		if at == atURN && i < len(rec.Fields) && IsURN(rec.Fields[i]) {
			r.row.Values[atURN] = rec.Fields[i]
		}
	}
}

// set cleans one field into its column. It is false where the whole row must go.
func (r *Reader) set(at int, field []byte) bool {
	column := &r.table.Columns[at]
	value, fault := r.in.Clean(field)
	if fault != "" {
		return r.reject(at, fault, field)
	}
	if len(value) == 0 {
		if column.Required {
			return r.reject(at, "is blank", field)
		}
		return true
	}
	if column.Form == URN {
		value = field // what is trimmed of a key is for its own rule to say
	}
	value, fault = r.shape(at, value)
	switch {
	case fault == "":
		r.row.Values[at] = value
	case column.Required:
		return r.reject(at, fault, field)
	default:
		r.row.Unread |= 1 << at
		r.unread[at]++
		r.leaveOut(at, fault, field)
	}
	return true
}
