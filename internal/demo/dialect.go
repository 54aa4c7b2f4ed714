package demo

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Dialect is a way in which the register's files have been written. All are in Windows-1252.
type Dialect struct {
	dates  string
	eol    string
	quoted bool // every field but bare numbers
	padded bool // codes with leading zeros
	// openEnd leaves out the last line's end in the links file, as the real one does.
	openEnd bool
}

var (
	// Dialect2025 has CRLF, quotes round everything but numbers, and dates as DD-MM-YYYY.
	Dialect2025 = Dialect{dates: "02-01-2006", eol: "\r\n", quoted: true, openEnd: true}
	// Dialect2021 has LF, quotes only where they are needed, dates as DD/MM/YYYY, and zero-padded codes.
	Dialect2021 = Dialect{dates: "02/01/2006", eol: "\n", padded: true}
)

// bare are the columns that the fully quoted dialect leaves without quotes.
var bare = map[string]bool{"URN": true, "LinkURN": true, "UKPRN": true, "Easting": true, "Northing": true}

// lineWriter writes records in a dialect. A failure is kept and told by flush.
type lineWriter struct {
	out     *bufio.Writer
	dialect *Dialect
	bare    []bool
	lines   int
	err     error
}

// newLineWriter writes the header at once.
func newLineWriter(w io.Writer, l *Dialect, header []string) *lineWriter {
	lw := &lineWriter{out: bufio.NewWriterSize(w, 1<<16), dialect: l, bare: make([]bool, len(header))}
	lw.write(header)
	for i, h := range header {
		lw.bare[i] = bare[h]
	}
	return lw
}

// write adds a record. Every line but the first begins by ending the one before, so that the last can stay open.
func (w *lineWriter) write(fields []string) {
	if w.lines > 0 {
		w.out.WriteString(w.dialect.eol)
	}
	w.lines++
	for i, f := range fields {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.field(f, w.dialect.quoted && !w.bare[i] || strings.ContainsAny(f, ",\"\r\n"))
	}
}

func (w *lineWriter) field(f string, quote bool) {
	if quote {
		w.out.WriteByte('"')
		f = strings.ReplaceAll(f, `"`, `""`)
	}
	for _, r := range f {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok && w.err == nil {
			w.err = fmt.Errorf("%q has no place in Windows-1252", f)
		}
		w.out.WriteByte(b)
	}
	if quote {
		w.out.WriteByte('"')
	}
}

// flush ends the file; it returns the records after the header.
func (w *lineWriter) flush(openEnd bool) (int, error) {
	if !openEnd {
		w.out.WriteString(w.dialect.eol)
	}
	if err := w.out.Flush(); err != nil {
		return 0, err
	}
	return w.lines - 1, w.err
}
