package lint

import (
	"strconv"
	"strings"

	"cpd-jobs/reports/xmlscan"
)

// odsReader reads the rows of an OpenDocument spreadsheet.
type odsReader struct {
	*ods
	*xmlscan.Scanner
	looks map[string]*look
	sheet *sheet
	v     visitor

	row      row
	next1    int      // the number of the next row
	columns  int      // described so far
	defaults []string // styles of the cells of columns
	text     []byte   // of the cells of the row
}

func (o *ods) walk(v visitor, b *workbook) error {
	return stream(o.zip, "content.xml", func(t *xmlscan.Scanner) error {
		r := &odsReader{ods: o, Scanner: t, v: v, looks: map[string]*look{}}
		n := 0
		return t.Each(func() error {
			if !t.Is("table") || n == len(b.sheets) {
				return nil
			}
			n++
			return r.readSheet(b.sheets[n-1])
		})
	})
}

func (r *odsReader) readSheet(s *sheet) error {
	r.sheet, r.next1, r.columns, r.defaults = s, 1, 0, nil
	s.cursor, s.frozen = strings.CutSuffix(s.cursor, frozenMark)
	r.v.begin(s)
	err := r.Inside(func() error {
		switch {
		case r.Kind > xmlscan.Empty:
		case r.Is("table-column"):
			r.readColumn()
		case r.Is("table-row"):
			return r.readRow()
		case r.Is("shapes"):
			return r.readShapes()
		}
		return nil
	})
	r.v.end(s)
	return err
}

func (r *odsReader) readColumn() {
	n := r.Int("number-columns-repeated", 1)
	hidden := r.Attr("visibility") != nil && string(r.Attr("visibility")) != "visible"
	r.sheet.widths = append(r.sheet.widths, columns{r.columns, r.columns + n - 1, r.styles[r.String("style-name")].width, hidden})
	for range min(n, maxDefaults-len(r.defaults)) {
		r.defaults = append(r.defaults, r.String("default-cell-style-name"))
	}
	r.columns += n
}

// maxDefaults is how many columns are looked at for the style of their cells: the last of a sheet go on to its edge.
const maxDefaults = 1024

func (r *odsReader) readRow() error {
	repeated := r.Int("number-rows-repeated", 1)
	r.row.hidden = r.Attr("visibility") != nil && string(r.Attr("visibility")) != "visible"
	r.row.cells, r.text = r.row.cells[:0], r.text[:0]
	column := 0
	err := r.Inside(func() error {
		if r.Kind > xmlscan.Empty || !r.Is("table-cell") && !r.Is("covered-table-cell") {
			return nil
		}
		width, err := r.readCell(column)
		column += width
		return err
	})
	if err != nil {
		return err
	}
	if len(r.row.cells) > 0 || r.row.hidden {
		for i := range min(repeated, maxRepeated) {
			r.row.number = r.next1 + i
			r.v.row(&r.row)
		}
	}
	r.next1 += repeated
	return nil
}

// maxRepeated is how many equal rows or cells are told of: empty ones go on to the edge of a sheet, full ones do not.
const maxRepeated = 1000

// readCell reads up to the end of a cell, and says over how many columns it goes.
func (r *odsReader) readCell(column int) (width int, err error) {
	width = r.Int("number-columns-repeated", 1)
	if right, down := r.Int("number-columns-spanned", 1), r.Int("number-rows-spanned", 1); right > 1 || down > 1 {
		r.sheet.merged = append(r.sheet.merged, cellName(column, r.next1)+":"+cellName(column+right-1, r.next1+down-1))
	}
	typed := string(r.Attr("value-type"))
	style := r.String("style-name")
	if style == "" && column < len(r.defaults) {
		style = r.defaults[column]
	}
	c := cell{column: column, look: r.look(style)}
	from, paragraphs := len(r.text), 0
	if err := r.Inside(func() error { return r.content(&c, column, from, &paragraphs) }); err != nil {
		return 0, err
	}
	c.text = r.text[from:]
	if len(c.text) == 0 && (typed == "" || typed == "string") {
		return width, nil
	}
	if typed != "" && typed != "string" {
		c.text = nil
	}
	for i := range min(width, maxRepeated) {
		c.column = column + i
		r.row.cells = append(r.row.cells, c)
	}
	return width, nil
}

// content takes note of what stands in a cell.
func (r *odsReader) content(c *cell, column, from int, paragraphs *int) error {
	if r.Kind == xmlscan.Text {
		if *paragraphs > 0 && len(r.text)-from < maxText {
			r.text = append(r.text, r.Text[:min(len(r.Text), maxText)]...)
		}
		return nil
	}
	if r.Kind == xmlscan.End {
		return nil
	}
	switch string(r.Name) {
	case "p":
		if *paragraphs++; *paragraphs > 1 {
			r.text = append(r.text, '\n')
		}
	case "s", "tab", "line-break":
		r.text = append(r.text, ' ')
	case "span":
		c.superscript = c.superscript || r.styles[r.String("style-name")].look.superscript
	case "a":
		r.addLink(cellName(column, r.next1), r.String("href"))
	case "annotation":
		r.sheet.boxes = append(r.sheet.boxes, "comments")
		return r.Inside(func() error { return nil })
	case "frame":
		return r.readFrame()
	case "custom-shape", "rect", "ellipse", "line", "control":
		r.sheet.boxes = append(r.sheet.boxes, "a floating shape")
	}
	return nil
}

func (r *odsReader) addLink(cell, target string) {
	l := link{cell: cell, outside: target}
	if place, inside := strings.CutPrefix(target, "#"); inside {
		l.inside, l.outside = place, ""
	}
	r.sheet.addLink(l)
}

func (r *odsReader) look(style string) *look {
	found, ok := r.looks[style]
	if !ok {
		l := r.styles.of(style)
		found = &l
		r.looks[style] = found
	}
	return found
}

// readShapes reads what floats over a sheet.
func (r *odsReader) readShapes() error {
	return r.Inside(func() error {
		switch {
		case r.Kind > xmlscan.Empty:
		case r.Is("frame"):
			return r.readFrame()
		default:
			r.sheet.boxes = append(r.sheet.boxes, "a floating shape")
		}
		return nil
	})
}

// readFrame reads a frame: around a chart, an image or a text.
func (r *odsReader) readFrame() error {
	name, alt, kind, inside := r.String("name"), "", "sp", ""
	err := r.Inside(func() error {
		switch {
		case r.Kind == xmlscan.Text && (inside == "desc" || inside == "title"):
			alt += string(r.Text)
		case r.Kind == xmlscan.Text:
		case r.Kind == xmlscan.End:
			inside = ""
		case r.Is("object"):
			kind = "graphicFrame"
		case r.Is("image") && kind == "sp": // charts have one too, to stand in for them
			kind = "pic"
		default:
			inside = string(r.Name)
		}
		return nil
	})
	r.sheet.draw(kind, name, alt)
	return err
}

// atoi is a number, 0 for what is none.
func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
