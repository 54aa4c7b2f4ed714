package frontmatter

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"cpd-jobs/reports/table"
)

// Widths, as spreadsheets count them: in digits of the font. Longer text wraps.
const (
	minWidth, maxWidth = 8, 50
	timeWidth          = 20
	padding            = 2
	boldness           = 1.1 // bold letters are wider
)

// Widths are those that the headings and some of the values need.
func Widths(columns []table.Column, sample [][]table.Value) []float64 {
	list := make([]float64, len(columns))
	for i, c := range columns {
		widest := float64(minWidth)
		if c.Type == table.Timestamp {
			widest = timeWidth
		}
		for word := range strings.FieldsSeq(c.Heading()) {
			widest = max(widest, TextWidth(word)*boldness)
		}
		for _, row := range sample {
			if text, ok := row[i].AsText(); ok {
				widest = max(widest, TextWidth(text))
			}
		}
		list[i] = math.Ceil(min(widest, maxWidth)) + padding
	}
	return list
}

// TextWidth is about how wide a text in Arial is.
func TextWidth(text string) float64 {
	tenths := 0
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			for _, r := range text[i:] {
				tenths += letterWidth(r)
			}
			break
		}
		tenths += int(asciiWidths[text[i]])
	}
	return float64(tenths) / 10
}

// asciiWidths are those of the first letters, looked up because heights of rows depend on every letter of a report.
var asciiWidths = func() (widths [utf8.RuneSelf]uint8) {
	for r := range widths {
		widths[r] = uint8(letterWidth(rune(r)))
	}
	return widths
}()

// letterWidth is that of a character in Arial, in tenths of a digit's, a little too high rather than too low.
func letterWidth(r rune) int {
	switch r {
	case 'i', 'j', 'l', 't', 'f', 'r', 'I', ' ', '.', ',', ':', ';', '\'', '|', '!', '/', '(', ')', '[', ']', '-':
		return 6
	case 'm', 'w', 'M', 'W', '@', '%':
		return 16
	}
	switch {
	case unicode.IsUpper(r):
		return 13
	case r < 0x2000:
		return 10
	default:
		return 20 // ideographs, emoji
	}
}
