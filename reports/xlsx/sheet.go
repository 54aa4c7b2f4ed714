package xlsx

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// sheet writes one sheet from the top down and straight to the archive, as the accessibility checklist has it: the
// title in A1, some lines, then one table with no blank row before it and nothing below. excelize knows the sheet too,
// but only what other parts of the workbook say of it.
type sheet struct {
	w      *Writer
	name   string
	part   string // within the archive
	out    io.Writer
	buf    []byte
	bytes  int64 // written, before compression
	styles *styles
	row    int // the last that was written
	digits []byte

	columns []sheetColumn
	header  int // the row of the table's headings; 0 before it
	table   string
	links   links
	drawing bool // excelize has drawn on the sheet
}

type sheetColumn struct {
	table.Column
	letters string // A, B, ...
	width   float64
}

// flushAt is how much of a sheet is gathered before it goes on to be compressed.
const flushAt = 64 << 10

// newSheet begins the sheet called name, which must exist; the widths are those of its columns. frozen rows stay in
// view.
func (w *Writer) newSheet(name string, frozen int, widths ...float64) (*sheet, error) {
	at, err := w.file.GetSheetIndex(name)
	if err != nil {
		return nil, err
	}
	s := &sheet{w: w, name: name, part: fmt.Sprintf("xl/worksheets/sheet%d.xml", at+1), styles: w.styles}
	if s.out, err = w.archive.begin(s.part, true); err != nil {
		return nil, err
	}
	for i, width := range widths {
		letters, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return nil, err
		}
		s.columns = append(s.columns, sheetColumn{letters: letters, width: width})
	}
	s.buf = make([]byte, 0, 2*flushAt)
	s.begin(at == 0, frozen)
	return s, nil
}

const (
	fitColumns = 12 // on a page as wide as the sheet; more would be too small to read
	sheetStart = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"` +
		` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">`
	cursorTop = `<selection activeCell="A1" sqref="A1"/>`
)

// begin writes what stands before the rows. Readers believe a dimension, and it would be known only at the end: there
// is none.
func (s *sheet) begin(selected bool, frozen int) {
	s.add(sheetStart)
	if s.fits() {
		s.add(`<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>`)
	}
	s.add(`<sheetViews><sheetView`)
	if selected {
		s.add(` tabSelected="1"`)
	}
	s.add(` workbookViewId="0">`)
	if frozen > 0 {
		s.addf(`<pane ySplit="%d" topLeftCell="A%d" activePane="bottomLeft" state="frozen"/>`, frozen, frozen+1)
		s.addf(`%s<selection pane="bottomLeft" activeCell="A%d" sqref="A%[2]d"/>`, cursorTop, frozen+1)
	} else {
		s.add(cursorTop)
	}
	s.addf(`</sheetView></sheetViews><sheetFormatPr defaultRowHeight="%g"/><cols>`, lineHeight)
	for i, c := range s.columns {
		s.addf(`<col min="%d" max="%[1]d" width="%g" customWidth="1"/>`, i+1, c.width)
	}
	s.add(`</cols><sheetData>`)
}

func (s *sheet) fits() bool { return len(s.columns) <= fitColumns }

func (s *sheet) add(text string)                 { s.buf = append(s.buf, text...) }
func (s *sheet) addf(format string, args ...any) { s.buf = fmt.Appendf(s.buf, format, args...) }

// put writes one cell in column A of the next row.
func (s *sheet) put(text string, look *style) error {
	text, _ = frontmatter.FitText(text)
	s.startRow(heightOf(text, look, s.columns[0].width))
	s.startCell(0)
	s.buf = appendTextCell(s.buf, text, look, &s.w.shared)
	return s.endRow()
}

// line writes a line and its link. A link within the workbook is #Sheet.
func (s *sheet) line(l table.Line, plain, linked *style) error {
	if l.Link == "" {
		return s.put(l.Text, plain)
	}
	s.links.add(link{row: int32(s.row + 1), target: l.Link})
	return s.put(l.Text, linked)
}

// startTable writes the headings. name must be a name for tables: letters, digits and underscores.
func (s *sheet) startTable(name string, columns []table.Column) error {
	s.header, s.table = s.row+1, name
	height := 0.0
	for i, c := range columns {
		s.columns[i].Column = c
		height = max(height, heightOf(c.Heading(), s.styles.headingOf(c.Type), s.columns[i].width))
	}
	s.startRow(height)
	for i, c := range columns {
		s.startCell(i)
		s.buf = appendTextCell(s.buf, c.Heading(), s.styles.headingOf(c.Type), &s.w.shared)
	}
	return s.endRow()
}

// addRow writes a row of the table. Its first cell leads to the target, unless that is "".
func (s *sheet) addRow(row []table.Value, target string) error {
	height := 0.0
	for i := range row {
		if text, ok := row[i].AsText(); ok {
			height = max(height, heightOf(text, &s.styles.wrapped, s.columns[i].width))
		}
	}
	s.startRow(height)
	if target != "" {
		s.links.add(link{row: int32(s.row), target: target})
	}
	for i := range row {
		if row[i].Empty() {
			continue
		}
		look, asText := s.styles.styleOf(row[i])
		if i == 0 && target != "" || s.linkTo(i, row[i]) {
			look = &s.styles.wrappedLink
		}
		s.startCell(i)
		s.buf = appendCell(s.buf, row[i], look, asText, &s.w.shared)
	}
	return s.endRow()
}

