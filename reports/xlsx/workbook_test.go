package xlsx

import (
	"bytes"
	"strings"
	"testing"

	"cpd-jobs/internal/testing/tabletest"
	"cpd-jobs/reports/table"
)

// The example of these tests, in which URNs lead somewhere.
func document() table.Document {
	doc := tabletest.Document()
	doc.Columns[1].Link = "https://example.org/schools/"
	return doc
}

// funnel is a summary with a chart.
func funnel() table.Summary {
	s := tabletest.Funnel()
	s.Charts = []table.Chart{{Title: "Schools by stage", Alt: "Bar chart of schools by stage: contacted 20; not_contacted 20.", Label: 0, Value: 1, First: 0, Last: 1}}
	return s
}

var (
	row          = tabletest.Row
	hostileNames = tabletest.HostileNames
)

// hostileRows are those of the example and, as this format writes them as text, numbers of many digits.
func hostileRows() [][]table.Value {
	with := func(column int, v table.Value) []table.Value {
		r := row("number "+v.String(), v.String())
		r[column] = v
		return r
	}
	return append(tabletest.HostileRows(), with(2, table.Int(maxInteger)), with(2, table.Int(maxInteger+1)), with(2, table.Int(-1_234_567_890_123_456_789)),
		with(3, table.Number("0.123456789012345")), with(3, table.Number("123456789012345.678")), with(3, table.Number("12345678901234567890")))
}

// workbook writes rows, with the limits that change sets.
func workbook(t testing.TB, rows [][]table.Value, change func(*Writer)) (file []byte, w *Writer) {
	t.Helper()
	return workbookOf(t, document(), rows, change)
}

func workbookOf(t testing.TB, doc table.Document, rows [][]table.Value, change func(*Writer)) (file []byte, w *Writer) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, doc, funnel())
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
