package xlsx

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"cpd-jobs/reports/table"
)

// scanner reads the rows of one sheet. It knows just the XML that sheets are written in here (no comments, no single
// quotes, nothing split over lines within a tag), which makes it many times faster than encoding/xml.
type scanner struct {
	in      *bufio.Reader
	columns []table.Column
	header  int
	row     []table.Value
	text    []byte // collected so far
	tag     []byte
}

func newScanner(r io.Reader, columns []table.Column, header int) *scanner {
	return &scanner{in: bufio.NewReaderSize(r, 64<<10), columns: columns, header: header, row: make([]table.Value, len(columns))}
}

// next reads the next row below the header, and is io.EOF after the last.
func (s *scanner) next() ([]table.Value, error) {
	for {
		tag, err := s.element()
		if err != nil {
			return nil, unexpected(err)
		}
		switch {
		case string(tag) == "/sheetData":
			return nil, io.EOF
		case bytes.HasPrefix(tag, []byte("row ")):
			number, err := strconv.Atoi(string(attribute(tag, ` r="`)))
			if err != nil {
				return nil, fmt.Errorf("a row without a number: <%s>", tag)
			}
			if err := s.cells(number); err != nil {
				return nil, fmt.Errorf("row %d: %w", number, unexpected(err))
			}
			if number > s.header {
				return s.row, nil
			}
		}
	}
}

// cells reads up to the end of a row.
func (s *scanner) cells(row int) error {
	clear(s.row)
	suffix := strconv.Itoa(row)
	for {
		tag, err := s.element()
		if err != nil {
			return err
		}
		if string(tag) == "/row" {
			return nil
		}
		if !bytes.HasPrefix(tag, []byte("c ")) {
			return fmt.Errorf("<%s> where a cell should be", tag)
		}
		column, ok := columnOf(attribute(tag, ` r="`), suffix)
		kind := string(attribute(tag, ` t="`))
		if !ok || column >= len(s.columns) && row >= s.header {
			return fmt.Errorf("a cell out of the table: <%s>", tag)
		}
		if err := s.cell(column, kind, row > s.header); err != nil {
			return err
		}
	}
}

// cell reads up to the end of a cell.
func (s *scanner) cell(column int, kind string, wanted bool) error {
	s.text = s.text[:0]
	for {
		if err := s.until('<'); err != nil {
			return err
		}
		tag, err := s.rest()
		if err != nil {
			return err
		}
		if string(tag) == "/c" {
			break
		}
	}
	if !wanted {
		return nil
	}
	v, err := decodeCell(s.text, kind, s.columns[column].Type)
	s.row[column] = v
	return err
}

// element reads up to and with the next tag, and gives what stands between its brackets.
func (s *scanner) element() ([]byte, error) {
	for {
		_, err := s.in.ReadSlice('<')
		if err == nil {
			return s.rest()
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// until collects text up to a byte, which it consumes.
func (s *scanner) until(end byte) error {
	for {
		chunk, err := s.in.ReadSlice(end)
		s.text = append(s.text, chunk...)
		if err == nil {
			s.text = s.text[:len(s.text)-1]
			return nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// rest reads the rest of a tag. It is valid until the next call.
func (s *scanner) rest() ([]byte, error) {
	s.tag = s.tag[:0]
	for {
		chunk, err := s.in.ReadSlice('>')
		s.tag = append(s.tag, chunk...)
		if err == nil {
			return s.tag[:len(s.tag)-1], nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// attribute finds the value behind start, which ends in an opening quote.
func attribute(tag []byte, start string) []byte {
	_, after, _ := bytes.Cut(tag, []byte(start))
	value, _, _ := bytes.Cut(after, []byte(`"`))
	return value
}

// columnOf gives the number, from 0, of the column of a cell in the row whose number is suffix.
func columnOf(ref []byte, suffix string) (int, bool) {
	letters, ok := strings.CutSuffix(string(ref), suffix)
	n := 0
	for _, c := range []byte(letters) {
		if c < 'A' || c > 'Z' {
			return 0, false
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1, ok && n > 0
}

func decodeCell(text []byte, kind string, t table.Type) (table.Value, error) {
	switch kind {
	case "inlineStr":
		s, err := decodeText(text)
		if err != nil {
			return table.Value{}, err
		}
		return table.Parse(s, t), nil
	case "b":
		return table.Bool(string(text) == "1"), nil
	case "":
		return decodeNumber(string(text), t)
	}
	return table.Value{}, fmt.Errorf("a cell of type %q", kind)
}

func decodeNumber(text string, t table.Type) (table.Value, error) {
	if t == table.Integer {
		n, err := strconv.ParseInt(text, 10, 64)
		return table.Int(n), err
	}
	if t == table.Decimal {
		return table.Number(text), nil
	}
	serial, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return table.Value{}, err
	case t == table.Timestamp:
		return table.Time(fromSerial(serial)), nil
	case t == table.Date:
		return table.Day(fromSerial(serial)), nil
	}
	return table.Value{}, fmt.Errorf("the number %s in a column of type %s", text, t)
}

// decodeText undoes XML's escapes and then the spreadsheet's own, _x000D_.
func decodeText(text []byte) (string, error) {
	if bytes.IndexByte(text, '&') < 0 && bytes.IndexByte(text, '_') < 0 {
		return string(text), nil
	}
	out := make([]byte, 0, len(text))
	for {
		before, after, found := bytes.Cut(text, []byte{'&'})
		out = append(out, before...)
		if !found {
			return unescape(string(out)), nil
		}
		name, rest, ok := bytes.Cut(after, []byte{';'})
		r, known := entity(string(name))
		if !ok || !known {
			return "", fmt.Errorf("an unknown entity in %.40q", text)
		}
		out = utf8.AppendRune(out, r)
		text = rest
	}
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	number, numeric := strings.CutPrefix(name, "#")
	base := 10
	if hex, ok := strings.CutPrefix(number, "x"); ok {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(number, base, 31)
	return rune(n), numeric && err == nil
}

// unescape turns _xHHHH_ into the character, as spreadsheet programs do.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if r, ok := escaped(s[i:]); ok {
			b.WriteRune(r)
			i += len("_xHHHH_") - 1
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func escaped(s string) (rune, bool) {
	if len(s) < 7 || s[:2] != "_x" || s[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil && utf8.ValidRune(rune(n))
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
