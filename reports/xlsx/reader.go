package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"

	"cpd-jobs/reports/table"
	"cpd-jobs/reports/xmlscan"
)

// Reader reads back workbooks that [Writer] wrote, to compare them with what was written. It is no reader of other
// people's workbooks: what a Writer would not have written is an error.
type Reader struct {
	zip    *zip.Reader
	tables map[string]markedUp
	shared []string
}

// markedUp is a table of the workbook.
type markedUp struct {
	sheet    string // part within the archive
	header   int
	headings []string
}

// NewReader finds the tables of a workbook of the given size.
func NewReader(file io.ReaderAt, size int64) (*Reader, error) {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return nil, fmt.Errorf("open the workbook: %w", err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	r := &Reader{zip: z, tables: map[string]markedUp{}}
	for _, f := range z.File {
		if dir, name := path.Split(f.Name); dir == "xl/worksheets/" {
			if err := r.addTable(f.Name, dir+"_rels/"+name+".rels"); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	if err := r.readShared(); err != nil {
		return nil, fmt.Errorf("%s: %w", sharedPart, err)
	}
	return r, nil
}

type relations struct {
	List []struct {
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

type tablePart struct {
	Name    string `xml:"displayName,attr"`
	Ref     string `xml:"ref,attr"`
	Columns []struct {
		Name string `xml:"name,attr"`
	} `xml:"tableColumns>tableColumn"`
}

func (r *Reader) addTable(sheet, rels string) error {
	var related relations
	if err := r.decode(rels, &related); err != nil {
		return err
	}
	for _, rel := range related.List {
		if !strings.HasSuffix(rel.Type, "/table") {
			continue
		}
		var t tablePart
		if err := r.decode(path.Join(path.Dir(sheet), rel.Target), &t); err != nil {
			return err
		}
		_, first, _ := strings.Cut(firstCell.FindString(t.Ref), "A")
		header, err := strconv.Atoi(first)
		if err != nil {
			return fmt.Errorf("table %s at %q does not begin in column A", t.Name, t.Ref)
		}
		found := markedUp{sheet: sheet, header: header}
		for _, c := range t.Columns {
			found.headings = append(found.headings, c.Name)
		}
		r.tables[t.Name] = found
	}
	return nil
}

var firstCell = regexp.MustCompile(`^A\d+`)

// decode reads a small part; one that is not there is empty.
func (r *Reader) decode(name string, into any) error {
	f, err := r.zip.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := xml.NewDecoder(f).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Rows reads the rows of a table and of those that continue it (name_2 and on), as values of the given columns. After
// an error there are no more. A row is valid until the next.
func (r *Reader) Rows(name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) {
		for n := 1; ; n++ {
			part := name
			if n > 1 {
				part += "_" + strconv.Itoa(n)
			}
			t, ok := r.tables[part]
			if !ok && n > 1 {
				return
			}
			more, err := false, errors.New("the workbook has no such table")
			if ok {
				more, err = r.tableRows(t, columns, yield)
			}
			if err != nil {
				yield(nil, fmt.Errorf("table %s: %w", part, err))
			}
			if err != nil || !more {
				return
			}
		}
	}
}

func (r *Reader) tableRows(t markedUp, columns []table.Column, yield func([]table.Value, error) bool) (more bool, err error) {
	headings := make([]string, len(columns))
	for i, c := range columns {
		headings[i] = c.Heading()
	}
	if !slices.Equal(t.headings, headings) {
		return false, fmt.Errorf("it is headed %q, not %q", t.headings, headings)
	}
	f, err := r.zip.Open(t.sheet)
	if err != nil {
		return false, err
	}
	defer f.Close()
	in := readAhead(f)
	defer in.stop()
	s := &sheetReader{Scanner: xmlscan.New(in), columns: columns, shared: r.shared, row: make([]table.Value, len(columns))}
	for {
		err := s.nextRow()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, in) // at its end the archive compares the part's own checksum
			return true, err
		}
		if err == nil && s.number > t.header {
			err = s.cells()
		}
		if err != nil {
			return false, fmt.Errorf("row %d: %w", s.number, err)
		}
		if s.number > t.header && !yield(s.row, nil) {
			return false, nil
		}
	}
}

// sheetReader reads the rows of one sheet.
type sheetReader struct {
	*xmlscan.Scanner
	columns []table.Column
	shared  []string
	number  int // of the row in hand
	row     []table.Value
	texts   []byte // of the row in hand, one after the other
	spans   []span
}

// span is where a text is in texts.
type span struct{ column, from, to int }

// nextRow goes to the next row, and is io.EOF after the last.
func (s *sheetReader) nextRow() error {
	for {
		err := s.Next()
		switch {
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case s.Kind == xmlscan.End && s.Is("sheetData"):
			return io.EOF
		case s.Kind <= xmlscan.Empty && s.Is("row"):
			s.number = s.Int("r", 0)
			return nil
		}
	}
}

// cells fills the row. It makes one string of all texts of the row: many short ones would take most of the time.
func (s *sheetReader) cells() error {
	clear(s.row)
	s.texts, s.spans = s.texts[:0], s.spans[:0]
	err := s.Inside(func() error {
		if s.Kind != xmlscan.Start || !s.Is("c") {
			return fmt.Errorf("<%s> where a cell should be", s.Name)
		}
		return s.cell()
	})
	all := string(s.texts)
	for _, t := range s.spans {
		s.row[t.column] = textValue(all[t.from:t.to], s.columns[t.column].Type)
	}
	return err
}

func textValue(text string, t table.Type) table.Value {
	if t == table.Text || t == table.List {
		return table.String(text)
	}
	return table.Parse(text, t)
}

// cell reads one cell, from its start.
func (s *sheetReader) cell() error {
	column, err := s.column(s.Attr("r"))
	if err != nil {
		return err
	}
	kind := byte('n')
	switch string(s.Attr("t")) {
	case "inlineStr":
		kind = 't'
	case "s":
		kind = 's'
	case "b":
		kind = 'b'
	}
	from, ended := len(s.texts), false
	_ = s.Skip("<is><t>") || s.Skip("<v>")
	for !ended {
		if err := s.Next(); err != nil {
			return err
		}
		if s.Kind == xmlscan.Text {
			s.texts = append(s.texts, s.Text...)
			ended = s.Skip("</t></is></c>") || s.Skip("</v></c>")
		} else {
			ended = s.Kind == xmlscan.End && s.Is("c")
		}
	}
	if kind == 't' {
		if bytes.Contains(s.texts[from:], []byte("_x")) {
			s.texts = append(s.texts[:from], unescape(string(s.texts[from:]))...)
		}
		s.spans = append(s.spans, span{column, from, len(s.texts)})
		return nil
	}
	text := s.texts[from:]
	s.texts = s.texts[:from]
	if kind == 's' {
		n, ok := parseInt(text)
		if !ok || n < 0 || n >= int64(len(s.shared)) {
			return fmt.Errorf("no shared text has the number %.20q", text)
		}
		s.row[column] = textValue(s.shared[n], s.columns[column].Type)
		return nil
	}
	s.row[column], err = decodeValue(text, kind == 'b', s.columns[column].Type)
	return err
}

// column is that of a cell whose reference is B7, which must be of this row and of the table.
func (s *sheetReader) column(ref []byte) (int, error) {
	column, at := 0, 0
	for ; at < len(ref) && ref[at] >= 'A' && ref[at] <= 'Z'; at++ {
		column = column*26 + int(ref[at]-'A') + 1
	}
	row, ok := parseInt(ref[at:])
	if !ok || int(row) != s.number || column < 1 || column > len(s.columns) {
		return 0, fmt.Errorf("a cell out of the table: %.40q", ref)
	}
	return column - 1, nil
}

func decodeValue(text []byte, truth bool, t table.Type) (table.Value, error) {
	switch {
	case truth && len(text) == 1 && (text[0] == '0' || text[0] == '1'):
		return table.Bool(text[0] == '1'), nil
	case truth:
		return table.Value{}, fmt.Errorf("%.40q is neither true nor false", text)
	case t == table.Integer:
		n, ok := parseInt(text)
		if !ok {
			return table.Value{}, fmt.Errorf("%.40q is not a whole number", text)
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

// readShared reads the texts that cells refer to by number.
func (r *Reader) readShared() error {
	f, err := r.zip.Open(sharedPart)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	s := xmlscan.New(f)
	return s.Each(func() error {
		if !s.Is("si") {
			return nil
		}
		var text []byte
		err := s.Inside(func() error {
			if s.Kind == xmlscan.Text {
				text = append(text, s.Text...)
			}
			return nil
		})
		r.shared = append(r.shared, unescape(string(text)))
		return err
	})
}

// unescape turns _xHHHH_ into the character, as spreadsheet programs do.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if looksEscaped(s[i:]) {
			if n, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil && utf8.ValidRune(rune(n)) {
				b.WriteRune(rune(n))
				i += len("_xHHHH_") - 1
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Rows rereads the table called name of a workbook of the given size: see [Reader.Rows].
func Rows(file io.ReaderAt, size int64, name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	r, err := NewReader(file, size)
	if err != nil {
		return func(yield func([]table.Value, error) bool) { yield(nil, err) }
	}
	return r.Rows(name, columns)
}
