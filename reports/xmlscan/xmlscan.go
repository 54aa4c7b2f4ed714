// Package xmlscan reads XML piece by piece, many times as fast as encoding/xml: spreadsheets have millions of cells. It
// knows no namespaces and takes names without their prefixes; that tags are nested properly it leaves to others.
package xmlscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Scanner reads one document. What it gives of a piece is valid until the next.
type Scanner struct {
	Kind Kind
	Name []byte // of a tag, without its prefix
	Text []byte // without escapes
	// Nested refuses elements that do not end in the order in which they began.
	Nested bool

	in   io.Reader
	buf  []byte // read and not yet used
	full []byte // what buf is the end of
	tag  []byte // what stands between the brackets of a tag, behind its name
	own  []byte // room for a text that had to be put together
	open []byte // names of elements that have not ended, one behind the other with a > after each
}

// Kind is what a piece is.
type Kind uint8

const (
	Start Kind = iota // <t>
	Empty             // <t/>, start and end in one
	End               // </t>
	Text
)

const (
	readSize = 256 << 10
	// maxPiece keeps a file that only looks like XML from taking all memory.
	maxPiece = 16 << 20
)

// New reads from in.
func New(in io.Reader) *Scanner { return &Scanner{in: in, full: make([]byte, 0, 2*readSize)} }

// Next reads the next tag, or the text before it. The end is io.EOF.
func (s *Scanner) Next() error {
	for {
		if len(s.buf) < 2 {
			if err := s.more(); err != nil && (err != io.EOF || len(s.buf) == 0 || s.buf[0] == '<') {
				return err
			}
		}
		switch {
		case s.buf[0] != '<':
			return s.readText()
		case len(s.buf) < 2:
			continue
		case s.buf[1] != '!' && s.buf[1] != '?':
			return s.readTag()
		}
		if err := s.skipMarkup(); err != nil {
			return err
		}
	}
}

// NextTag passes over text.
func (s *Scanner) NextTag() error {
	for {
		if err := s.Next(); err != nil || s.Kind != Text {
			return err
		}
	}
}

// NextStart passes over text and the ends of elements.
func (s *Scanner) NextStart() error {
	for {
		if err := s.Next(); err != nil || s.Kind <= Empty {
			return err
		}
	}
}

