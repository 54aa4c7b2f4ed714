package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"cpd-jobs/reports/table"
)

// scanner reads the rows of one sheet. It knows just the XML that sheets are written in here, to the letter, which makes it many
// times faster than encoding/xml: what it does not know was not written here.
type scanner struct {
	in      io.Reader
	whole   []byte // read: rows of which nothing is missing
	buf     []byte // read: what comes after these
	full    []byte // what both are parts of
	columns []table.Column
	header  int
	row     []table.Value

	number []byte // of the row in hand
	texts  []byte // of the row in hand, one after the other
	spans  []span
}

// span is where a text is in texts.
type span struct{ column, from, to int }

// chunk is how much is read at once; a longer row makes the scanner read more.
const chunk = 256 << 10

func newScanner(r io.Reader, columns []table.Column, header int) *scanner {
	return &scanner{in: r, full: make([]byte, 0, 2*chunk), columns: columns, header: header, row: make([]table.Value, len(columns))}
}

var (
	rowsStart = []byte(`<sheetData>`)
	rowStart  = []byte(`<row r="`)
	rowEnd    = []byte(`</row>`)
	rowsEnd   = []byte(`</sheetData>`)
)

// start goes to the first row.
func (s *scanner) start() error {
	for {
		if _, after, found := bytes.Cut(s.buf, rowsStart); found {
			s.buf = after
			return nil
		}
		if err := s.more(); err != nil {
			return unexpected(err)
		}
	}
}

// next reads the next row below the header, and is io.EOF after the last.
func (s *scanner) next() ([]table.Value, error) {
	for {
		if len(s.whole) == 0 {
			if err := s.gather(); err != nil {
				return nil, err
			}
		}
		n, err := s.parse()
		if err != nil {
			return nil, fmt.Errorf("row %s: %w", s.number, err)
		}
		if n > s.header {
			return s.row, nil
		}
	}
}

// gather reads on until there is a whole row.
func (s *scanner) gather() error {
	for {
		if last := bytes.LastIndex(s.buf, rowEnd); last >= 0 {
			s.whole, s.buf = s.buf[:last+len(rowEnd)], s.buf[last+len(rowEnd):]
			return nil
		}
		if bytes.HasPrefix(s.buf, rowsEnd) {
			return io.EOF
		}
		if err := s.more(); err != nil {
			return unexpected(err)
		}
	}
}

// more reads on, and keeps what is not used yet.
func (s *scanner) more() error {
	kept := copy(s.full[:cap(s.full)], s.buf)
	if kept > cap(s.full)-chunk {
		grown := make([]byte, kept, 2*cap(s.full))
		copy(grown, s.full[:kept])
		s.full = grown
	}
	n, err := s.in.Read(s.full[kept:cap(s.full)])
	s.full = s.full[:kept+n]
	s.buf = s.full
	if n > 0 {
		return nil
	}
	return err
}

// parse fills the row from the next of the whole ones and gives its number.
func (s *scanner) parse() (int, error) {
	rest, ok := bytes.CutPrefix(s.whole, rowStart)
	end := bytes.IndexByte(rest, '"')
	if !ok || end < 0 {
		return 0, fmt.Errorf("it begins with %.40q", s.whole)
	}
	s.number = append(s.number[:0], rest[:end]...)
	n, ok := parseInt(s.number)
	tag := bytes.IndexByte(rest, '>')
	if !ok || tag < 0 {
		return 0, fmt.Errorf("it begins with %.40q", s.whole)
	}
	cells := rest[tag+1:]
	if n < int64(s.header) {
		_, s.whole, _ = bytes.Cut(cells, rowEnd)
		return int(n), nil
	}
	clear(s.row)
	s.texts, s.spans = s.texts[:0], s.spans[:0]
	for !bytes.HasPrefix(cells, rowEnd) {
		used, err := s.cell(cells, n > int64(s.header))
		if err != nil {
			return 0, err
		}
		cells = cells[used:]
	}
	s.whole = cells[len(rowEnd):]
	s.fillTexts()
	return int(n), nil
}

// fillTexts makes one string of all texts of the row: many short ones would take most of the time.
func (s *scanner) fillTexts() {
	all := string(s.texts)
	for _, t := range s.spans {
		text := all[t.from:t.to]
		if kind := s.columns[t.column].Type; kind == table.Text || kind == table.List {
			s.row[t.column] = table.String(text)
		} else {
			s.row[t.column] = table.Parse(text, kind)
		}
	}
}

