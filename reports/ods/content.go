package ods

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

const contentHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
	`<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"` +
	` xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"` +
	` xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"` +
	` xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3">` +
	`<office:automatic-styles>` +
	`<style:style style:name="` + narrowSheet + `" style:family="table" style:master-page-name="Default"><style:table-properties table:display="true"/></style:style>` +
	`<style:style style:name="` + wideSheet + `" style:family="table" style:master-page-name="Wide"><style:table-properties table:display="true"/></style:style>`

// Styles of sheets, which say how they are printed.
const (
	narrowSheet = "Narrow"
	wideSheet   = "Broad"
	fitColumns  = 12 // more would be too small to read on a page
)

func sheetStyle(columns int) string {
	if columns <= fitColumns {
		return narrowSheet
	}
	return wideSheet
}

// digit is how wide one is, in points, in the font of the sheets.
const digit = 6.8

func columnStyle(width float64) string { return "Width" + strconv.Itoa(int(math.Ceil(width))) }

// front is the content up to the report's rows.
func (w *Writer) front() []byte {
	var x xml
	x.raw(contentHead)
	sheets := w.book.Front()
	x.columnStyles(sheets, w.widths)
	x.raw(`</office:automatic-styles><office:body><office:spreadsheet>`)
	for _, s := range sheets {
		x.sheet(s)
	}
	return x.b
}

// columnStyles has one style for each width that some column has.
func (x *xml) columnStyles(sheets []frontmatter.Sheet, widths []float64) {
	done := map[string]bool{}
	for _, s := range append(sheets, frontmatter.Sheet{Widths: widths}) {
		for _, width := range s.Widths {
			name := columnStyle(width)
			if done[name] {
				continue
			}
			done[name] = true
			x.raw(fmt.Sprintf(`<style:style style:name="%s" style:family="table-column"><style:table-column-properties style:column-width="%.1fpt"/></style:style>`,
				name, math.Ceil(width)*digit))
		}
	}
}

// sheet writes one that is known as a whole.
func (x *xml) sheet(s frontmatter.Sheet) {
	looks := looksOf(s.Columns)
	if s.Table == "" {
		looks = []look{wrapped}
	}
	x.beginTable(s.Name, s.Table, s.Widths, looks)
	x.top(s.Title, s.Lines, s.Table == "")
	if s.Table != "" {
		x.headings(s.Columns)
	}
	for i, row := range s.Rows {
		row = fitted(row, s.Columns)
		if i < len(s.Links) {
			x.linkedFirst(row, looks, s.Links[i])
		} else {
			x.row(row, looks, nil)
		}
	}
	x.endTable()
}

func fitted(row []table.Value, columns []table.Column) []table.Value {
	row = slices.Clone(row)
	for i, v := range row {
		row[i], _ = frontmatter.Fit(v, columns[i].Type)
	}
	return row
}

// linkedFirst writes a row whose first cell leads somewhere.
func (x *xml) linkedFirst(row []table.Value, looks []look, link string) {
	x.beginRow()
	text, _ := row[0].AsText()
	x.text(text, wrappedLink, link)
	x.cells(row[1:], looks[1:], nil)
	x.endRow()
}

// back is the content after the report's rows: which cells are tables.
func (w *Writer) back() []byte {
	var x xml
	x.raw(`<table:database-ranges>`)
	for _, s := range w.book.Front() {
		if s.Table != "" {
			x.databaseRange(s.Name, s.Table, int64(len(s.Lines)+2), int64(len(s.Rows)), len(s.Columns))
		}
	}
	for _, p := range w.book.Parts {
		x.databaseRange(p.Sheet, p.Table, w.header(), p.Rows, len(w.book.Doc.Columns))
	}
	x.raw(`</table:database-ranges></office:spreadsheet></office:body></office:document-content>`)
	return x.b
}

// databaseRange marks a table up: headings at row header, counted from 1, and rows below.
func (x *xml) databaseRange(sheet, name string, header, rows int64, columns int) {
	x.raw(`<table:database-range table:name="`)
	x.attribute(name)
	x.raw(`" table:target-range-address="`)
	x.attribute(rangeAddress(sheet, header, rows, columns))
	x.raw(`" table:contains-header="true" table:display-filter-buttons="false"/>`)
}

// rangeAddress is that of a table with its headings. One without rows has one below its headings all the same, as
// spreadsheet programs know no other.
func rangeAddress(sheet string, header, rows int64, columns int) string {
	last := header + max(rows, 1)
	return cellAddress(sheet, "A"+strconv.FormatInt(header, 10)) + ":" + cellAddress(sheet, table.ColumnLetters(columns)+strconv.FormatInt(last, 10))
}
