package table

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Append adds v as plain text files have it: true and false, ISO 8601 in UTC, numbers with a point.
func (v Value) Append(b []byte) []byte {
	switch v.kind {
	case text, number:
		return append(b, v.s...)
	case integer:
		return strconv.AppendInt(b, v.n, 10)
	case boolean:
		return strconv.AppendBool(b, v.n == 1)
	case timestamp:
		return appendTime(b, v.n)
	case date:
		return appendDay(b, v.n)
	default:
		return b
	}
}

// appendTime adds microseconds since 1970 as ISO 8601 in UTC, with the fraction only where there is one. Reports have
// millions of times, and the standard library's formatting would take most of the time that writing them takes.
func appendTime(b []byte, micros int64) []byte {
	const perSecond, perDay = 1_000_000, secondsOfDay * 1_000_000
	days, micros := micros/perDay, micros%perDay
	if micros < 0 {
		days, micros = days-1, micros+perDay
	}
	seconds, fraction := micros/perSecond, micros%perSecond
	b = append(appendDay(b, days), 'T')
	b = append(appendDigits(b, seconds/3600, 2), ':')
	b = append(appendDigits(b, seconds/60%60, 2), ':')
	b = appendDigits(b, seconds%60, 2)
	if fraction != 0 {
		b = appendDigits(append(b, '.'), fraction, 6)
	}
	return append(b, 'Z')
}

// appendDay adds days since 1970 as ISO 8601.
func appendDay(b []byte, days int64) []byte {
	year, month, day := time.Unix(days*secondsOfDay, 0).UTC().Date()
	if year < 0 || year > 9999 {
		return time.Unix(days*secondsOfDay, 0).UTC().AppendFormat(b, time.DateOnly)
	}
	b = append(appendDigits(b, int64(year), 4), '-')
	b = append(appendDigits(b, int64(month), 2), '-')
	return appendDigits(b, int64(day), 2)
}

// appendDigits adds the last few digits of n, zeros in front.
func appendDigits(b []byte, n int64, digits int) []byte {
	b = append(b, "000000"[:digits]...)
	for i := len(b) - 1; n > 0 && digits > 0; i, digits = i-1, digits-1 {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// Parse reads what [Value.Append] wrote for a value of type t. What has not the form of t is a text, as it was when it
// was written: a time that no clock reaches ("infinity") stands in a column of times as a text.
func Parse(s string, t Type) Value {
	if s == "" {
		return Value{}
	}
	v, ok := parse(s, t)
	if !ok || v.String() != s {
		return String(s)
	}
	return v
}

func parse(s string, t Type) (Value, bool) {
	switch t {
	case Integer:
		n, err := strconv.ParseInt(s, 10, 64)
		return Int(n), err == nil
	case Decimal:
		_, ok := plain(s)
		return Number(s), ok
	case Boolean:
		return Bool(s == "true"), s == "true" || s == "false"
	case Timestamp:
		at, err := parseTime(time.RFC3339Nano, s)
		return Time(at), err == nil
	case Date:
		day, err := parseTime(time.DateOnly, s)
		return Day(day), err == nil
	default:
		return String(s), true
	}
}

// parseTime knows years that the standard library does not, before 0 and after 9999, which databases have. The calendar
// comes round every 400 years.
func parseTime(layout, s string) (time.Time, error) {
	at, err := time.Parse(layout, s)
	if err == nil || len(s) < len("-0001-01-01") {
		return at, err
	}
	end := 1 + strings.IndexByte(s[1:], '-')
	year, wrong := strconv.Atoi(s[:end])
	if wrong != nil || year >= 0 && year <= 9999 {
		return at, err
	}
	like := 2000 + (year%400+400)%400
	if at, err = time.Parse(layout, strconv.Itoa(like)+s[end:]); err != nil {
		return at, err
	}
	return at.AddDate(year-like, 0, 0), nil
}

// ParseStrict is Parse for what a person typed: it refuses what has not the form of t.
func ParseStrict(s string, t Type) (Value, error) {
	v, ok := parse(s, t)
	if !ok {
		return Value{}, fmt.Errorf("%q is no %s", s, strings.ToLower(t.Words()))
	}
	return v, nil
}

// plain brings a decimal to the form that a spreadsheet gives back: no zeros at the end of a fraction, none in front.
func plain(s string) (string, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if !allDigits(whole) || whole == "" || (fraction == "") != !strings.Contains(digits, ".") || !allDigits(fraction) {
		return s, false
	}
	whole = strings.TrimLeft(whole[:len(whole)-1], "0") + whole[len(whole)-1:]
	fraction = strings.TrimRight(fraction, "0")
	out := whole
	if fraction != "" {
		out += "." + fraction
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return out, true
}

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// Thousands is a count for people: 24,000.
func Thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
