package lint

import (
	"bytes"
	"regexp"
	"strings"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// tableCheck looks at one table, row by row.
type tableCheck struct {
	area
	s        *sheetCheck
	headings []string
	filled   []bool // columns with a heading or a value
	notes    []bool // columns that hold markers of notes
	rows     int    // with content, below the headings
	last     int    // the last row with content
	blanks   int    // rows without
	blank    string // the first of these
	empty    string // the first empty cell
}

func newTableCheck(s *sheetCheck, a area) *tableCheck {
	n := a.right - a.left + 1
	return &tableCheck{area: a, s: s, headings: make([]string, n), filled: make([]bool, n), notes: make([]bool, n), last: a.top + a.headers - 1}
}

func (t *tableCheck) row(r *row) {
	if r.number < t.top+t.headers {
		t.header(r)
		return
	}
	inside := t.values(r)
	if inside == 0 {
		return
	}
	t.skip(r.number)
	if t.rows++; inside < len(t.headings) && t.empty == "" {
		t.empty = t.firstEmpty(r)
	}
}

// skip counts the rows without content up to one.
func (t *tableCheck) skip(to int) {
	if missing := to - t.last - 1; missing > 0 {
		if t.blanks == 0 {
			t.blank = cellName(t.left, t.last+1)
		}
		t.blanks += missing
	}
	t.last = to
}

// values looks at the cells of a row below the headings and counts those that are the table's.
func (t *tableCheck) values(r *row) (inside int) {
	for i := range r.cells {
		c := &r.cells[i]
		if c.column < t.left || c.column > t.right {
			t.s.find("below-table", cellName(c.column, r.number), "something stands beside the table")
			continue
		}
		inside++
		column := c.column - t.left
		t.filled[column] = true
		if c.text == nil {
			continue
		}
		t.text(c, r.number, column)
	}
	return inside
}

func (t *tableCheck) text(c *cell, row, column int) {
	t.checkFit(c, row)
	if c.look != nil && (c.look.align == "center" || c.look.align == "right") && !t.s.c.looks[c.look] {
		t.s.find("alignment", cellName(c.column, row), "text is not left-aligned")
	}
	if bytes.IndexByte(c.text, '[') < 0 {
		return
	}
	if t.s.isNotes() {
		if column == 0 {
			t.s.c.notes.define(t.s, c.text)
		}
	} else if noteMarker.Match(c.text) {
		t.s.c.notes.see(t.s, c.text)
		if column > 0 && !t.notes[column] { // the first column names the row
			t.s.find("note-place", cellName(c.column, row), "%q has the marker of a note in a cell of the table", c.text)
		}
	}
}

// checkFit looks for text that is wider than its column and does not wrap.
func (t *tableCheck) checkFit(c *cell, row int) {
	if c.look == nil || c.look.wrap {
		return
	}
	width := t.s.widthOf(c.column)
	if float64(len(c.text)) <= width*0.6 { // the widest letters fit
		return
	}
	if frontmatter.TextWidth(string(c.text)) > width*1.15 {
		t.s.find("wrap", cellName(c.column, row), "%.40q is wider than its column and does not wrap", c.text)
	}
}

// defaultWidth is what columns have for which none was set.
const defaultWidth = 8.43

func (s *sheetCheck) widthOf(column int) float64 {
	for _, w := range s.sheet.widths {
		if column >= w.first && column <= w.last && w.width > 0 {
			return w.width
		}
	}
	return defaultWidth
}

func (t *tableCheck) header(r *row) {
	for i := range r.cells {
		c := &r.cells[i]
		column := c.column - t.left
		if column < 0 || column >= len(t.headings) {
			t.s.find("below-table", cellName(c.column, r.number), "something stands beside the table")
			continue
		}
		if c.text == nil {
			t.headings[column] = "a number"
			t.filled[column] = true
			continue
		}
		heading := strings.TrimSpace(string(c.text))
		t.headings[column] = heading
		t.filled[column] = heading != ""
		t.notes[column] = strings.Contains(strings.ToLower(noteMarker.ReplaceAllString(heading, "")), "note")
		t.checkFit(c, r.number)
		t.s.c.notes.see(t.s, c.text)
		t.s.checkSymbols(*c, r.number)
	}
}

func (t *tableCheck) firstEmpty(r *row) string {
	want := t.left
	for _, c := range r.cells {
		if c.column < t.left {
			continue
		}
		if c.column > want {
			break
		}
		want = c.column + 1
	}
	return cellName(want, r.number)
}

// end looks at the table as a whole.
func (t *tableCheck) end() {
	t.checkHeadings()
	t.checkNames()
	t.checkName()
	if t.rows == 0 {
		return // a spreadsheet has no table without a row, so one that is empty has an empty row
	}
	t.skip(t.bottom + 1)
	if t.blanks > 0 {
		t.s.find("blank-rows", t.blank, "%d rows of the table are blank", t.blanks)
	}
	for i, filled := range t.filled {
		if !filled {
			t.s.find("blank-columns", cellName(t.left+i, t.top), "a column of the table is blank")
		}
	}
	if t.empty != "" && !t.s.explainsEmpty() {
		t.s.find("empty-cells", t.empty, "the table has empty cells, and no line above it says what they mean")
	}
	for column := t.left; column <= t.right; column++ {
		if width := t.s.widthOf(column); width == defaultWidth || width < 3 || width > 150 {
			t.s.find("widths", table.ColumnLetters(column+1), "the column's width is %g: set one that suits what it holds", width)
		}
	}
}

func (t *tableCheck) checkHeadings() {
	if t.headers != 1 {
		t.s.find("headings", cellName(t.left, t.top), "the table has %d header rows, not 1", t.headers)
		return
	}
	seen := map[string]bool{}
	for i, heading := range t.headings {
		at := cellName(t.left+i, t.top)
		switch key := strings.ToLower(heading); {
		case heading == "" && t.filled[i]:
			t.s.find("headings", at, "a column has no heading")
		case seen[key] && heading != "":
			t.s.find("headings", at, "two columns are headed %q", heading)
		default:
			seen[key] = true
		}
	}
}

// noName is what programs call tables without a name of their own.
var noName = regexp.MustCompile(`(?i)^(_*anonymous.*|(table|tabelle|tableau|tabla|database|range)[ _]?\d*)$`)

func (t *tableCheck) checkName() {
	if t.name == "" || noName.MatchString(t.name) {
		t.s.find("table-name", cellName(t.left, t.top), "the table's name %q says nothing", t.name)
	}
	if t.filters {
		t.s.find("filters", cellName(t.left, t.top), "the table has filter buttons")
	}
}

// explained is found in a line that says what empty cells mean, or the shorthand that stands in for them.
var explained = regexp.MustCompile(`(?i)\b(empty|blank|missing)\b|\[(x|z|c|low|w|u|e|r|p)\]`)

func (s *sheetCheck) explainsEmpty() bool {
	for _, l := range s.lines {
		if explained.MatchString(l.text) {
			return true
		}
	}
	return false
}
