package lint

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// sheetCheck looks at one sheet, row by row.
type sheetCheck struct {
	c      *checker
	sheet  *sheet
	first  bool // of the book: the cover
	title  *cell
	last   int    // the last row with content
	left   int    // the first column with content
	lines  []line // outside of tables
	tables []*tableCheck
	odd    map[string]string // cells whose text would make a poor link, with that text
	hidden int
	wide   int // rows outside of tables that have several cells
}

// line is a text outside of tables.
type line struct {
	row  int
	text string
}

func newSheetCheck(c *checker, s *sheet, first bool) *sheetCheck {
	check := &sheetCheck{c: c, sheet: s, first: first, left: -1, odd: map[string]string{}}
	for _, a := range s.tables {
		check.tables = append(check.tables, newTableCheck(check, a))
	}
	return check
}

func (s *sheetCheck) find(rule, cell, format string, args ...any) {
	s.c.find(rule, s.sheet.name, cell, format, args...)
}

func (s *sheetCheck) called(word string) bool {
	name := strings.ToLower(s.sheet.name)
	if s.title != nil {
		name += " " + strings.ToLower(string(s.title.text))
	}
	return len(s.tables) > 0 && strings.Contains(name, word)
}

func (s *sheetCheck) isContents() bool { return s.called("contents") }
func (s *sheetCheck) isNotes() bool    { return s.called("notes") && !s.isContents() }

// row takes a row in. Rows without content need not come.
func (s *sheetCheck) row(r *row) {
	if r.hidden {
		s.hidden++
	}
	if len(r.cells) == 0 {
		return
	}
	if s.left < 0 || r.cells[0].column < s.left {
		s.left = r.cells[0].column
	}
	if s.last == 0 {
		s.setTitle(r)
	}
	if t := s.tableAt(r.number); t != nil {
		t.row(r)
	} else {
		s.outside(r)
	}
	s.last = r.number
	for i := range r.cells {
		s.lookAt(&r.cells[i], r.number)
	}
}

func (s *sheetCheck) setTitle(r *row) {
	if r.number != 1 || r.cells[0].column != 0 || r.cells[0].text == nil {
		return
	}
	title := r.cells[0]
	title.text = bytes.Clone(title.text)
	s.title = &title
}

// tableAt is the table that a row belongs to. Where two stand side by side, the first has it.
func (s *sheetCheck) tableAt(row int) *tableCheck {
	for _, t := range s.tables {
		if row >= t.top && row <= t.bottom {
			return t
		}
	}
	return nil
}

// maxLines outside of tables are remembered.
const maxLines = 1000

// outside looks at a row that is in no table.
func (s *sheetCheck) outside(r *row) {
	if len(s.tables) > 0 && r.number > s.tables[0].bottom {
		s.find("below-table", cellName(r.cells[0].column, r.number), "something stands below the table")
		return
	}
	if len(r.cells) > 1 {
		s.wide++
	}
	for _, c := range r.cells {
		if c.text == nil {
			continue
		}
		s.c.notes.see(s, c.text)
		s.checkSymbols(c, r.number)
		if len(s.lines) < maxLines {
			s.lines = append(s.lines, line{r.number, string(c.text)})
		}
	}
}

// symbol is what people put behind a word for a note: an asterisk, a dagger, a raised digit that is no unit's.
var symbol = regexp.MustCompile(`[*†‡§¶]\s*$|[\p{L})]\*|[†‡]|[^mM\d][¹²³⁰⁴-⁹]`)

// checkSymbols looks at a title, heading or line.
func (s *sheetCheck) checkSymbols(c cell, row int) {
	plain := bytes.IndexByte(c.text, '*') < 0 && !bytes.ContainsFunc(c.text, func(r rune) bool { return r >= utf8.RuneSelf })
	if !plain && symbol.Match(c.text) {
		s.find("note-symbols", cellName(c.column, row), "%q is marked by a symbol, not [note n]", c.text)
	}
}

// lookAt looks at how one cell looks, and at whether its text would make a poor link.
func (s *sheetCheck) lookAt(c *cell, row int) {
	if c.superscript {
		s.find("note-symbols", cellName(c.column, row), "part of %q is superscript", c.text)
	}
	if poorLink(c.text) && len(s.odd) < maxOdd {
		s.odd[cellName(c.column, row)] = string(c.text)
	}
	if c.look == nil || s.c.looks[c.look] {
		return
	}
	s.c.looks[c.look] = true
	s.checkLook(c.look, cellName(c.column, row))
}

// maxOdd cells whose text is poor for a link are remembered.
const maxOdd = 100_000

// checkLook looks at a look once, at the first cell that has it.
func (s *sheetCheck) checkLook(l *look, cell string) {
	if l.superscript {
		s.find("note-symbols", cell, "the cell is superscript")
	}
	if ratio := contrast(l.colour, l.fill); ratio < 4.5 {
		s.find("contrast", cell, "text of %s on %s: a contrast of %.1f to 1", l.colour, l.fill, ratio)
	}
	if l.filled {
		s.find("fills", cell, "the cell has a background fill")
	}
	if l.size > 0 && l.size < 12 {
		s.find("font", cell, "the font is %g points, under 12", l.size)
	}
	if serif(l.font) {
		s.find("font", cell, "the font %s is not sans-serif", l.font)
	}
}

func serif(font string) bool {
	font = strings.ToLower(font)
	for _, name := range []string{"times", "cambria", "georgia", "garamond", "palatino", "bookman", "century schoolbook", "courier", "liberation serif", "book antiqua"} {
		if strings.HasPrefix(font, name) {
			return true
		}
	}
	return false
}

// poorLink is true of texts that do not say where a link leads.
func poorLink(text []byte) bool {
	if len(text) == 0 || len(text) > maxText {
		return false
	}
	switch text[0] {
	case 'h', 'H', 'w', 'W', 'c', 'C', 'l', 'L', 't', 'T', 'm', 'M', 'r', 'R':
	default:
		return false
	}
	lower := strings.ToLower(strings.TrimRight(string(text[:min(len(text), 12)]), " .>"))
	switch lower {
	case "here", "click here", "click", "link", "this", "this link", "more", "read more", "see more", "web page", "website":
		return true
	}
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "www.")
}
