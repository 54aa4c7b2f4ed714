package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cpd-jobs/internal/run"
)

// Table reads a comma-separated file with a header. It knows the oddities of the programs that save such files: a first
// line `sep=,`, lines that end in CR alone, rows of commas below the last one. A file that is cut off is an error,
// since any number of rows may be missing. Close it.
type Table struct {
	File *File
	// Header is the headings without outer spaces, safe to show.
	Header []string
	// Read counts the rows so far, those with a fault among them.
	Read int64
	// Doubtful may be set for the current row by a caller that sees that it may be half of one. It counts only for the
	// last row of a file: then the file is cut off.
	Doubtful bool

	src     io.Closer
	records *Records
	rec     Record
	scratch []byte
	err     error
}

// OpenTable reads the header of f.
func OpenTable(ctx context.Context, f *File) (*Table, error) {
	src, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	t := &Table{File: f, src: src, records: NewRecords(src)}
	if err := t.readHeader(); err != nil {
		_ = src.Close()
		return nil, err
	}
	return t, nil
}

func (t *Table) readHeader() error {
	fields, ok := t.firstLine()
	if n := len(fields); ok && (n == 1 || n == 2) && strings.HasPrefix(strings.ToLower(string(fields[0])), "sep=") {
		if n == 1 && string(fields[0][len("sep="):]) != "," {
			return run.Invalid("save it with commas", "%s says that its fields are separated by %q", t.File.Name, Showable(string(fields[0][len("sep="):])))
		}
		fields, ok = t.firstLine()
	}
	if !ok {
		if err := t.records.Err(); err != nil {
			return t.ended(err)
		}
		return run.Invalid("an empty file does not mean that everything is gone; fetch it again", "%s is empty", t.File.Name)
	}
	t.Header = make([]string, len(fields))
	for i, f := range fields {
		t.Header[i] = Showable(string(bytes.TrimSpace(f)))
	}
	return nil
}

func (t *Table) firstLine() ([][]byte, bool) {
	ok := t.records.Next()
	return t.records.Record().Fields, ok
}

// Next reads the next row. It is false at the end and after an error. A record that is no row of the table has a fault.
func (t *Table) Next() bool {
	for t.err == nil && t.records.Next() {
		t.rec, t.scratch = t.records.Record(), t.scratch[:0]
		if t.rec.Fault == "" && isBlank(t.rec.Fields) {
			continue
		}
		t.Read++
		t.Doubtful = false
		if t.rec.Fault == "" && len(t.rec.Fields) != len(t.Header) {
			t.rec.Fault = Fault(fmt.Sprintf("has %d fields where the header has %d", len(t.rec.Fields), len(t.Header)))
		}
		if t.rec.Unended && t.rec.Fault != "" {
			t.err = t.cut(t.Read)
		}
		return t.err == nil
	}
	if t.err == nil {
		t.err = t.ended(t.records.Err())
	}
	return false
}

func isBlank(fields [][]byte) bool {
	return !slices.ContainsFunc(fields, func(f []byte) bool { return len(f) > 0 })
}

// Record is what Next read. Its fields are raw: see [Table.Clean].
func (t *Table) Record() Record { return t.rec }

// Clean decodes and trims a field of the current row. The value is good until the next row is read. The fault says why
// it cannot be used, "" if it can.
func (t *Table) Clean(field []byte) (value []byte, fault string) {
	value, t.scratch, fault = t.File.Encoding.Clean(t.scratch, field)
	return value, fault
}

// Err is why the reading ended early, nil at a proper end. A table without a single row is an error too.
func (t *Table) Err() error { return t.err }

// Close ends the reading.
func (t *Table) Close() error { return t.src.Close() }

// ended words what the records ended with.
func (t *Table) ended(err error) error {
	switch {
	case errors.Is(err, ErrCut):
		return t.cut(t.Read + 1)
	case err == nil && t.Doubtful:
		return t.cut(t.Read)
	case err != nil:
		return fmt.Errorf("read %s: %w", t.File.Name, err)
	case t.Read == 0:
		return run.Invalid("an empty file does not mean that everything is gone; fetch it again", "%s has a header and no rows", t.File.Name)
	}
	return nil
}

func (t *Table) cut(row int64) error {
	return run.Invalid("any number of rows may be missing; fetch it again", "%s is cut off: it ends in the middle of row %d", t.File.Name, row)
}

// headerWithin is how many lines are looked through for a header that is not the first.
const headerWithin = 30

// NotThis makes the error of a file whose header is not the wanted one: it names what the file looks like instead, or
// the line that looks like the header.
func (t *Table) NotThis(ctx context.Context, wanted string, isHeader func(headings []string) bool) error {
	if what := looksLike(t.File.start(ctx)); what != "" {
		return run.Invalid("fetch it again", "%s is %s, not %s", t.File.Name, what, wanted)
	}
	for range headerWithin {
		fields, ok := t.firstLine()
		if !ok {
			break
		}
		headings := make([]string, len(fields))
		for i, f := range fields {
			headings[i] = strings.TrimSpace(string(f))
		}
		if isHeader(headings) {
			return run.Invalid(fmt.Sprintf("take away what stands above line %d, or export it without a title", t.records.Record().Line),
				"%s has its header on line %d, below other text", t.File.Name, t.records.Record().Line)
		}
	}
	return run.Invalid("fetch it again", "%s is not %s", t.File.Name, wanted)
}
