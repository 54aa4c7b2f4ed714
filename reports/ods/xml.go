package ods

import (
	"net/url"
	"strconv"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// xml collects the XML of sheets. Nothing stands between elements, so that whatever is text is meant.
type xml struct{ b []byte }

func (x *xml) raw(s string) { x.b = append(x.b, s...) }

// beginTable begins a sheet whose table has a name, which other programs find in the list at the end of the content;
// the reader here finds it at once by the sheet's id.
func (x *xml) beginTable(sheet, tableName string, widths []float64, looks []look) {
	x.raw(`<table:table table:name="`)
	x.attribute(sheet)
	x.raw(`" table:style-name="`)
	x.raw(sheetStyle(len(widths)))
	if tableName != "" {
		x.raw(`" xml:id="`)
		x.attribute(tableName)
	}
	x.raw(`">`)
	for i, width := range widths {
		x.raw(`<table:table-column table:style-name="` + columnStyle(width) + `" table:default-cell-style-name="`)
		if i < len(looks) {
			x.raw(string(looks[i]))
		} else {
			x.raw(string(line))
		}
		x.raw(`"/>`)
	}
}

func (x *xml) endTable() { x.raw(`</table:table>`) }

// top writes what stands above the table: the title in A1, and lines; they wrap only where no table sets the width.
func (x *xml) top(text string, lines []frontmatter.Line, wrap bool) {
	x.line(text, title, "")
	for _, l := range lines {
		x.line(l.Text, lookOfLine(l, wrap), l.Link)
	}
}

func lookOfLine(l frontmatter.Line, wrap bool) look {
	switch {
	case l.Heading:
		return subtitle
	case wrap && l.Link != "":
		return wrappedLink
	case wrap:
		return wrapped
	case l.Link != "":
		return lineLink
	default:
		return line
	}
}

func (x *xml) line(text string, own look, link string) {
	text, _ = frontmatter.FitText(text)
	x.beginRow()
	x.text(text, own, link)
	x.endRow()
}

// headings is the one header row, tagged as such.
func (x *xml) headings(columns []table.Column) {
	x.raw(`<table:table-header-rows>`)
	x.beginRow()
	for _, c := range columns {
		x.text(c.Heading(), headingOf(c.Type), "")
	}
	x.endRow()
	x.raw(`</table:table-header-rows>`)
}

func (x *xml) beginRow() { x.raw(`<table:table-row>`) }
func (x *xml) endRow()   { x.raw(`</table:table-row>`) }

// row writes a row of values below columns of the given looks. Texts lead to the address in links, if that is given,
// with themselves added to it.
func (x *xml) row(row []table.Value, looks []look, links []string) {
	x.beginRow()
	x.cells(row, looks, links)
	x.endRow()
}

func (x *xml) cells(row []table.Value, looks []look, links []string) {
	empty := 0
	for i, v := range row {
		if v.Empty() {
			empty++
			continue
		}
		x.empty(empty)
		empty = 0
		if text, ok := v.AsText(); ok && links != nil && links[i] != "" {
			x.text(text, wrappedLink, links[i]+url.PathEscape(text))
		} else {
			x.value(v, looks[i])
		}
	}
	x.empty(empty)
}

// empty writes n cells without anything in them.
func (x *xml) empty(n int) {
	switch n {
	case 0:
	case 1:
		x.raw(`<table:table-cell/>`)
	default:
		x.raw(`<table:table-cell table:number-columns-repeated="`)
		x.b = strconv.AppendInt(x.b, int64(n), 10)
		x.raw(`"/>`)
	}
}
