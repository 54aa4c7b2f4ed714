package xlsx

import (
	"math"
	"strings"
	"unicode"

	"cpd-jobs/reports/table"
)

// Widths, as spreadsheets count them: in digits of the font. Longer text wraps.
const (
	minWidth, maxWidth = 8, 50
	timeWidth          = 20
	padding            = 2
	boldness           = 1.1 // bold letters are wider
	widestLetter       = 1.6
)

// Heights in points.
const (
	lineHeight     = 16.0
	titleHeight    = 24.0
	subtitleHeight = 32.0 // space above stands in for the blank row that the checklist advises against
	maxHeight      = 409
)

// widths are those that the headings and some of the values need.
func widths(columns []table.Column, sample [][]table.Value) []float64 {
	list := make([]float64, len(columns))
	for i, c := range columns {
		widest := float64(minWidth)
		if c.Type == table.Timestamp {
			widest = timeWidth
		}
		for word := range strings.FieldsSeq(c.Heading()) {
			widest = max(widest, textWidth(word)*boldness)
		}
		for _, row := range sample {
			if text, ok := row[i].AsText(); ok {
				widest = max(widest, textWidth(text))
			}
		}
		list[i] = math.Ceil(min(widest, maxWidth)) + padding
	}
	return list
}

// textWidth is about how wide a text in Arial is.
func textWidth(text string) float64 {
	var width float64
	for _, r := range text {
		width += letterWidth(r)
	}
	return width
}

// letterWidth is that of a character in Arial, a little too high rather than too low.
func letterWidth(r rune) float64 {
	switch r {
	case 'i', 'j', 'l', 't', 'f', 'r', 'I', ' ', '.', ',', ':', ';', '\'', '|', '!', '/', '(', ')', '[', ']', '-':
		return 0.6
	case 'm', 'w', 'M', 'W', '@', '%':
		return widestLetter
	}
	switch {
	case unicode.IsUpper(r):
		return 1.3
	case r < 0x2000:
		return 1
	default:
		return 2 // ideographs, emoji
	}
}

// height is what a cell needs, 0 if one line is enough. Excel finds out by itself, LibreOffice does not.
func (s *sheet) height(text string, style, column int) float64 {
	width := s.widths[column] - padding/2
	switch style {
	case s.styles.title:
		return titleHeight
	case s.styles.subtitle:
		return subtitleHeight
	case s.styles.heading, s.styles.numberHeading:
		width /= boldness
	case s.styles.wrapped, s.styles.wrappedLink:
	default:
		return 0
	}
	if float64(len(text))*widestLetter <= width && strings.IndexByte(text, '\n') < 0 {
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
	n := 0
	for line := range strings.SplitSeq(text[:min(len(text), enough)], "\n") {
		n++
		var used float64
		for word := range strings.FieldsSeq(line) {
			size := textWidth(word)
			if used > 0 && used+letterWidth(' ')+size > width {
				n++
				used = 0
			}
			used += size + letterWidth(' ')
			for ; used > width+letterWidth(' '); used -= width {
				n++
			}
		}
	}
	return n
}
