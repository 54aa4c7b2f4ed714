package format

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
)

// Row is one row that can be believed. Its values are in the order of the table's columns, cleaned: decoded, trimmed,
// numbers without zeros in front, days as YYYY-MM-DD, nil where missing. They are good until the next row is read.
type Row struct {
	Line   int
	Values [][]byte
}

// Reader reads the rows of one of the register's tables. Close it.
type Reader struct {
	Layout Layout
	// OnIssue hears of every row that is rejected, every value that is left out, and every doubt; nil is nobody.
	OnIssue func(Issue)

	table   *Table
	file    *source.File
	src     io.Closer
	records *source.Records
	row     Row
	scratch []byte
	counts  Counts
	seen    seenURNs
	err     error
}

// Counts account for the rows read so far: Read is Rejected plus the rows given out.
type Counts struct {
	Read, Rejected int64
	// Values were left out of rows that were given out.
	Values int64
	// Doubts are rows given out in which values contradict each other.
	Doubts int64
}

// NewReader reads the header of f and refuses a file that is not the table.
func NewReader(ctx context.Context, table *Table, f *source.File) (*Reader, error) {
	src, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	r := &Reader{table: table, file: f, src: src, records: source.NewRecords(src)}
	if err := r.readHeader(); err != nil {
		_ = src.Close()
		if errors.Is(err, errOther) {
			err = f.NotThis(ctx, "a file of "+table.Part+" of the register")
		}
		return nil, err
	}
	r.row.Values = make([][]byte, len(table.Columns))
	return r, nil
}

func (r *Reader) readHeader() error {
	if !r.records.Next() {
		if err := r.records.Err(); err != nil {
			return r.ended(err)
		}
		return run.Invalid("an empty file does not mean an empty register; fetch it again", "%s is empty", r.file.Name)
	}
	fields := r.records.Record().Fields
	headings := make([]string, len(fields))
	for i, f := range fields {
		headings[i] = source.Showable(strings.TrimSpace(string(f)))
	}
	var err error
	r.Layout, err = layoutOf(r.table, r.file.Name, headings)
	return err
}

// Next reads the next row that can be believed. It is false at the end and after an error.
func (r *Reader) Next() bool {
	for r.err == nil && r.records.Next() {
		rec := r.records.Record()
		r.counts.Read++
		if rec.Unended && (rec.Fault != "" || len(rec.Fields) != r.Layout.Width) {
			r.err = r.ended(source.ErrCut)
			return false
		}
		if r.take(rec) {
			return true
		}
		r.counts.Rejected++
	}
	if r.err == nil {
		r.err = r.ended(r.records.Err())
	}
	return false
}

// Row is what Next read.
func (r *Reader) Row() *Row { return &r.row }

// Counts are final once Next was false.
func (r *Reader) Counts() Counts { return r.counts }

// MayRepeat says whether a key may have been given out more than once. Where the URN alone is the key that is exact.
func (r *Reader) MayRepeat() bool { return r.table.Keys > 1 || r.seen.repeated }

// Err is why the reading ended early, nil at a proper end. A file without a single row is an error too.
func (r *Reader) Err() error { return r.err }

// Close ends the reading.
func (r *Reader) Close() error { return r.src.Close() }

// ended words what the records ended with.
func (r *Reader) ended(err error) error {
	switch {
	case errors.Is(err, source.ErrCut):
		return run.Invalid("any number of rows may be missing; fetch it again", "%s is cut off: it ends in the middle of row %d", r.file.Name, r.counts.Read+1)
	case err != nil:
		return fmt.Errorf("read %s: %w", r.file.Name, err)
	case r.counts.Read == 0:
		return run.Invalid("an empty file does not mean an empty register; fetch it again", "%s has a header and no rows", r.file.Name)
	}
	return nil
}

// take cleans a record into the current row, or rejects it.
func (r *Reader) take(rec source.Record) bool {
	r.row.Line = rec.Line
	clear(r.row.Values)
	r.scratch = r.scratch[:0]
	if rec.Fault != "" {
		return r.reject(-1, string(rec.Fault), nil)
	}
	r.readURN(rec)
	if len(rec.Fields) != r.Layout.Width {
		return r.reject(-1, fmt.Sprintf("has %d fields where the header has %d", len(rec.Fields), r.Layout.Width), nil)
	}
	for i, field := range rec.Fields {
		at := r.Layout.columns[i]
		if at < 0 {
			continue
		}
		if !r.set(at, field) {
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
	value, scratch, fault := r.file.Encoding.Clean(r.scratch, field)
	r.scratch = scratch
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
		value = field // a URN with spaces round it is no URN: nothing is coerced into a key
	}
	value, fault = r.shape(column.Form, value)
	switch {
	case fault == "":
		r.row.Values[at] = value
	case column.Required:
		return r.reject(at, fault, field)
	default:
		r.leaveOut(at, fault, field)
	}
	return true
}
