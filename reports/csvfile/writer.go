// Package csvfile writes and rereads reports as CSV: RFC 4180, UTF-8, CRLF, times as ISO 8601
// in UTC, an empty field for no value, one header row of column names, and a CSVW description to stand beside the file.
//
// Text that a spreadsheet program would take for a formula is made harmless by an apostrophe in front, as OWASP
// advises; text that is a plain number is left alone, or negative numbers would break. Every other text is as it was.
package csvfile

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"cpd-jobs/reports/table"
)

// Writer writes one file, row by row. It holds one buffer, whatever the number of rows.
type Writer struct {
	out     *bufio.Writer
	columns int
	field   []byte
}

// NewWriter writes the header row.
func NewWriter(w io.Writer, doc table.Document) (*Writer, error) { return newWriter(w, "", doc) }

// ByteOrderMark is by which Excel knows that a file is UTF-8, and without which it shows "£" as "Â£". Tools on the command
// line take it for a part of the first heading.
const ByteOrderMark = "\ufeff"

// NewExcelWriter is NewWriter for people who open the file in Excel: it begins with the byte order mark.
func NewExcelWriter(w io.Writer, doc table.Document) (*Writer, error) {
	return newWriter(w, ByteOrderMark, doc)
}

func newWriter(w io.Writer, mark string, doc table.Document) (*Writer, error) {
	cw := &Writer{out: bufio.NewWriterSize(w, 64<<10), columns: len(doc.Columns)}
	header := make([]table.Value, len(doc.Columns))
	for i, c := range doc.Columns {
		header[i] = table.String(c.Name)
	}
	if _, err := cw.out.WriteString(mark); err != nil {
		return nil, err
	}
	return cw, cw.Add(header)
}

// Add writes a row.
func (w *Writer) Add(row []table.Value) error {
	if len(row) != w.columns {
		return fmt.Errorf("a row of %d values for %d columns", len(row), w.columns)
	}
	for i, v := range row {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.put(v)
	}
	_, err := w.out.WriteString("\r\n")
	return err
}

// Close writes what is still in the buffer. It leaves the underlying writer open.
func (w *Writer) Close() error { return w.out.Flush() }

// put writes one field; an error stays with the buffered writer and comes out at the end of the row.
func (w *Writer) put(v table.Value) {
	if s, ok := v.AsText(); ok {
		w.putText(s)
		return
	}
	w.field = v.Append(w.field[:0])
	w.out.Write(w.field)
}

func (w *Writer) putText(s string) {
	guard := dangerous(s)
	if !guard && !needsQuotes(s) {
		w.out.WriteString(s)
		return
	}
	w.out.WriteByte('"')
	if guard {
		w.out.WriteByte('\'')
	}
	for {
		before, after, found := strings.Cut(s, `"`)
		w.out.WriteString(before)
		if !found {
			break
		}
		w.out.WriteString(`""`)
		s = after
	}
	w.out.WriteByte('"')
}

// needsQuotes is true too where only a careless reader would go wrong: spaces at an end.
func needsQuotes(s string) bool {
	return strings.ContainsAny(s, ",\"\r\n") || s[0] == ' ' || s[len(s)-1] == ' '
}
