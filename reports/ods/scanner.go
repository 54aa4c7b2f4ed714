package ods

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

// scanner reads XML as it is written here (no comments, no single quotes, no brackets within attributes), which makes
// it many times faster than encoding/xml.
type scanner struct {
	in   *bufio.Reader
	long []byte // a tag or a text that the buffer cannot hold at once
	text []byte // of the present cell
}

func newScanner(r io.Reader) *scanner { return &scanner{in: bufio.NewReaderSize(r, 256<<10)} }

// tag is what stands between two brackets. It is valid until the next.
type tag []byte

// is compares the name, which begins with a slash at the end of an element.
func (t tag) is(name string) bool {
	if len(t) < len(name) || string(t[:len(name)]) != name {
		return false
	}
	return len(t) == len(name) || t[len(name)] == ' ' || t[len(name)] == '/'
}

// empty says that the element has no content.
func (t tag) empty() bool { return len(t) > 0 && t[len(t)-1] == '/' }

// get is the value of an attribute, "" where there is none.
func (t tag) get(name string) string {
	value, _ := t.find(name)
	return value
}

func (t tag) find(name string) (string, bool) {
	raw, ok := t.rawAttribute(name)
	if !ok {
		return "", false
	}
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw), true
	}
	text, err := unescape(nil, raw)
	return string(text), err == nil
}

func (t tag) rawAttribute(name string) ([]byte, bool) {
	for rest := []byte(t); ; {
		at := bytes.Index(rest, []byte(name))
		if at < 0 {
			return nil, false
		}
		rest = rest[at+len(name):]
		if value, ok := bytes.CutPrefix(rest, []byte(`="`)); ok {
			if end := bytes.IndexByte(value, '"'); end >= 0 {
				return value[:end], true
			}
		}
	}
}

// element reads up to and with the next tag.
func (s *scanner) element() (tag, error) {
	for {
		_, err := s.in.ReadSlice('<')
		if err == nil {
			return s.upTo('>')
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// upTo reads up to a byte, which is not part of what it gives.
func (s *scanner) upTo(end byte) ([]byte, error) {
	part, err := s.in.ReadSlice(end)
	if err == nil {
		return part[:len(part)-1], nil
	}
	s.long = append(s.long[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = s.in.ReadSlice(end)
		s.long = append(s.long, part...)
	}
	if err != nil {
		return nil, unexpected(err)
	}
	return s.long[:len(s.long)-1], nil
}

// cells reads to the end of a row, which must fill the columns.
func (d *dataReader) cells() error {
	for column := 0; ; {
		t, err := d.element()
		if err != nil {
			return unexpected(err)
		}
		if t.is("/table:table-row") {
			if column != len(d.row) {
				return fmt.Errorf("%d cells for %d columns", column, len(d.row))
			}
			return nil
		}
		if !t.is("table:table-cell") {
			return fmt.Errorf("<%s> where a cell should be", t)
		}
		n, err := d.cell(t, column)
		if err != nil {
			return fmt.Errorf("column %d: %w", column+1, err)
		}
		column += n
	}
}

// cell reads a cell, or several empty ones, and says how many.
func (d *dataReader) cell(t tag, column int) (n int, err error) {
	if n, err = repeated(t); err != nil {
		return 0, err
	}
	if column+n > len(d.row) {
		return 0, fmt.Errorf("more than %d cells", len(d.row))
	}
	if t.empty() {
		clear(d.row[column : column+n])
		return n, nil
	}
	raw, ok := t.rawAttribute("office:value-type")
	if !ok || n != 1 {
		return 0, fmt.Errorf("<%s> is no cell of ours", t)
	}
	if string(raw) == "string" {
		d.row[column], err = d.string(t, d.columns[column].Type)
		return 1, err
	}
	if d.row[column], err = typed(t, string(raw), d.columns[column].Type); err != nil {
		return 0, err
	}
	return 1, d.past("/table:table-cell")
}

func repeated(t tag) (int, error) {
	text, ok := t.rawAttribute("table:number-columns-repeated")
	if !ok {
		return 1, nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || !t.empty() {
		return 0, fmt.Errorf("<%s> is no cell of ours", t)
	}
	return n, nil
}

// typed decodes a value that stands in an attribute.
func typed(t tag, kind string, column table.Type) (table.Value, error) {
	var name string
	switch kind {
	case "float":
		name = "office:value"
	case "date":
		name = "office:date-value"
	case "boolean":
		name = "office:boolean-value"
	default:
		return table.Value{}, fmt.Errorf("<%s> has a type that is not known", t)
	}
	raw, ok := t.rawAttribute(name)
	if !ok {
		return table.Value{}, fmt.Errorf("<%s> has no value", t)
	}
	text := string(raw)
	if kind == "date" && strings.Contains(text, "T") {
		text += "Z"
	}
	v := table.Parse(text, column)
	if _, isText := v.AsText(); isText {
		return v, fmt.Errorf("%q is no %s", text, column)
	}
	return v, nil
}

// string collects the paragraphs of a cell of text.
func (d *dataReader) string(t tag, column table.Type) (table.Value, error) {
	exact, isExact := t.find("office:string-value")
	if err := d.paragraphs(); err != nil {
		return table.Value{}, err
	}
	if !isExact {
		if !utf8.Valid(d.text) {
			return table.Value{}, errors.New("text that is not UTF-8")
		}
		exact = string(d.text)
	}
	if column == table.Text || column == table.List || column == "" {
		return table.String(exact), nil
	}
	return table.Parse(exact, column), nil
}

func (d *dataReader) paragraphs() error {
	d.text = d.text[:0]
	for n := 0; ; {
		raw, err := d.upTo('<')
		if err != nil {
			return err
		}
		if d.text, err = unescape(d.text, raw); err != nil {
			return err
		}
		t, err := d.upTo('>')
		if err != nil {
			return err
		}
		switch t := tag(t); {
		case t.is("/table:table-cell"):
			return nil
		case t.is("text:p"):
			if n++; n > 1 {
				d.text = append(d.text, '\n')
			}
		case t.is("text:s"):
			d.text = append(d.text, ' ')
		case t.is("text:tab"):
			d.text = append(d.text, '\t')
		case t.is("/text:p"), t.is("text:a"), t.is("/text:a"):
		default:
			return fmt.Errorf("<%s> in a cell", t)
		}
	}
}

// unescape appends raw as what it stands for.
func unescape(to, raw []byte) ([]byte, error) {
	for {
		before, after, found := bytes.Cut(raw, []byte("&"))
		to = append(to, before...)
		if !found {
			return to, nil
		}
		name, rest, ok := bytes.Cut(after, []byte(";"))
		c, known := entities[string(name)]
		if !ok || !known {
			return to, fmt.Errorf("&%.10s stands for nothing here", after)
		}
		to, raw = append(to, c), rest
	}
}

var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "#9": '\t', "#10": '\n', "#13": '\r'}
