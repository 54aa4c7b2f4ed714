package xlsx

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"cpd-jobs/reports/table"
)

// asAt is the moment of the workbooks in these tests.
var asAt = time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC)

func document() table.Document {
	return table.Document{
		Name: "example_report", Title: "Example report", About: "Every school, for a test.", Row: "school",
		Publisher: "Example department", Source: "the example service", AsAt: asAt, Made: asAt.Add(time.Minute),
		Licence: table.Line{Text: "Open Government Licence v3.0", Link: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"},
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

func funnel() table.Summary {
	return table.Summary{
		Name: "example_funnel", Sheet: "Funnel", Title: "Example report: funnel", About: "How far schools have come.",
		Columns: []table.Column{{Name: "stage", Title: "Stage"}, {Name: "schools", Title: "Schools", Type: table.Integer}, {Name: "share", Title: "Share", Type: table.Decimal}},
		Rows: [][]table.Value{
			{table.String("contacted"), table.Int(20), table.Number("0.5")},
			{table.String("not_contacted"), table.Int(20), table.Number("0.5")},
		},
	}
}

// row is a plain row with the given name and URN.
func row(name, urn string) []table.Value {
	return []table.Value{
		table.String(name), table.String(urn), table.Int(2), table.Number("0.125"), table.Bool(true),
		table.Time(time.Date(2023, 11, 15, 10, 0, 0, 123456000, time.UTC)), table.Day(asAt), table.Strings([]string{"contact_failed", "no_tutor"}),
	}
}

// hostileNames are texts that programs are known to spoil.
var hostileNames = []string{
	"=cmd|' /C calc'!A0", "+44 20", "-1.5", "@SUM(A1)", "\tTabbed", "\rReturned", "line one\nline two", "line one\r\nline two",
	"007", "1e5", "TRUE", "  spaces  ", `St "Quoted" & <Sons>; it's`, "comma, comma", "🏫 Emoji 👩‍🏫 School", "מקור עברית مدرسة", "\u202ereversed",
	"_x000D_", "_x005F_x000D_", "_x005F_", "_xD83D_", "a & _xD83D__xde00_ b", "_xZZZZ_", "a_x0041_b", "St Mary\u0092s", "\u00a0no-break", "naïve Ÿ", "']]>", "&amp;", "'quoted", "#REF!", "NULL",
}

func hostileRows() [][]table.Value {
	var rows [][]table.Value
	for i, name := range hostileNames {
		rows = append(rows, row(name, fmt.Sprintf("%06d", i)))
	}
	empty := make([]table.Value, 8)
	empty[1] = table.String("100001")
	return append(rows, empty,
		withTime("1899-12-31T23:59:59Z"), withTime("1900-02-28T00:00:00Z"), withTime("1900-03-01T00:00:00Z"), withTime("0001-01-01T00:00:00Z"),
		withTime("2023-11-15T10:00:00.000001Z"), withTime("2023-12-31T23:59:59.999999Z"), withTime("2079-06-06T00:00:00.000001Z"),
		withTime("2100-01-01T00:00:00.000001Z"), withTime("9999-12-31T23:59:59Z"),
		withNumber(table.Int(999_999_999_999_999)), withNumber(table.Int(1_234_567_890_123_456_789)), withNumber(table.Int(-5)), withNumber(table.Int(0)),
		withShare("123456789012345.678"), withShare("-0.000001"), withShare("100"), withShare("0"),
	)
}

func withTime(text string) []table.Value {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	r := row("at "+text, text)
	r[5], r[6] = table.Time(at), table.Day(at)
	return r
}

func withNumber(v table.Value) []table.Value {
	r := row("number "+v.String(), v.String())
	r[2] = v
	return r
}

func withShare(share string) []table.Value {
	r := row("share "+share, share)
	r[3] = table.Number(share)
	return r
}

// workbook writes rows, with the limits that change sets.
func workbook(t testing.TB, rows [][]table.Value, change func(*Writer)) (file []byte, w *Writer) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, document(), funnel())
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(w)
	}
	for _, r := range rows {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w
}

// reread gives every row of a table of a workbook as text, cells apart by |.
func reread(t testing.TB, file []byte, name string, columns []table.Column) []string {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for row, err := range r.Rows(name, columns) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rowText(row))
	}
	return list
}

func rowText(row []table.Value) string {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = v.String()
	}
	return strings.Join(cells, "|")
}
