package csvfile

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"cpd-jobs/reports/table"
)

// Rows reads a file that [Writer] wrote for a document, as values of its columns. What a Writer would not have written
// is an error, after which there are no more rows. A row is valid until the next.
func Rows(r io.Reader, doc table.Document) iter.Seq2[[]table.Value, error] { return rows(r, "", doc) }

// ExcelRows is Rows for a file that [NewExcelWriter] began.
func ExcelRows(r io.Reader, doc table.Document) iter.Seq2[[]table.Value, error] {
	return rows(r, ByteOrderMark, doc)
}

func rows(r io.Reader, mark string, doc table.Document) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) {
		in, err := begin(bufio.NewReaderSize(r, bufferSize), mark, doc.Columns)
		if err != nil {
			yield(nil, err)
			return
		}
		row := make([]table.Value, len(doc.Columns))
		for {
			fields, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for i, c := range doc.Columns {
				text := unescape(fields[i])
				if !doc.Layout.Raw {
					text = Original(text)
				}
				row[i] = table.Parse(text, c.Type)
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// begin reads past the mark and the header.
func begin(r *bufio.Reader, mark string, columns []table.Column) (*csv.Reader, error) {
	if got, err := r.Peek(len(mark)); err != nil || string(got) != mark {
		return nil, errors.New("it does not begin with a byte order mark")
	}
	_, _ = r.Discard(len(mark)) // which was just peeked at
	in := csv.NewReader(&exact{in: r, last: '\n'})
	in.FieldsPerRecord, in.ReuseRecord = len(columns), true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	for i, c := range columns {
		if got := Original(header[i]); got != c.Name {
			return nil, fmt.Errorf("header: column %d is %q, not %q", i+1, got, c.Name)
		}
	}
	return in, nil
}

// exact hands a file on to encoding/csv, which turns CRLF within a field into LF and takes either as the end of a row:
// within quotes carriage returns are escaped, and elsewhere CRLF alone is let through.
type exact struct {
	in      *bufio.Reader
	quoted  bool
	last    byte
	pending byte // the second of an escape
}

// escape stands in front of itself, and of the r that stands for a carriage return. It is no part of any text in UTF-8.
const escape = 0xff

func (e *exact) Read(p []byte) (n int, err error) {
	for ; n < len(p); n++ {
		if e.pending != 0 {
			p[n], e.pending = e.pending, 0
			continue
		}
		c, err := e.in.ReadByte()
		switch {
		case err == io.EOF && n == 0 && e.last != '\n':
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return n, err
		case c == '"':
			e.quoted = !e.quoted
		case !e.quoted && (c == '\n') != (e.last == '\r'):
			return n, errors.New("a row does not end with CRLF")
		}
		if c == '\r' && e.quoted {
			p[n], e.pending, e.last = escape, 'r', 'r'
			continue
		}
		if c == escape {
			e.pending = escape
		}
		p[n], e.last = c, c
	}
	return n, nil
}

var unescaper = strings.NewReplacer("\xff\xff", "\xff", "\xffr", "\r")

func unescape(field string) string {
	if strings.IndexByte(field, escape) < 0 {
		return field
	}
	return unescaper.Replace(field)
}
