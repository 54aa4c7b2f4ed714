package xlsx

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/table"
)

// sheet writes one sheet from the top down, as the accessibility checklist has it: the title in A1, some lines, then one
// table with no blank row before it and nothing below.
type sheet struct {
	name   string
	file   *excelize.File
	out    *excelize.StreamWriter
	styles *styles
	widths []float64
	row    int // the last that was written

	header int // the row of the table's headings
	table  string
	values []any // the row in hand, and its cells
	cells  []excelize.Cell
	tall   float64 // its height; 0 for that of one line
}

// newSheet begins the sheet called name, which must exist; the widths are those of its columns.
func newSheet(f *excelize.File, s *styles, name string, widths ...float64) (*sheet, error) {
	if err := setPage(f, name, len(widths)); err != nil {
		return nil, err
	}
	// No dimension is better than the wrong one that excelize would leave: some readers believe it.
	if err := f.SetSheetDimension(name, ""); err != nil {
		return nil, err
	}
	out, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	for i, w := range widths {
		if err := out.SetColWidth(i+1, i+1, w); err != nil {
			return nil, err
		}
	}
	cursor := excelize.Panes{Selection: []excelize.Selection{{SQRef: "A1", ActiveCell: "A1"}}}
	if err := out.SetPanes(&cursor); err != nil {
		return nil, err
	}
	return &sheet{name: name, file: f, out: out, styles: s, widths: widths}, nil
}

// setPage sees to it that a printed page is as wide as a sheet of few columns.
func setPage(f *excelize.File, name string, columns int) error {
	height, fit := lineHeight, columns <= fitColumns
	if err := f.SetSheetProps(name, &excelize.SheetPropsOptions{DefaultRowHeight: &height, FitToPage: &fit}); err != nil {
		return err
	}
	orientation, paper, wide, tall := "landscape", paperA4, 1, 0
	page := excelize.PageLayoutOptions{Orientation: &orientation, Size: &paper}
	if fit {
		page.FitToWidth, page.FitToHeight = &wide, &tall
	}
	return f.SetPageLayout(name, &page)
}

const (
	paperA4    = 9  // in the numbering of spreadsheet files
	fitColumns = 12 // more would be too small to read
)

// put writes one cell in column A of the next row.
func (s *sheet) put(text string, style int) error {
	text, _ = fitText(text)
	s.row++
	height := excelize.RowOpts{Height: s.height(text, style, 0)}
	return s.out.SetRow("A"+strconv.Itoa(s.row), []any{excelize.Cell{StyleID: style, Value: text}}, height)
}

// line writes a line and its link. A link within the workbook is #Sheet.
func (s *sheet) line(l table.Line, plain, linked int) error {
	if l.Link == "" {
		return s.put(l.Text, plain)
	}
	if err := s.link("A", s.row+1, l.Link); err != nil {
		return err
	}
	return s.put(l.Text, linked)
}

// link makes a link of a cell that is still to be written.
func (s *sheet) link(column string, row int, target string) error {
	cell := column + strconv.Itoa(row)
	if name, inside := strings.CutPrefix(target, "#"); inside {
		return s.file.SetCellHyperLink(s.name, cell, location(name), "Location")
	}
	return s.file.SetCellHyperLink(s.name, cell, target, "External")
}

// location is the cursor's place at the top of a sheet.
func location(sheet string) string { return "'" + strings.ReplaceAll(sheet, "'", "''") + "'!A1" }

// startTable writes the headings. name must be a name for tables: letters, digits and underscores.
func (s *sheet) startTable(name string, columns []table.Column) error {
	s.header, s.table = s.row+1, name
	s.values, s.cells = make([]any, len(columns)), make([]excelize.Cell, len(columns))
	s.tall = 0
	seen := make(map[string]bool, len(columns))
	for i, c := range columns {
		heading := c.Heading()
		key := strings.ToLower(heading)
		if seen[key] {
			return fmt.Errorf("sheet %s: two columns are headed %q; give each a title of its own", s.name, heading)
		}
		seen[key] = true
		s.set(i, heading, s.styles.headingOf(c.Type))
	}
	return s.addRow()
}

// set fills a cell of the row in hand.
func (s *sheet) set(column int, value any, style int) {
	if value == nil {
		s.values[column] = nil
		return
	}
	if text, ok := value.(string); ok {
		s.tall = max(s.tall, s.height(text, style, column))
	}
	s.cells[column] = excelize.Cell{Value: value, StyleID: style}
	s.values[column] = &s.cells[column]
}

// addRow writes the row in hand.
func (s *sheet) addRow() error {
	s.row++
	height := excelize.RowOpts{Height: s.tall}
	s.tall = 0
	return s.out.SetRow("A"+strconv.Itoa(s.row), s.values, height)
}

// rows is how many the table has so far.
func (s *sheet) rows() int { return s.row - s.header }

// end marks the table up, if there is one. The sheet cannot be changed afterwards.
func (s *sheet) end() error {
	if s.table != "" {
		stripes := false
		last, err := excelize.CoordinatesToCellName(len(s.values), max(s.row, s.header+1))
		if err != nil {
			return err
		}
		err = s.out.AddTable(&excelize.Table{
			Range: "A" + strconv.Itoa(s.header) + ":" + last, Name: s.table, StyleName: "TableStyleLight1", ShowRowStripes: &stripes,
		})
		if err != nil {
			return fmt.Errorf("sheet %s: mark up its table: %w", s.name, err)
		}
	}
	return s.out.Flush()
}
