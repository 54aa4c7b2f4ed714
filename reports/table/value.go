package table

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// Value is one cell. The zero Value is an empty cell, and so is an empty text: files cannot tell them apart.
type Value struct {
	kind kind
	n    int64  // an integer; 1 for true; microseconds or days since 1970
	s    string // a text; a number in decimal
}

type kind uint8

const (
	empty kind = iota
	text
	integer
	number
	boolean
	timestamp
	date
)

// String is the value of a text.
func String(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{kind: text, s: s}
}

// Strings is the value of a list.
func Strings(list []string) Value { return String(strings.Join(list, ListSeparator)) }

// Int is the value of a whole number.
func Int(n int64) Value { return Value{kind: integer, n: n} }

// Number is the value of a number written in decimal, exactly as a database prints it; what is no plain decimal
// (NaN, 1e5) becomes a text.
func Number(s string) Value {
	s, ok := plain(s)
	if !ok {
		return String(s)
	}
	return Value{kind: number, s: s}
}

// Bool is true or false.
func Bool(b bool) Value {
	if b {
		return Value{kind: boolean, n: 1}
	}
	return Value{kind: boolean}
}

// Time is an instant, to the microsecond. The last years that PostgreSQL knows, from 294247 on, become a text.
func Time(t time.Time) Value {
	if t.Unix() >= math.MaxInt64/1_000_000 || t.Unix() <= math.MinInt64/1_000_000 {
		return String(t.UTC().Format("2006-01-02T15:04:05.999999Z"))
	}
	return Value{kind: timestamp, n: t.UnixMicro()}
}

// Day is a date: that of t, in t's own zone.
func Day(t time.Time) Value {
	y, m, d := t.Date()
	return Value{kind: date, n: time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay}
}

const secondsOfDay = 24 * 60 * 60

// Empty says that nothing stands in the cell.
func (v Value) Empty() bool { return v.kind == empty }

// AsText is the text, if v is one.
func (v Value) AsText() (string, bool) { return v.s, v.kind == text }

// AsInt is the whole number, if v is one.
func (v Value) AsInt() (int64, bool) { return v.n, v.kind == integer }

// AsDecimal is the number in decimal, if v is a number that may have a fraction.
func (v Value) AsDecimal() (string, bool) { return v.s, v.kind == number }

// AsBool is the truth, if v is one.
func (v Value) AsBool() (value, ok bool) { return v.n == 1, v.kind == boolean }

// AsTime is the instant in UTC, if v is one.
func (v Value) AsTime() (time.Time, bool) { return time.UnixMicro(v.n).UTC(), v.kind == timestamp }

// AsDay is midnight UTC of the date, if v is one.
func (v Value) AsDay() (time.Time, bool) { return time.Unix(v.n*secondsOfDay, 0).UTC(), v.kind == date }

// String is v for people and for messages: times as ISO 8601.
func (v Value) String() string {
	if v.kind == text || v.kind == number {
		return v.s // millions of them, each without memory of its own
	}
	return string(v.Append(nil))
}

// appendCanonical adds a form of v that differs from every other value's.
func (v Value) appendCanonical(b []byte) []byte {
	b = append(b, byte(v.kind))
	switch v.kind {
	case empty:
		return b
	case text, number:
		b = binary.AppendUvarint(b, uint64(len(v.s)))
		return append(b, v.s...)
	default:
		return binary.AppendVarint(b, v.n)
	}
}
