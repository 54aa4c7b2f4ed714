package parquet

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"cpd-jobs/reports/table"
)

// fit is v as a column of type t can hold it. done says, for people, what had to be done to it, and is empty nearly
// always.
func fit(v table.Value, t table.Type) (fitted table.Value, done string) {
	switch {
	case v.Empty():
		return v, ""
	case t == table.Decimal:
		return fitDecimal(v)
	case t == table.Text || t == table.List:
		return fitText(v)
	case holds(v, t):
		return v, ""
	default:
		return table.Value{}, v.String() + " left out, which is no " + strings.ToLower(t.Words()) + " that Parquet can hold"
	}
}

// holds says that v is a value of type t.
func holds(v table.Value, t table.Type) (ok bool) {
	switch t {
	case table.Integer:
		n, isInt := v.AsInt()
		return isInt && n >= math.MinInt32 && n <= math.MaxInt32
	case table.Boolean:
		_, ok = v.AsBool()
	case table.Timestamp:
		_, ok = v.AsTime()
	case table.Date:
		_, ok = v.AsDay()
	}
	return ok
}

// fitDecimal takes the nearest double, which for up to 15 digits is the number itself.
func fitDecimal(v table.Value) (table.Value, string) {
	f, err := strconv.ParseFloat(v.String(), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return table.Value{}, v.String() + " left out, which is no number that Parquet can hold"
	}
	if nearest := decimalOf(f); nearest != v {
		return nearest, v.String() + " rounded"
	}
	return v, ""
}

// doubleOf is a number that fits.
func doubleOf(v table.Value) float64 {
	f, _ := strconv.ParseFloat(v.String(), 64)
	return f
}

func decimalOf(f float64) table.Value { return table.Number(strconv.FormatFloat(f, 'f', -1, 64)) }

func fitText(v table.Value) (table.Value, string) {
	s, ok := v.AsText()
	if !ok {
		s = v.String()
	}
	if utf8.ValidString(s) {
		return v, ""
	}
	return table.String(strings.ToValidUTF8(s, string(utf8.RuneError))), "bytes replaced that are no text"
}
