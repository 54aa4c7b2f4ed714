package lint

import (
	"strconv"
	"strings"

	"cpd-jobs/reports/table"
)

// workbook is what a spreadsheet file holds, whatever its format.
type workbook struct {
	title, author, subject, language string
	sheets                           []*sheet
	active                           int // the sheet that is shown first
	macros                           bool
	images                           int // parts of the archive that are images
	date1904                         bool
	damage, references               []damage // what Excel would repair, and what leads to cells that are gone

	// walk reads the sheets in order. What is behind a sheet's rows in the file is known at its end.
	walk func(v visitor, b *workbook) error
}

// visitor is told what a book's sheets hold.
type visitor interface {
	begin(s *sheet)
	row(r *row)
	end(s *sheet)
}

// sheet is what is known of one sheet beside its cells.
type sheet struct {
	name    string
	hidden  bool
	cursor  string // where it is; "" where the file does not say
	tables  []area
	widths  []columns
	frozen  bool
	filters bool
	printed string // a header or footer
	boxes   []string
	images  int
	charts  []chart
	merged  []string
	links   []link
	// sound are the cells whose links lead out of the book to proper addresses: a sheet may have tens of thousands.
	sound []place
}

// place is a cell: column from 0, row from 1.
type place struct{ column, row int32 }

// addLink keeps what has to be looked at of a link.
func (s *sheet) addLink(l link) {
	if l.inside == "" && linkProblem(l.outside) == "" {
		s.addSound(l.cell)
		return
	}
	s.links = append(s.links, l)
}

func (s *sheet) addSound(cell string) {
	column, row := parseCell(cell)
	s.sound = append(s.sound, place{int32(column), int32(row)})
}

// area is a table that is marked up.
type area struct {
	name                     string
	id                       int      // in a workbook of Excel's
	columns                  []string // as the table itself calls them, in a workbook of Excel's
	left, top, right, bottom int      // columns from 0, rows from 1
	headers                  int      // rows of headings
	filters                  bool
}

// columns are some beside each other. Without a width they have the program's.
type columns struct {
	first, last int
	width       float64 // in digits; 0 for the default
	hidden      bool
}

type chart struct{ name, alt string }

// link is a link of a cell: to a place in the book, or out of it.
type link struct {
	cell, inside, outside string
}

// row is one row. It and its cells are valid until the next.
type row struct {
	number int
	hidden bool
	cells  []cell // in order; those left out are empty
}

// cell is one that holds something. Text has no more than its first few hundred bytes.
type cell struct {
	column      int
	text        []byte // nil for a number
	look        *look
	superscript bool
}

// look is how a cell looks.
type look struct {
	heading, wrap, bold, superscript bool
	font                             string
	size                             float64 // points; 0 for unknown
	colour, fill                     rgb
	filled                           bool
	align                            string // left, center, right; "" for what the type has
}

// maxText is how much of a text is looked at.
const maxText = 400

// cellName is the reference of a cell: B7.
func cellName(column, row int) string { return table.ColumnLetters(column+1) + strconv.Itoa(row) }

// parseCell reads B7 or $B$7: column from 0, row from 1; row 0 for what is none.
func parseCell(ref string) (column, row int) {
	ref = strings.ReplaceAll(ref, "$", "")
	i := 0
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && i < 4; i++ {
		column = column*26 + int(ref[i]-'A') + 1
	}
	row, err := strconv.Atoi(ref[i:])
	if err != nil || i == 0 {
		return 0, 0
	}
	return column - 1, row
}

// parseArea reads B7:D9, or a single cell.
func parseArea(ref string) (left, top, right, end int) {
	first, last, found := strings.Cut(ref, ":")
	if !found {
		last = first
	}
	left, top = parseCell(first)
	right, end = parseCell(last)
	return left, top, right, end
}
