package definition

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"slices"
)

// Sizes of the picture, in the SVG's units.
const (
	lineHeight  = 22
	pictureTop  = 48
	sourceLeft  = 8
	sourceWidth = 430
	columnLeft  = 560
	columnWidth = 260
	sheetLeft   = 940
	sheetWidth  = 300
)

// WriteLineage draws what each column of the report is made from and the heading that it has in files, as an SVG:
// source columns, report columns and sheet columns from left to right, joined by lines.
func (d *Definition) WriteLineage(out io.Writer) error {
	sources := d.sources()
	w := bufio.NewWriter(out)
	lines := max(len(sources), len(d.Columns))
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="lineage-title lineage-about" font-family="sans-serif" font-size="13">`+"\n",
		sheetLeft+sheetWidth+8, pictureTop+lines*lineHeight+8)
	fmt.Fprintf(w, "<title id=\"lineage-title\">%s: where each column comes from</title>\n", html.EscapeString(d.Title))
	fmt.Fprintf(w, "<desc id=\"lineage-about\">%d source columns on the left, %d columns of the report in the middle, their headings in files on the right. The table of columns says the same in words.</desc>\n",
		len(sources), len(d.Columns))
	fmt.Fprintln(w, `<rect width="100%" height="100%" fill="#ffffff"/>`)
	heading(w, sourceLeft, "Source column")
	heading(w, columnLeft, "Report column")
	heading(w, sheetLeft, "Heading in files")
	for i, l := range d.Lineage() {
		for _, source := range l.Sources {
			curve(w, sourceLeft+sourceWidth, slices.Index(sources, source), columnLeft, i)
		}
		curve(w, columnLeft+columnWidth, i, sheetLeft, i)
		box(w, columnLeft, columnWidth, i, l.Column)
		box(w, sheetLeft, sheetWidth, i, l.Heading)
	}
	for i, source := range sources {
		box(w, sourceLeft, sourceWidth, i, source)
	}
	fmt.Fprintln(w, "</svg>")
	return w.Flush()
}

// sources are all columns that the report is made from, in the order in which its columns name them.
func (d *Definition) sources() []string {
	var list []string
	for _, c := range d.Columns {
		for _, source := range c.Sources {
			if !slices.Contains(list, source) {
				list = append(list, source)
			}
		}
	}
	return list
}

func heading(w io.Writer, left int, text string) {
	fmt.Fprintf(w, "<text x=\"%d\" y=\"24\" font-weight=\"bold\" fill=\"#0b0c0c\">%s</text>\n", left, text)
}

func box(w io.Writer, left, width, line int, text string) {
	top := pictureTop + line*lineHeight
	fmt.Fprintf(w, `<rect x="%d" y="%d" width="%d" height="%d" fill="#f3f2f1" stroke="#505a5f"/><text x="%d" y="%d" fill="#0b0c0c">%s</text>`+"\n",
		left, top, width, lineHeight-4, left+6, top+13, html.EscapeString(text))
}

func curve(w io.Writer, fromX, fromLine, toX, toLine int) {
	middle := (fromX + toX) / 2
	y1, y2 := pictureTop+fromLine*lineHeight+9, pictureTop+toLine*lineHeight+9
	fmt.Fprintf(w, `<path d="M%d %dC%d %d %d %d %d %d" fill="none" stroke="#1d70b8" stroke-opacity="0.6"/>`+"\n", fromX, y1, middle, y1, middle, y2, toX, y2)
}
