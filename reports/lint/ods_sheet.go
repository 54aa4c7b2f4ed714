package lint

import (
	"strconv"
	"strings"
)

// odsReader reads the rows of an OpenDocument spreadsheet.
type odsReader struct {
	*ods
	*tokens
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
	return stream(o.zip, "content.xml", func(t *tokens) error {
		r := &odsReader{ods: o, tokens: t, v: v, looks: map[string]*look{}}
		for n := 0; ; {
			if err := t.next(); err != nil {
				return err
			}
			if t.kind == startTag && t.is("table") && n < len(b.sheets) {
				if err := r.readSheet(b.sheets[n]); err != nil {
					return err
				}
				n++
			}
		}
	})
}

func (r *odsReader) readSheet(s *sheet) error {
	r.sheet, r.next1, r.columns, r.defaults = s, 1, 0, nil
	s.cursor, s.frozen = strings.CutSuffix(s.cursor, frozenMark)
	r.v.begin(s)
	for {
		if err := r.tokens.next(); err != nil {
			return err
		}
		if r.kind == endTag && r.is("table") {
			r.v.end(s)
			return nil
		}
		if r.kind == endTag || r.kind == textPiece {
			continue
		}
		var err error
		switch string(r.name) {
		case "table-column":
			r.readColumn()
		case "table-row":
			err = r.readRow()
		case "shapes":
			err = r.readShapes("shapes")
		}
		if err != nil {
			return err
		}
	}
}

func (r *odsReader) readColumn() {
	n := r.int("number-columns-repeated", 1)
	hidden := r.attr("visibility") != nil && string(r.attr("visibility")) != "visible"
	r.sheet.widths = append(r.sheet.widths, columns{r.columns, r.columns + n - 1, r.styles[r.str("style-name")].width, hidden})
	for range min(n, maxDefaults-len(r.defaults)) {
		r.defaults = append(r.defaults, r.str("default-cell-style-name"))
	}
	r.columns += n
}

// maxDefaults is how many columns are looked at for the style of their cells: the last of a sheet go on to its edge.
const maxDefaults = 1024

func (r *odsReader) readRow() error {
	repeated := r.int("number-rows-repeated", 1)
	r.row.hidden = r.attr("visibility") != nil && string(r.attr("visibility")) != "visible"
	r.row.cells, r.text = r.row.cells[:0], r.text[:0]
	column := 0
	for r.kind != emptyTag || !r.is("table-row") {
		if err := r.tokens.next(); err != nil {
			return err
		}
		if r.kind == endTag && r.is("table-row") {
			break
		}
		if r.kind == endTag || r.kind == textPiece || !r.is("table-cell") && !r.is("covered-table-cell") {
			continue
		}
		width, err := r.readCell(column)
		if err != nil {
			return err
		}
		column += width
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
	element := "table-cell"
	if r.is("covered-table-cell") {
		element = "covered-table-cell"
	}
	width = r.int("number-columns-repeated", 1)
	if right, down := r.int("number-columns-spanned", 1), r.int("number-rows-spanned", 1); right > 1 || down > 1 {
		r.sheet.merged = append(r.sheet.merged, cellName(column, r.next1)+":"+cellName(column+right-1, r.next1+down-1))
	}
	typed := string(r.attr("value-type"))
	style := r.str("style-name")
	if style == "" && column < len(r.defaults) {
		style = r.defaults[column]
	}
	c := cell{column: column, look: r.look(style)}
	from, paragraphs := len(r.text), 0
	for r.kind != emptyTag || !r.is(element) {
		if err := r.tokens.next(); err != nil {
			return 0, err
		}
		if r.kind == endTag && r.is(element) {
			break
		}
		if err := r.content(&c, column, from, &paragraphs); err != nil {
			return 0, err
		}
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
	if r.kind == textPiece {
		if *paragraphs > 0 && len(r.text)-from < maxText {
			r.text = append(r.text, r.tokens.text[:min(len(r.tokens.text), maxText)]...)
		}
		return nil
	}
	if r.kind == endTag {
		return nil
	}
	switch string(r.name) {
	case "p":
		if *paragraphs++; *paragraphs > 1 {
			r.text = append(r.text, '\n')
		}
	case "s", "tab", "line-break":
		r.text = append(r.text, ' ')
	case "span":
		c.superscript = c.superscript || r.styles[r.str("style-name")].look.superscript
	case "a":
		r.addLink(cellName(column, r.next1), r.str("href"))
	case "annotation":
		r.sheet.boxes = append(r.sheet.boxes, "comments")
		return r.skip("annotation")
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

func (r *odsReader) skip(element string) error {
	for r.kind != emptyTag || !r.is(element) {
		if err := r.tokens.next(); err != nil {
			return err
		}
		if r.kind == endTag && r.is(element) {
			break
		}
	}
	return nil
}

// readShapes reads what floats over a sheet.
func (r *odsReader) readShapes(element string) error {
	for r.kind != emptyTag || !r.is(element) {
		if err := r.tokens.next(); err != nil {
			return err
		}
		switch {
		case r.kind == endTag && r.is(element):
			return nil
		case r.kind == endTag || r.kind == textPiece:
		case r.is("frame"):
			if err := r.readFrame(); err != nil {
				return err
			}
		default:
			r.sheet.boxes = append(r.sheet.boxes, "a floating shape")
		}
	}
	return nil
}

// readFrame reads a frame: around a chart, an image or a text.
func (r *odsReader) readFrame() error {
	name, alt, kind, inside := r.str("name"), "", "sp", ""
	for r.kind != emptyTag || !r.is("frame") {
		if err := r.tokens.next(); err != nil {
			return err
		}
		if r.kind == endTag && r.is("frame") {
			break
		}
		switch {
		case r.kind == textPiece && (inside == "desc" || inside == "title"):
			alt += string(r.tokens.text)
		case r.kind == textPiece:
		case r.kind == endTag:
			inside = ""
		case r.is("object"):
			kind = "graphicFrame"
		case r.is("image") && kind == "sp": // charts have one too, to stand in for them
			kind = "pic"
		default:
			inside = string(r.name)
		}
	}
	r.sheet.draw(kind, name, alt)
	return nil
}

// atoi is a number, 0 for what is none.
func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