// linkTo makes a link of a cell of the row in hand, if its column has links and the sheet room for one more.
func (s *sheet) linkTo(column int, v table.Value) bool {
	base := s.columns[column].Link
	if base == "" || s.links.len() >= maxLinks {
		return false
	}
	text, ok := v.AsText()
	if ok {
		s.links.add(link{column: int32(column), row: int32(s.row), base: base, target: text})
	}
	return ok
}

func (s *sheet) startRow(height float64) {
	s.row++
	s.digits = strconv.AppendInt(s.digits[:0], int64(s.row), 10)
	s.add(`<row r="`)
	s.buf = append(s.buf, s.digits...)
	if height > 0 {
		s.add(`" ht="`)
		s.buf = strconv.AppendFloat(s.buf, height, 'g', -1, 64)
		s.add(`" customHeight="1`)
	}
	s.add(`">`)
}

// startCell writes as far as the cell's reference goes.
func (s *sheet) startCell(column int) {
	s.add(`<c r="`)
	s.add(s.columns[column].letters)
	s.buf = append(s.buf, s.digits...)
}

func (s *sheet) endRow() error {
	s.add(`</row>`)
	return s.flushFull()
}

// flushFull writes what has been gathered once it is enough.
func (s *sheet) flushFull() error {
	if len(s.buf) < flushAt {
		return nil
	}
	return s.flush()
}

func (s *sheet) flush() error {
	n, err := s.out.Write(s.buf)
	s.bytes += int64(n)
	s.buf = s.buf[:0]
	return err
}

// size is how many bytes the sheet has so far.
func (s *sheet) size() int64 { return s.bytes + int64(len(s.buf)) }

// rows is how many the table has so far.
func (s *sheet) rows() int { return s.row - s.header }

// end writes what stands behind the rows, and marks the table up if there is one.
func (s *sheet) end() error {
	s.add(`</sheetData>`)
	if err := s.addLinks(); err != nil {
		return err
	}
	s.add(`<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/><pageSetup paperSize="9" orientation="landscape"`)
	if s.fits() {
		s.add(` fitToWidth="1" fitToHeight="0"`)
	}
	s.add(`/>`)
	if s.drawing {
		s.add(`<drawing r:id="` + firstRelation + `"/>`)
	}
	if s.table != "" {
		s.add(`<tableParts count="1"><tablePart r:id="` + firstRelation + `"/></tableParts>`)
	}
	s.add(`</worksheet>`)
	if err := s.flush(); err != nil {
		return err
	}
	kept := s.links // by itself: the rest of a sheet is big
	s.w.archive.addLinks(s.part, &kept)
	return s.markUp()
}

func (s *sheet) addLinks() error {
	if s.links.len() == 0 {
		return nil
	}
	s.add(`<hyperlinks>`)
	for i, l := range s.links.all() {
		s.addf(`<hyperlink ref="%s%d"`, s.columns[l.column].letters, l.row)
		if l.inside() {
			s.add(` location="`)
			s.buf = appendAttribute(s.buf, location(l.target[1:]))
			s.add(`"/>`)
		} else {
			s.addf(` r:id="%s%d"/>`, linkRelation, firstLink+i)
		}
		if err := s.flushFull(); err != nil {
			return err
		}
	}
	s.add(`</hyperlinks>`)
	return nil
}

// location is the cursor's place at the top of a sheet.
func location(sheet string) string { return "'" + strings.ReplaceAll(sheet, "'", "''") + "'!A1" }

// markUp has excelize make the part that describes the table. It takes the headings from a sheet of its own, which is
// left out of the archive for the one written here.
func (s *sheet) markUp() error {
	if s.table == "" {
		return nil
	}
	out, err := s.w.file.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	var headings []any
	for _, c := range s.columns {
		headings = append(headings, c.Heading())
	}
	titles := fmt.Sprintf("'%s'!$%d:$%[2]d", strings.ReplaceAll(s.name, "'", "''"), s.header)
	err = s.w.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: s.name})
	if err != nil {
		return fmt.Errorf("sheet %s: repeat its headings on each page: %w", s.name, err)
	}
	first := "A" + strconv.Itoa(s.header)
	if err := out.SetRow(first, headings); err != nil {
		return err
	}
	stripes := false
	last := s.columns[len(s.columns)-1].letters + strconv.Itoa(max(s.row, s.header+1))
	err = out.AddTable(&excelize.Table{Range: first + ":" + last, Name: s.table, StyleName: "TableStyleLight1", ShowRowStripes: &stripes})
	if err != nil {
		return fmt.Errorf("sheet %s: mark up its table: %w", s.name, err)
	}
	return out.Flush()
}
