package table

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Layouts of times in text: ISO 8601 in UTC, with the fraction only where there is one.
const (
	layoutTime      = "2006-01-02T15:04:05Z"
	layoutTimeMicro = "2006-01-02T15:04:05.000000Z"
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
		t, _ := v.AsTime()
		if v.n%1e6 != 0 {
			return t.AppendFormat(b, layoutTimeMicro)
		}
		return t.AppendFormat(b, layoutTime)
	case date:
		t, _ := v.AsDay()
		return t.AppendFormat(b, time.DateOnly)
	default:
		return b
	}
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
		at, err := time.Parse(time.RFC3339Nano, s)
		return Time(at), err == nil
	case Date:
		day, err := time.Parse(time.DateOnly, s)
		return Day(day), err == nil
	default:
		return String(s), true
	}
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