// Each reads all elements and calls do at the start of each, which may read on.
func (s *Scanner) Each(do func() error) error {
	for {
		err := s.NextStart()
		if err == nil {
			err = do()
		}
		if err == io.EOF && len(s.open) > 0 {
			return io.ErrUnexpectedEOF
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Inside reads to the end of the element whose start was just read, and calls do at each piece in it, which may read
// on. Elements of one name within each other must be read by do.
func (s *Scanner) Inside(do func() error) error {
	if s.Kind == Empty {
		return nil
	}
	element := string(s.Name)
	for {
		if err := s.Next(); err != nil {
			return unexpected(err)
		}
		if s.Kind == End && string(s.Name) == element {
			return nil
		}
		if err := do(); err != nil {
			return err
		}
	}
}

// Skip passes over piece if that is what stands next, letter by letter and whole in memory. It is a short cut past the
// tags that files of one's own have millions of; where it says false, Next reads them one by one.
func (s *Scanner) Skip(piece string) bool {
	if len(s.buf) < len(piece) || string(s.buf[:len(piece)]) != piece {
		return false
	}
	s.buf = s.buf[len(piece):]
	return true
}

// Is says that a tag has this name.
func (s *Scanner) Is(name string) bool { return string(s.Name) == name }

// more reads on and keeps what is not used yet.
func (s *Scanner) more() error {
	kept := copy(s.full[:cap(s.full)], s.buf)
	if kept > maxPiece {
		return errors.New("a piece of XML is too long")
	}
	if kept > cap(s.full)-readSize {
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
	if err == io.EOF && kept > 0 && s.buf[0] == '<' {
		return io.ErrUnexpectedEOF
	}
	return err
}

// find says where piece begins, from a place on, reading on until it is there.
func (s *Scanner) find(piece string, from int) (int, error) {
	for {
		at := -1
		if len(piece) == 1 {
			at = bytes.IndexByte(s.buf[from:], piece[0])
		} else {
			at = bytes.Index(s.buf[from:], []byte(piece))
		}
		if at >= 0 {
			return from + at, nil
		}
		from = max(from, len(s.buf)-len(piece)+1)
		if err := s.more(); err != nil {
			return 0, unexpected(err)
		}
	}
}

// skipMarkup passes over comments, instructions and declarations.
func (s *Scanner) skipMarkup() error {
	for len(s.buf) < len("<![CDATA[") {
		if err := s.more(); err != nil {
			return unexpected(err)
		}
	}
	end := ""
	switch {
	case bytes.HasPrefix(s.buf, []byte("<!--")):
		end = "-->"
	case bytes.HasPrefix(s.buf, []byte("<?")):
		end = "?>"
	case bytes.HasPrefix(s.buf, []byte("<![CDATA[")):
		return errors.New("a CDATA section, which spreadsheet programs do not write")
	default:
		return errors.New("a document type, which spreadsheets do not have")
	}
	at, err := s.find(end, 0)
	if err == nil {
		s.buf = s.buf[at+len(end):]
	}
	return err
}

// readTag reads a tag. Most are short and whole in memory.
func (s *Scanner) readTag() error {
	end := 1
	for end < len(s.buf) && (s.buf[end] > '>' || s.buf[end] == '/' || s.buf[end] == ':') {
		end++
	}
	if end >= len(s.buf) || s.buf[end] != '>' {
		var err error
		if end, err = s.tagEnd(); err != nil {
			return err
		}
	}
	tag := s.buf[1:end]
	s.buf = s.buf[end+1:]
	s.Kind = Start
	if len(tag) > 0 && tag[0] == '/' {
		s.Kind, tag = End, tag[1:]
	} else if n := len(tag) - 1; n >= 0 && tag[n] == '/' {
		s.Kind, tag = Empty, tag[:n]
	}
	from, at := 0, 0
	for ; at < len(tag) && !blank(tag[at]); at++ {
		if tag[at] == ':' {
			from = at + 1
		}
	}
	s.Name, s.tag = tag[from:at], tag[at:]
	if len(s.Name) == 0 {
		return fmt.Errorf("a tag without a name: <%.40s>", tag)
	}
	if s.Nested {
		return s.nest()
	}
	return nil
}

// nest takes note of the beginning and the end of elements.
func (s *Scanner) nest() error {
	switch s.Kind {
	case Start:
		s.open = append(append(s.open, s.Name...), '>')
	case End:
		rest, ok := bytes.CutSuffix(bytes.TrimSuffix(s.open, []byte{'>'}), s.Name)
		if !ok || len(rest) > 0 && rest[len(rest)-1] != '>' {
			return fmt.Errorf("</%s> does not end the element that is open", s.Name)
		}
		s.open = rest
	}
	return nil
}

// tagEnd is where the bracket stands that ends a tag, and is not within quotes.
func (s *Scanner) tagEnd() (at int, err error) {
	if at = bytes.IndexByte(s.buf, '>'); at >= 0 {
		tag := s.buf[:at]
		if bytes.Count(tag, []byte{'"'})%2 == 0 && bytes.IndexByte(tag, '\'') < 0 {
			return at, nil // nearly always
		}
	}
	for at = 1; ; at++ {
		for at < len(s.buf) && s.buf[at] != '>' && s.buf[at] != '"' && s.buf[at] != '\'' {
			at++
		}
		if at == len(s.buf) {
			if err := s.more(); err != nil {
				return 0, unexpected(err)
			}
			at--
			continue
		}
		switch s.buf[at] {
		case '>':
			return at, nil
		case '"':
			at, err = s.find(`"`, at+1)
		default:
			at, err = s.find(`'`, at+1)
		}
		if err != nil {
			return 0, err
		}
	}
}

// Attr is an attribute of the tag as it stands there, nil without one. Names are without prefix; the first counts.
func (s *Scanner) Attr(name string) []byte {
	tag := s.tag
	for at := 0; ; {
		for at < len(tag) && blank(tag[at]) {
			at++
		}
		key := at
		for at < len(tag) && tag[at] != '=' && !blank(tag[at]) {
			if tag[at] == ':' {
				key = at + 1
			}
			at++
		}
		found := string(tag[key:at]) == name
		for at < len(tag) && (tag[at] == '=' || blank(tag[at])) {
			at++
		}
		if at >= len(tag) {
			return nil
		}
		length := bytes.IndexByte(tag[at+1:], tag[at])
		if length < 0 {
			return nil
		}
		if found {
			return tag[at+1 : at+1+length]
		}
		at += length + 2
	}
}

// String is an attribute without escapes, "" without one.
func (s *Scanner) String(name string) string {
	value := s.Attr(name)
	if bytes.IndexByte(value, '&') < 0 {
		return string(value)
	}
	return string(appendPlain(nil, value))
}

// Int is an attribute that is a number, or else the default.
func (s *Scanner) Int(name string, without int) int {
	n, err := strconv.Atoi(string(s.Attr(name)))
	if err != nil {
		return without
	}
	return n
}

// True says that an attribute is 1 or true.
func (s *Scanner) True(name string) bool {
	value := s.Attr(name)
	return string(value) == "1" || string(value) == "true"
}

func (s *Scanner) readText() error {
	s.Kind = Text
	at, err := s.find("<", 0)
	if err == io.ErrUnexpectedEOF {
		at, err = len(s.buf), nil
	}
	if err != nil {
		return err
	}
	s.Text, s.buf = s.buf[:at], s.buf[at:]
	if bytes.IndexByte(s.Text, '&') >= 0 {
		s.own = appendPlain(s.own[:0], s.Text)
		s.Text = s.own
	}
	return nil
}

// appendPlain adds text without XML's escapes. One that it does not know it leaves alone.
func appendPlain(b, text []byte) []byte {
	for {
		before, after, found := bytes.Cut(text, []byte{'&'})
		b = append(b, before...)
		if !found {
			return b
		}
		name, rest, ok := bytes.Cut(after, []byte{';'})
		r, known := entity(name)
		if !ok || !known {
			b, text = append(b, '&'), after
			continue
		}
		b, text = utf8.AppendRune(b, r), rest
	}
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
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
	number, numeric := bytes.CutPrefix(name, []byte{'#'})
	base := 10
	if hex, ok := bytes.CutPrefix(number, []byte{'x'}); ok {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(string(number), base, 31)
	return rune(n), numeric && err == nil
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
