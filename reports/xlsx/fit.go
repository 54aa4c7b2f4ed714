package xlsx

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/table"
)

// maxCell is how many characters a cell holds, counted as UTF-16 does.
const maxCell = 32767

// maxDigits is how many digits of a number spreadsheet programs keep; a longer one becomes a text, so that none is lost.
const maxDigits = 15

// fitText replaces the characters that no XML file can hold, and cuts what is longer than a cell. done says, for people, what
// it had to do, and is empty nearly always.
func fitText(s string) (fitted, done string) {
	if strings.IndexFunc(s, unfit) >= 0 || !utf8.ValidString(s) {
		s = strings.Map(func(r rune) rune {
			if unfit(r) {
				return utf8.RuneError
			}
			return r
		}, s)
		done = "control characters replaced"
	}
	if len(s) <= maxCell { // bytes are never fewer than characters
		return s, done
	}
	if cut := cutAt(s, maxCell); cut < len(s) {
		s = s[:cut]
		done = strings.TrimPrefix(done+" and cut after "+strconv.Itoa(maxCell)+" characters", " and ")
	}
	return s, done
}

// unfit is true of characters that XML 1.0 has no place for, not even escaped.
func unfit(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// cutAt is the length in bytes of the first n UTF-16 units of s, whole characters only.
func cutAt(s string, n int) int {
	for i, r := range s {
		n--
		if r > 0xFFFF {
			n--
		}
		if n < 0 {
			return i
		}
	}
	return len(s)
}

// fit is v as a cell can hold it.
func fit(v table.Value) (fitted table.Value, done string) {
	s, ok := v.AsText()
	if !ok {
		return v, ""
	}
	fitted = v
	if s, done = fitText(s); done != "" {
		fitted = table.String(s)
	}
	return fitted, done
}

// cellOf is what to hand to excelize for v. Text is safe as it is: a text cell is never run, whatever it begins with.
func (s *styles) cellOf(v table.Value) (value any, style int) {
	if v.Empty() {
		return nil, 0
	}
	if text, ok := v.AsText(); ok {
		return textCell(text), s.wrapped
	}
	if b, ok := v.AsBool(); ok {
		return b, s.text
	}
	if n, ok := v.AsInt(); ok && digitsOf(v.String()) <= maxDigits {
		return n, s.number
	}
	if d, ok := v.AsDecimal(); ok && digitsOf(d) <= maxDigits {
		f, err := strconv.ParseFloat(d, 64)
		if err == nil {
			return f, s.decimal
		}
	}
	if serial, ok := serialOf(v); ok {
		if _, isDay := v.AsDay(); isDay {
			return serial, s.day
		}
		return serial, s.time
	}
	return v.String(), s.wrapped
}

// surrogate is half a character in the escapes of spreadsheet programs. excelize 2.11 drops a text's "_xD83D_" without a
// word, where it should escape it.
var surrogate = regexp.MustCompile(`_x[dD][89a-fA-F][0-9a-fA-F]{2}_`)

// textCell is text as excelize writes it whole: in two runs where it would lose what stands across them.
func textCell(text string) any {
	if !strings.Contains(text, "_x") {
		return text
	}
	var runs []excelize.RichTextRun
	for at := surrogate.FindStringIndex(text); at != nil; at = surrogate.FindStringIndex(text) {
		runs = append(runs, excelize.RichTextRun{Text: text[:at[0]+1]})
		text = text[at[0]+1:]
	}
	if runs == nil {
		return text
	}
	return append(runs, excelize.RichTextRun{Text: text})
}

// digitsOf counts the digits that matter.
func digitsOf(number string) int {
	digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(number), "0")
	return len(digits)
}
