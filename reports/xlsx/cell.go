package xlsx

import (
	"strconv"
	"unicode/utf8"

	"cpd-jobs/reports/table"
)

// A number of more than 15 digits is written as a text: spreadsheet programs keep no more, and none is to be lost.
const (
	maxDigits  = 15
	maxInteger = 999_999_999_999_999
)

// styleOf is the style that a value has, and whether it is written as a text. Text is safe as it is: a text cell is
// never run, whatever it begins with.
func (s *styles) styleOf(v table.Value) (look *style, asText bool) {
	if _, ok := v.AsText(); ok {
		return &s.wrapped, true
	}
	if _, ok := v.AsBool(); ok {
		return &s.text, false
	}
	if n, ok := v.AsInt(); ok && n <= maxInteger && n >= -maxInteger {
		return &s.number, false
	}
	if d, ok := v.AsDecimal(); ok && digitsOf(d) <= maxDigits {
		return &s.decimal, false
	}
	if _, ok := v.AsTime(); ok && hasSerial(v) {
		return &s.time, false
	}
	if _, ok := v.AsDay(); ok && hasSerial(v) {
		return &s.day, false
	}
	return &s.wrapped, true
}

// digitsOf counts the digits that matter of a number in decimal.
func digitsOf(number string) int {
	n := 0
	for i := range len(number) {
		if c := number[i]; c > '0' && c <= '9' || c == '0' && n > 0 {
			n++
		}
	}
	return n
}

// appendCell adds what stands behind a cell's reference: style, type and value.
func appendCell(b []byte, v table.Value, look *style, asText bool, shared *sharedTexts) []byte {
	if asText {
		text, ok := v.AsText()
		if !ok {
			text = v.String()
		}
		return appendTextCell(b, text, look, shared)
	}
	if truth, ok := v.AsBool(); ok {
		b = append(b, look.bool...)
		if truth {
			return append(b, `1</v></c>`...)
		}
		return append(b, `0</v></c>`...)
	}
	b = append(b, look.numberTag...)
	if n, ok := v.AsInt(); ok {
		b = strconv.AppendInt(b, n, 10)
	} else if d, ok := v.AsDecimal(); ok {
		b = append(b, d...)
	} else {
		b = appendSerial(b, v)
	}
	return append(b, `</v></c>`...)
}

func appendTextCell(b []byte, text string, look *style, shared *sharedTexts) []byte {
	if n, ok := shared.number(text); ok {
		b = append(b, look.sharedTag...)
		return append(strconv.AppendInt(b, int64(n), 10), `</v></c>`...)
	}
	if text != "" && (isSpace(text[0]) || isSpace(text[len(text)-1])) {
		b = append(b, look.keptTag...)
	} else {
		b = append(b, look.textTag...)
	}
	return append(appendText(b, text), `</t></is></c>`...)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// special are the bytes that a text cannot have as they are.
var special = [utf8.RuneSelf]bool{'&': true, '<': true, '>': true, '\r': true, '_': true}

// appendText escapes what is XML's, and with the spreadsheet's own escape what would be taken for such an escape:
// programs read the text _x0041_ as A.
func appendText(b []byte, text string) []byte {
	from := 0
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf || !special[c] {
			continue
		}
		with := ""
		switch c {
		case '&':
			with = "&amp;"
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		case '\r': // a parser would make a line feed of it
			with = "&#13;"
		case '_':
			if !looksEscaped(text[i:]) {
				continue
			}
			with = "_x005F_"
		}
		b = append(append(b, text[from:i]...), with...)
		from = i + 1
	}
	return append(b, text[from:]...)
}

// looksEscaped says that s begins like _x000D_.
func looksEscaped(s string) bool {
	if len(s) < 7 || s[:2] != "_x" || s[6] != '_' {
		return false
	}
	for _, c := range []byte(s[2:6]) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}

// appendAttribute escapes a text for the inside of double quotes.
func appendAttribute(b []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case '&':
			b = append(b, "&amp;"...)
		case '<':
			b = append(b, "&lt;"...)
		case '"':
			b = append(b, "&quot;"...)
		case '\t', '\n', '\r':
			b = append(strconv.AppendInt(append(b, "&#"...), int64(c), 10), ';')
		default:
			b = append(b, c)
		}
	}
	return b
}
