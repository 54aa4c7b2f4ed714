package format

import (
	"bytes"
	"fmt"
	"time"
)

// shape brings a value into the form of column at. The second result says what is wrong with it.
func (r *Reader) shape(at int, value []byte) ([]byte, string) {
	switch r.table.Columns[at].Form {
	case URN:
		return urn(value)
	case Number:
		return number(value)
	case Date:
		return r.date(at, value)
	default:
		r.spoiltText(at, value)
		return value, ""
	}
}

// IsURN says that value is 5 or 6 plain digits. Nothing else is coerced into one.
func IsURN(value []byte) bool {
	return (len(value) == 5 || len(value) == 6) && value[0] != '0' && isDigits(value)
}

// urn takes a key as it stands. Spaces on one side are a fixed width's; on both they are nothing that a program writes.
func urn(value []byte) ([]byte, string) {
	if left, right := bytes.TrimLeft(value, " "), bytes.TrimRight(value, " "); len(left) == len(value) || len(right) == len(value) {
		value = bytes.TrimSpace(value)
	}
	if plain, found := bytes.CutSuffix(value, []byte(".0")); found && IsURN(plain) {
		return nil, "is a URN with .0 behind it, as programs write it that take the column for decimals; have it written as text"
	}
	if !IsURN(value) {
		return nil, "is no URN: 5 or 6 plain digits"
	}
	return value, ""
}

func isDigits(value []byte) bool {
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(value) > 0
}

// number drops zeros in front: the register pads its codes in some years and not in others.
func number(value []byte) ([]byte, string) {
	if !isDigits(value) || len(value) > 9 {
		return nil, "is no whole number"
	}
	trimmed := bytes.TrimLeft(value, "0")
	if len(trimmed) == 0 {
		return value[len(value)-1:], ""
	}
	return trimmed, ""
}

// DateForms counts the forms in which the days of a column stand.
type DateForms struct {
	// DayFirst are DD-MM-YYYY and DD/MM/YYYY, the register's own; ISO are YYYY-MM-DD.
	DayFirst, ISO int64
	// MonthFirst are those that are a day only as MM/DD/YYYY. They cannot be read.
	MonthFirst int64
}

// String says what was counted: "12 as DD-MM-YYYY, 3 as YYYY-MM-DD".
func (f DateForms) String() string {
	var text string
	for _, form := range []struct {
		n    int64
		name string
	}{{f.DayFirst, "DD-MM-YYYY"}, {f.ISO, "YYYY-MM-DD"}, {f.MonthFirst, "MM-DD-YYYY"}} {
		if form.n == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d as %s", form.n, form.name)
	}
	return text
}

// date reads DD-MM-YYYY, DD/MM/YYYY or YYYY-MM-DD and nothing that only resembles them, and counts which it was:
// whether the column as a whole can be believed is for its caller to say. The register writes 01-01-1900 where it does
// not know the day; it is kept, since it is what the register says.
func (r *Reader) date(at int, value []byte) ([]byte, string) {
	const fault = "is no day as DD-MM-YYYY"
	forms := &r.forms[at]
	if len(value) == 10 && value[4] == '-' && value[7] == '-' {
		if !isDay(value[8:], value[5:7], value[:4]) {
			return nil, fault
		}
		forms.ISO++
		return value, ""
	}
	if len(value) != 10 || value[2] != value[5] || value[2] != '-' && value[2] != '/' {
		return nil, fault
	}
	day, month, year := value[:2], value[3:5], value[6:]
	if !isDay(day, month, year) {
		if isDay(month, day, year) {
			forms.MonthFirst++
			return nil, fault + ", but one as MM-DD-YYYY"
		}
		return nil, fault
	}
	forms.DayFirst++
	start := len(r.days)
	r.days = append(append(append(append(append(r.days, year...), '-'), month...), '-'), day...)
	return r.days[start:], ""
}

// isDay says that the digits make a day of the calendar.
func isDay(day, month, year []byte) bool {
	if !isDigits(day) || !isDigits(month) || !isDigits(year) || year[0] == '0' {
		return false
	}
	d, m := decimal(day), decimal(month)
	t := time.Date(decimal(year), time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t.Day() == d && int(t.Month()) == m
}

func decimal(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}

// spoilt names what another program has made of a text on its way, "" where it looks sound. The text is kept.
func spoilt(value []byte) string {
	if len(value) <= len("#VALUE!") {
		switch string(value) {
		case "NULL", "null", "N/A", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!":
			return "is what a program writes where it has no value"
		}
	}
	for i, c := range value {
		if c < 0x80 {
			continue
		}
		switch rest := value[i:]; {
		case bytes.HasPrefix(rest, []byte("\u00a0")), bytes.HasPrefix(rest, []byte("\u200b")), bytes.HasPrefix(rest, []byte("\ufeff")):
			return "has a space that cannot be seen"
		case twiceDecoded(rest):
			return "looks decoded twice"
		}
	}
	return ""
}

// twiceDecoded says that text begins with what the bytes of a UTF-8 character are as characters of their own: Ã© for é,
// â€™ for ’.
func twiceDecoded(text []byte) bool {
	next, found := bytes.CutPrefix(text, []byte("â€"))
	if found {
		return len(next) > 0
	}
	for _, lead := range []string{"Ã", "Â", "Å"} {
		if next, found := bytes.CutPrefix(text, []byte(lead)); found && len(next) > 1 {
			// A continuation byte, 0x80 to 0xBF, is one of these as a character of Windows-1252 or ISO-8859-1.
			return next[0] == 0xc2 && next[1] >= 0x80 && next[1] <= 0xbf || next[0] == 0xe2 || next[0] == 0xc5 || next[0] == 0xc6 || next[0] == 0xcb
		}
	}
	return false
}
