// Package tabletest has a small report with everything in it that formats are known to spoil, for their tests.
package tabletest

import (
	"fmt"
	"slices"
	"time"

	"cpd-jobs/reports/table"
)

// AsAt is the moment that the report describes.
var AsAt = time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC)

// Document is what the report says of itself.
func Document() table.Document {
	return table.Document{
		Name: "example_report", Title: "Example report", About: "Every school, for a test.", Row: "school",
		Publisher: "Example department", Source: "the example service", AsAt: AsAt, Made: AsAt.Add(time.Minute),
		Licence: table.Line{Text: "Open Government Licence v3.0", Link: "https://example.org/licence"},
		Cover: []table.Section{
			{Heading: "As at", Lines: []table.Line{{Text: "The service: 22 November 2026, 06:10 UTC, version 7, 24,000 rows"}}},
			{Heading: "Contact", Lines: []table.Line{{Text: "team@example.org", Link: "mailto:team@example.org"}}},
		},
		Notes: []string{"Schools that are open, at the moment that the data describe."},
		Columns: []table.Column{
			{Name: "name", Title: "Name", Type: table.Text, About: "The school's name", Source: "schools.name"},
			{Name: "urn", Title: "URN", Type: table.Text, About: "Unique reference number", Source: "schools.urn"},
			{Name: "phase", Title: "Phase", Type: table.Integer, About: "0 to 7. Empty: not known"},
			{Name: "share", Title: "Share", Type: table.Decimal},
			{Name: "in_partnership", Title: "In partnership", Type: table.Boolean},
			{Name: "opened_at", Title: "Email opened", Type: table.Timestamp},
			{Name: "opened_on", Title: "Opened on", Type: table.Date},
			{Name: "flags", Title: "Flags", Type: table.List},
		},
		Key: []string{"urn"},
	}
}

// Funnel is a summary that goes with it.
func Funnel() table.Summary {
	return table.Summary{
		Name: "example_funnel", Sheet: "Funnel", Title: "Example report: funnel", About: "How far schools have come.",
		Columns: []table.Column{{Name: "stage", Title: "Stage"}, {Name: "schools", Title: "Schools", Type: table.Integer}, {Name: "share", Title: "Share", Type: table.Decimal}},
		Rows: [][]table.Value{
			{table.String("contacted"), table.Int(20), table.Number("0.5")},
			{table.String("not_contacted"), table.Int(20), table.Number("0.5")},
		},
	}
}

// Row is a plain row with the given name and URN.
func Row(name, urn string) []table.Value {
	return []table.Value{
		table.String(name), table.String(urn), table.Int(2), table.Number("0.125"), table.Bool(true),
		table.Time(time.Date(2023, 11, 15, 10, 0, 0, 123456000, time.UTC)), table.Day(AsAt), table.Strings([]string{"contact_failed", "no_tutor"}),
	}
}

// HostileNames are texts that programs are known to spoil.
var HostileNames = []string{
	"=cmd|' /C calc'!A0", "+44 20", "-1.5", "@SUM(A1)", "\tTabbed", "a\t b", "a \tb", "\rReturned", "line one\nline two", "line one\r\nline two", "ends\n", "\n",
	"007", "1e5", "TRUE", "  spaces  ", "a  b   c", " ", `St "Quoted" & <Sons>; it's`, "comma, comma", "🏫 Emoji 👩‍🏫 School", "מקור עברית مدرسة", "\u202ereversed",
	"_x000D_", "_x005F_x000D_", "_x005F_", "_xD83D_", "a & _xD83D__xde00_ b", "_xZZZZ_", "a_x0041_b", "St Mary\u0092s", "\u00a0no-break", "naïve Ÿ", "']]>", "&amp;", "'quoted", "#REF!", "NULL", "<text:p>",
}

// HostileRows have those names, then values at the edges of their types, each with a URN of its own.
func HostileRows() [][]table.Value {
	var rows [][]table.Value
	for i, name := range HostileNames {
		rows = append(rows, Row(name, fmt.Sprintf("%06d", i)))
	}
	empty := make([]table.Value, 8)
	empty[1] = table.String("100001")
	rows = append(rows, empty)
	for _, at := range []string{
		"1899-12-31T23:59:59Z", "1900-02-28T00:00:00Z", "1900-03-01T00:00:00Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z",
		"2023-11-15T10:00:00.000001Z", "2023-12-31T23:59:59.999999Z", "2079-06-06T00:00:00.000001Z", "2100-01-01T00:00:00.000001Z", "9999-12-31T23:59:59Z",
	} {
		rows = append(rows, with(at, 5, table.Parse(at, table.Timestamp)), with("on "+at, 6, table.Parse(at[:10], table.Date)))
	}
	for _, n := range []int64{-5, 0, 1<<31 - 1, -1 << 31} {
		rows = append(rows, with(fmt.Sprint("number ", n), 2, table.Int(n)))
	}
	for _, share := range []string{"123456789012345", "-0.000001", "100", "0", "0.1"} {
		rows = append(rows, with("share "+share, 3, table.Number(share)))
	}
	return append(rows, with("none", 7, table.Strings(nil)), with("an empty item", 7, table.Strings([]string{"", "b", ""})), with("false", 4, table.Bool(false)))
}

// with is a plain row with one value in another's place.
func with(name string, column int, v table.Value) []table.Value {
	r := Row(name, name)
	r[column] = v
	return r
}

// Sum adds rows up.
func Sum(rows [][]table.Value) *table.Sum {
	var s table.Sum
	for _, r := range rows {
		s.Add(r)
	}
	return &s
}

// Collect gathers rows as they are reread.
func Collect(rows func(func([]table.Value, error) bool)) ([][]table.Value, error) {
	var list [][]table.Value
	for r, err := range rows {
		if err != nil {
			return list, err
		}
		list = append(list, slices.Clone(r))
	}
	return list, nil
}
