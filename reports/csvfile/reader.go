package csvfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

	"cpd-jobs/reports/table"
)

// Rows reads a file that [Writer] wrote, as values of the given columns. It is strict: what a Writer would not have
// written is an error, after which there are no more rows. A row is valid until the next.
//
// The standard library's reader is no use for comparing: it turns CRLF within a field into LF.
func Rows(r io.Reader, columns []table.Column) iter.Seq2[[]table.Value, error] {
	return rows(r, "", columns)
}

// ExcelRows is Rows for a file that [NewExcelWriter] began.
func ExcelRows(r io.Reader, columns []table.Column) iter.Seq2[[]table.Value, error] {
	return rows(r, ByteOrderMark, columns)
}

func rows(r io.Reader, mark string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) {
		rd := &reader{in: bufio.NewReaderSize(r, 64<<10)}
		if err := rd.begin(mark, columns); err != nil {
			yield(nil, err)
			return
		}
		row := make([]table.Value, len(columns))
		for {
			err := rd.row(row, columns)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

type reader struct {
	in    *bufio.Reader
	line  int // of the file, from 1, where the present row began
	field []byte
}

func (r *reader) begin(mark string, columns []table.Column) error {
	if err := r.mark(mark); err != nil {
		return err
	}
	return r.header(columns)
}

// mark reads past what the file must begin with.
func (r *reader) mark(mark string) error {
	got, err := r.in.Peek(len(mark))
	if err != nil || string(got) != mark {
		return errors.New("it does not begin with a byte order mark")
	}
	_, err = r.in.Discard(len(mark))
	return err
}

func (r *reader) header(columns []table.Column) error {
	r.line++
	for i, c := range columns {
		text, last, err := r.next()
		if err != nil {
			return fmt.Errorf("header: %w", noEOF(err))
		}
		if got := Original(text); got != c.Name || last != (i == len(columns)-1) {
			return fmt.Errorf("header: column %d is %q, not %q of %d", i+1, got, c.Name, len(columns))
		}
	}
	return nil
}

// row fails with io.EOF only where the file ends after a whole row.
func (r *reader) row(row []table.Value, columns []table.Column) error {
	r.line++
	if _, err := r.in.Peek(1); err != nil {
		return err
	}
	for i, c := range columns {
		text, last, err := r.next()
		if err != nil {
			return fmt.Errorf("row %d: %w", r.line, noEOF(err))
		}
		if last != (i == len(columns)-1) {
			return fmt.Errorf("row %d: ends after %d of %d fields, or does not end there", r.line, i+1, len(columns))
		}
		row[i] = table.Parse(Original(text), c.Type)
	}
	return nil
}

// next reads one field and says whether the row ends with it.
func (r *reader) next() (text string, last bool, err error) {
	r.field = r.field[:0]
	c, err := r.in.ReadByte()
	if err != nil {
		return "", false, err
	}
	if c == '"' {
		if err := r.quoted(); err != nil {
			return "", false, err
		}
		c, err = r.in.ReadByte()
	} else {
		c, err = r.bare(c)
	}
	if err != nil {
		return "", false, err
	}
	last, err = r.separator(c)
	return string(r.field), last, err
}

// bare collects what stands before the next comma or CR, which it returns.
func (r *reader) bare(c byte) (byte, error) {
	var err error
	for err == nil && c != ',' && c != '\r' {
		if c == '"' || c == '\n' {
			return 0, fmt.Errorf("%q outside quotes", c)
		}
		r.field = append(r.field, c)
		c, err = r.in.ReadByte()
	}
	return c, err
}

// quoted collects what stands before the closing quote.
func (r *reader) quoted() error {
	for {
		chunk, err := r.in.ReadSlice('"')
		r.field = append(r.field, chunk...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return err
		}
		if next, err := r.in.Peek(1); err != nil || next[0] != '"' {
			r.field = r.field[:len(r.field)-1]
			return nil // the end of the file is for separator to complain of
		}
		if _, err := r.in.Discard(1); err != nil {
			return err
		}
	}
}

func (r *reader) separator(c byte) (last bool, err error) {
	if c == ',' {
		return false, nil
	}
	lf, err := r.in.ReadByte()
	if err != nil {
		return false, err
	}
	if c != '\r' || lf != '\n' {
		return false, fmt.Errorf("%q after a field", []byte{c, lf})
	}
	return true, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
