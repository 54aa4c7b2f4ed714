package xlsx

import (
	"strings"

	"cpd-jobs/reports/frontmatter"
)

// Heights in points.
const (
	lineHeight     = 16.0
	titleHeight    = 24.0
	subtitleHeight = 32.0 // space above stands in for the blank row that the checklist advises against
	maxHeight      = 409
)

// Of widths, in digits of the font.
const (
	padding  = 1   // at either side of a cell
	boldness = 1.1 // bold letters are wider
)

// heightOf is what a text needs in a column of a width, 0 if one line is enough. Excel finds out by itself, LibreOffice
// does not.
func heightOf(text string, look *style, width float64) float64 {
	if look.height > 0 {
		return look.height
	}
	if !look.wraps {
		return 0
	}
	width -= padding
	if look.bold {
		width /= boldness
	}
	if len(text) < enough && strings.IndexByte(text, '\n') < 0 && frontmatter.TextWidth(text) <= width {
		return 0 // most cells, found out cheaply
	}
	if n := lines(text, width); n > 1 {
		return min(float64(n)*lineHeight, maxHeight)
	}
	return 0
}

// enough bytes of text to fill the highest row, whatever its width.
const enough = 8 << 10

// lines is how many lines a text takes that is wrapped at a width, or more than the highest row has.
func lines(text string, width float64) int {
	space := frontmatter.TextWidth(" ")
	n := 0
	for line := range strings.SplitSeq(text[:min(len(text), enough)], "\n") {
		n++
		var used float64
		for word := range strings.FieldsSeq(line) {
			size := frontmatter.TextWidth(word)
			if used > 0 && used+space+size > width {
				n++
				used = 0
			}
			used += size + space
			for ; used > width+space; used -= width {
				n++
			}
		}
	}
	return n
}
