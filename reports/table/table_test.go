package table

import (
	"testing"
	"time"
)

func TestNumbersHaveOneForm(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want   string
		number bool
	}{
		"0.50": {"0.5", true}, "5": {"5", true}, "007": {"7", true}, "-0": {"0", true}, "-0.0": {"0", true}, "100": {"100", true},
		"-12.340": {"-12.34", true}, "0": {"0", true}, "000": {"0", true}, "1.": {"1.", false}, ".5": {".5", false}, "1e5": {"1e5", false},
		"NaN": {"NaN", false}, "--1": {"--1", false}, "1.2.3": {"1.2.3", false},
	}
	for text, test := range tests {
		v := Number(text)
		if _, isNumber := v.AsDecimal(); v.String() != test.want || isNumber != test.number {
			t.Errorf("%q is %q (a number: %v), want %q (%v)", text, v, isNumber, test.want, test.number)
		}
	}
}

func TestParseUndoesAppend(t *testing.T) {
	t.Parallel()
	at := time.Date(2023, 11, 15, 10, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		value Value
		typ   Type
		text  string
	}{
		"nothing":           {Value{}, Integer, ""},
		"an empty text":     {String(""), Text, ""},
		"a text":            {String("007"), Text, "007"},
		"a whole number":    {Int(-7), Integer, "-7"},
		"a number":          {Number("0.10"), Decimal, "0.1"},
		"true":              {Bool(true), Boolean, "true"},
		"false":             {Bool(false), Boolean, "false"},
		"a time":            {Time(at), Timestamp, "2023-11-15T10:00:00Z"},
		"a microsecond":     {Time(at.Add(time.Microsecond)), Timestamp, "2023-11-15T10:00:00.000001Z"},
		"a time in summer":  {Time(time.Date(2023, 7, 1, 1, 0, 0, 0, time.FixedZone("BST", 3600))), Timestamp, "2023-07-01T00:00:00Z"},
		"a time long ago":   {Time(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), Timestamp, "0001-01-01T00:00:00Z"},
		"a date":            {Day(at), Date, "2023-11-15"},
		"a date long ago":   {Day(time.Date(1066, 10, 14, 23, 0, 0, 0, time.UTC)), Date, "1066-10-14"},
		"the year 10000":    {Time(time.Date(10000, 2, 29, 12, 0, 0, 0, time.UTC)), Timestamp, "10000-02-29T12:00:00Z"},
		"the last of years": {String("294276-12-31T23:59:59.999999Z"), Timestamp, "294276-12-31T23:59:59.999999Z"},
		"before year 1":     {Time(time.Date(-43, 3, 15, 0, 0, 0, 0, time.UTC)), Timestamp, "-0043-03-15T00:00:00Z"},
		"a far date":        {Day(time.Date(12345, 6, 7, 0, 0, 0, 0, time.UTC)), Date, "12345-06-07"},
		"an early date":     {Day(time.Date(-4713, 11, 24, 0, 0, 0, 0, time.UTC)), Date, "-4713-11-24"},
		"no time":           {String("infinity"), Timestamp, "infinity"},
		"a list":            {Strings([]string{"a", "b"}), List, "a; b"},
		"an empty list":     {Strings(nil), List, ""},
		"text, not numbers": {String("1e3"), Decimal, "1e3"},
	}
	for name, test := range tests {
		if got := test.value.String(); got != test.text {
			t.Errorf("%s: %q, want %q", name, got, test.text)
		}
		if got := Parse(test.text, test.typ); got != test.value {
			t.Errorf("%s: %q is read as %+v, want %+v", name, test.text, got, test.value)
		}
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	sum := func(rows ...[]Value) *Sum {
		var s Sum
		for _, r := range rows {
			s.Add(r)
		}
		return &s
	}
	a, b := String("a"), String("b")
	base := sum([]Value{a, b}, []Value{Int(1), {}})
	tests := map[string]struct {
		other *Sum
		same  bool
	}{
		"the same":                       {sum([]Value{a, b}, []Value{Int(1), {}}), true},
		"another order":                  {sum([]Value{Int(1), {}}, []Value{a, b}), false},
		"a row more":                     {sum([]Value{a, b}, []Value{Int(1), {}}, []Value{{}, {}}), false},
		"a row fewer":                    {sum([]Value{a, b}), false},
		"text for a number":              {sum([]Value{a, b}, []Value{String("1"), {}}), false},
		"true for 1":                     {sum([]Value{a, b}, []Value{Bool(true), {}}), false},
		"cells run together":             {sum([]Value{String("ab"), {}}, []Value{Int(1), {}}), false},
		"another split of the same rows": {sum([]Value{a}, []Value{b, Int(1), {}}), false},
	}
	for name, test := range tests {
		if err := base.Compare(test.other); (err == nil) != test.same {
			t.Errorf("%s: %v, want the same: %v", name, err, test.same)
		}
	}
	if sum().Text() == sum([]Value{{}}).Text() {
		t.Error("no row and an empty row have one checksum")
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 24000: "24,000", 1234567: "1,234,567", -123: "-123", -1234: "-1,234"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestHeading(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		column Column
		want   string
	}{
		{Column{Name: "urn", Title: "URN"}, "URN"},
		{Column{Name: "urn"}, "urn"},
		{Column{Title: "Opened", Type: Timestamp}, "Opened (UTC)"},
		{Column{Title: "Opened, UTC", Type: Timestamp}, "Opened, UTC"},
	} {
		if got := test.column.Heading(); got != test.want {
			t.Errorf("%+v is headed %q, want %q", test.column, got, test.want)
		}
	}
}

func TestTimesAreFormattedAsTheStandardLibraryDoes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1582-10-15T12:34:56.7Z", "1899-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.000001Z",
		"1970-01-01T00:00:00Z", "2000-02-29T01:02:03.04Z", "2023-11-15T10:00:00.1Z", "2100-03-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
	} {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		layout := "2006-01-02T15:04:05Z"
		if at.Nanosecond() != 0 {
			layout = "2006-01-02T15:04:05.000000Z"
		}
		if got, want := Time(at).String(), at.Format(layout); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, want := Day(at).String(), at.Format(time.DateOnly); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