// Pieces of a cell, in their order.
var (
	cellStart   = []byte(`<c r="`)
	cellStyle   = []byte(`" s="`)
	inlineText  = []byte(` t="inlineStr"><is><t`)
	keptSpaces  = []byte(` xml:space="preserve"`)
	textEnd     = []byte(`</t></is></c>`)
	truth       = []byte(` t="b"><v>`)
	numberStart = []byte(`><v>`)
	valueEnd    = []byte(`</v></c>`)
)

var errCell = errors.New("a cell is not written as cells are here")

// cell reads one cell at the beginning of b and says how long it is.
func (s *scanner) cell(b []byte, wanted bool) (used int, err error) {
	at, ok := skip(b, 0, cellStart)
	column := 0
	for ; ok && at < len(b) && b[at] >= 'A' && b[at] <= 'Z'; at++ {
		column = column*26 + int(b[at]-'A') + 1
	}
	column--
	if at, ok = then(b, at, ok, s.number); ok {
		at, ok = skip(b, at, cellStyle)
	}
	for ok && at < len(b) && b[at] >= '0' && b[at] <= '9' {
		at++
	}
	if !ok || at >= len(b) || b[at] != '"' {
		return 0, fmt.Errorf("%w: %.80q", errCell, b)
	}
	if column < 0 || column >= len(s.columns) {
		return 0, fmt.Errorf("a cell out of the table: %.40q", b)
	}
	at++
	if after, ok := skip(b, at, inlineText); ok {
		return s.textCell(b, after, column, wanted)
	}
	return s.valueCell(b, at, column, wanted)
}

// skip says where b goes on behind piece, if piece is what stands at a place.
func skip(b []byte, at int, piece []byte) (int, bool) {
	if at <= len(b) && bytes.HasPrefix(b[at:], piece) {
		return at + len(piece), true
	}
	return at, false
}

// then skips one piece more where the ones before it were there.
func then(b []byte, at int, ok bool, piece []byte) (int, bool) {
	if !ok {
		return at, false
	}
	return skip(b, at, piece)
}

func (s *scanner) textCell(b []byte, at, column int, wanted bool) (int, error) {
	at, _ = skip(b, at, keptSpaces)
	at, ok := skip(b, at, []byte{'>'})
	length := -1
	if ok {
		length = bytes.IndexByte(b[at:], '<')
	}
	if length < 0 {
		return 0, fmt.Errorf("%w: %.80q", errCell, b)
	}
	end, ok := skip(b, at+length, textEnd)
	if !ok {
		return 0, fmt.Errorf("%w: %.80q", errCell, b)
	}
	if wanted {
		from := len(s.texts)
		var err error
		if s.texts, err = appendDecoded(s.texts, b[at:at+length]); err != nil {
			return 0, err
		}
		s.spans = append(s.spans, span{column, from, len(s.texts)})
	}
	return end, nil
}

func (s *scanner) valueCell(b []byte, at, column int, wanted bool) (int, error) {
	at, isTruth := skip(b, at, truth)
	ok := isTruth
	if !isTruth {
		at, ok = skip(b, at, numberStart)
	}
	length := -1
	if ok {
		length = bytes.IndexByte(b[at:], '<')
	}
	if length < 0 {
		return 0, fmt.Errorf("%w: %.80q", errCell, b)
	}
	end, ok := skip(b, at+length, valueEnd)
	if !ok {
		return 0, fmt.Errorf("%w: %.80q", errCell, b)
	}
	if !wanted {
		return end, nil
	}
	var err error
	s.row[column], err = decodeValue(b[at:at+length], isTruth, s.columns[column].Type)
	return end, err
}

func decodeValue(text []byte, isTruth bool, t table.Type) (table.Value, error) {
	switch {
	case isTruth && len(text) == 1 && (text[0] == '0' || text[0] == '1'):
		return table.Bool(text[0] == '1'), nil
	case isTruth:
		return table.Value{}, fmt.Errorf("%q is neither true nor false", text)
	case t == table.Integer:
		n, ok := parseInt(text)
		if !ok {
			return table.Value{}, fmt.Errorf("%q is no whole number", text)
		}
		return table.Int(n), nil
	case t == table.Decimal:
		return table.Number(string(text)), nil
	}
	serial, err := strconv.ParseFloat(string(text), 64)
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

// parseInt reads a whole number of up to 18 digits.
func parseInt(text []byte) (n int64, ok bool) {
	digits, negative := bytes.CutPrefix(text, []byte{'-'})
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
