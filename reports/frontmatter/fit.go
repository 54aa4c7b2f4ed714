package frontmatter

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cpd-jobs/reports/table"
)

// maxCell is how many characters a cell holds in every spreadsheet program, counted as UTF-16 does.
const maxCell = 32767

// maxDigits is how many digits of a number spreadsheet programs keep.
const maxDigits = 15

// Fit is v, of a column of type t, as a cell can hold it. done says, for people, what had to be done to it, and is
// empty nearly always.
func Fit(v table.Value, t table.Type) (fitted table.Value, done string) {
	s, ok := v.AsText()
	if !ok {
		if outOfYears(v) {
			return v, v.String() + " is text, because cells hold times from 1900 to 9999"
		}
		return v, ""
	}
	if s, done = FitText(s); done != "" {
		return table.String(s), done
	}
	if t != table.Text && t != table.List && t != "" {
		return v, s + " is text, because no cell can hold it as a " + strings.ToLower(t.Words())
	}
	return v, ""
}

// outOfYears is true of times that no calendar for people has: nearly always somebody's mistake, and worth a note.
// Times before 1900 are texts too, and as many as there are old schools: one note says so of all of them.
func outOfYears(v table.Value) bool {
	at, ok := v.AsTime()
	if !ok {
		at, ok = v.AsDay()
	}
	return ok && (at.Year() > 9999 || at.Year() < 1)
}

// FitText replaces the characters that no XML file can hold, and cuts what is longer than a cell.
func FitText(s string) (fitted, done string) {
	if len(s) <= maxCell && plainText(s) {
		return s, ""
	}
	if strings.IndexFunc(s, unfit) >= 0 || !utf8.ValidString(s) {
		s = strings.Map(func(r rune) rune {
			if unfit(r) {
				return utf8.RuneError
			}
			return r
		}, s)
		done = "control characters replaced"
	}
	if cut := cutAt(s, maxCell); cut < len(s) {
		s = s[:cut]
		done = strings.TrimPrefix(done+" and cut after "+strconv.Itoa(maxCell)+" characters", " and ")
	}
	return s, done
}

// plainText finds out cheaply, for nearly every text, that nothing has to be done to it.
func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unfit is true of characters that XML 1.0 has no place for, not even escaped.
func unfit(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// cutAt is the length in bytes of the first n UTF-16 units of s, whole characters only.
func cutAt(s string, n int) int {
	if len(s) <= n {
		return len(s) // bytes are never fewer than units
	}
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

// ManyDigits says that spreadsheet programs would drop digits of a number, so that it must be a text.
func ManyDigits(number string) bool {
	if len(number) <= maxDigits {
		return false
	}
	digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(number), "0")
	return len(digits) > maxDigits
}

// Times from the first to before the last are times to every spreadsheet program. Before 1 March 1900 they disagree:
// one believes that 1900 was a leap year.
var (
	firstTime = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastTime  = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// TimeHolds says that a time is one that every spreadsheet program can hold, so that it needs not be a text.
func TimeHolds(t time.Time) bool { return t.Unix() >= firstTime && t.Unix() < lastTime }
