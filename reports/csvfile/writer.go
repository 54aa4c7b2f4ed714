// Package csvfile writes and rereads reports as CSV: RFC 4180, UTF-8, CRLF, times as ISO 8601
// in UTC, an empty field for no value, one header row of column names, and a CSVW description to stand beside the file.
//
// Text that a spreadsheet program would take for a formula is made harmless by an apostrophe in front, as OWASP
// advises; text that is a plain number is left alone, or negative numbers would break. Every other text is as it was.
// Raw files, which are for programs alone, have every text as it is.
package csvfile

import (
	"fmt"
	"io"
	"strings"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// Writer writes one file, row by row. It holds one buffer, whatever the number of rows.
type Writer struct {
	out     io.Writer
	doc     table.Document
	coerced frontmatter.Coercions
	buffer  []byte
}

// bufferSize is how much is written at a time.
const bufferSize = 64 << 10

// NewWriter writes the header row.
func NewWriter(w io.Writer, doc table.Document) (*Writer, error) { return newWriter(w, "", doc) }

// ByteOrderMark is by which Excel knows that a file is UTF-8, and without which it shows "£" as "Â£". Tools on the
// command line take it for a part of the first heading.
const ByteOrderMark = "\ufeff"

// NewExcelWriter is NewWriter for people who open the file in Excel: it begins with the byte order mark.
func NewExcelWriter(w io.Writer, doc table.Document) (*Writer, error) {
	return newWriter(w, ByteOrderMark, doc)
}

func newWriter(w io.Writer, mark string, doc table.Document) (*Writer, error) {
	cw := &Writer{out: w, doc: doc, buffer: append(make([]byte, 0, bufferSize+bufferSize/8), mark...)}
	for i, c := range doc.Columns {
		if i > 0 {
			cw.buffer = append(cw.buffer, ',')
		}
		cw.buffer = appendText(cw.buffer, c.Name, dangerous(c.Name))
	}
	cw.buffer = append(cw.buffer, "\r\n"...)
	return cw, nil
}

// Add writes a row.
func (w *Writer) Add(row []table.Value) error {
	if len(row) != len(w.doc.Columns) {
		return fmt.Errorf("a row of %d values for %d columns", len(row), len(w.doc.Columns))
	}
	b := w.buffer
	if len(row) == 1 && row[0].Empty() {
		b = append(b, `""`...) // readers skip a blank line
	}
	for i, v := range row {
		if i > 0 {
			b = append(b, ',')
		}
		if s, ok := v.AsText(); ok {
			guard := !w.doc.Layout.Raw && dangerous(s)
			if guard {
				w.coerced.Add(w.doc, row, i, "an apostrophe in front, or spreadsheet programs would run it as a formula")
			}
			b = appendText(b, s, guard)
		} else {
			b = v.Append(b)
		}
	}
	w.buffer = append(b, '\r', '\n')
	if len(w.buffer) < bufferSize {
		return nil
	}
	return w.flush()
}

// Close writes what is still in the buffer. It leaves the underlying writer open.
func (w *Writer) Close() error { return w.flush() }

// Abort does nothing: the writer holds nothing but memory.
func (w *Writer) Abort() error { return nil }

// Coerced are the texts that have an apostrophe in front.
func (w *Writer) Coerced() frontmatter.Coercions { return w.coerced }

// Sum is nil: [Rows] takes the apostrophes away, so it gives back every value as it was.
func (w *Writer) Sum() *table.Sum { return nil }

func (w *Writer) flush() error {
	_, err := w.out.Write(w.buffer)
	w.buffer = w.buffer[:0]
	return err
}

// appendText adds a text that is not empty, with an apostrophe in front if it is to have a guard.
func appendText(b []byte, s string, guard bool) []byte {
	if !guard && !needsQuotes(s) {
		return append(b, s...)
	}
	b = append(b, '"')
	if guard {
		b = append(b, '\'')
	}
	for {
		before, after, found := strings.Cut(s, `"`)
		b = append(b, before...)
		if !found {
			return append(b, '"')
		}
		b = append(b, `""`...)
		s = after
	}
}

// special are the bytes that may stand only between quotes.
var special = [256]bool{',': true, '"': true, '\r': true, '\n': true}

// needsQuotes is true too where only a careless reader would go wrong: spaces at an end.
func needsQuotes(s string) bool {
	for i := range len(s) {
		if special[s[i]] {
			return true
		}
	}
	return s[0] == ' ' || s[len(s)-1] == ' '
}
