package xlsx

import (
	"fmt"

	"cpd-jobs/reports/table"
)

// summarySheet is what the contents say of a summary.
type summarySheet struct {
	sheet, title string
	rows         int
	columns      []table.Column
}

func (w *Writer) addSummary(s table.Summary) error {
	name := sheetName(s.Sheet, "")
	if err := w.addSheet(name); err != nil {
		return err
	}
	for i, row := range s.Rows {
		if len(row) != len(s.Columns) {
			return fmt.Errorf("summary %s: row %d has %d values for %d columns", s.Name, i+1, len(row), len(s.Columns))
		}
	}
	w.summaries = append(w.summaries, summarySheet{sheet: name, title: s.Title, rows: len(s.Rows), columns: s.Columns})
	return w.writeListing(listing{
		sheet: name, table: s.Name, title: s.Title,
		lines:   append([]table.Line{{Text: s.About}}, w.tableLines(fmt.Sprintf("%d rows", len(s.Rows)), w.doc.AsAt)...),
		columns: s.Columns, widths: widths(s.Columns, s.Rows), rows: s.Rows,
	})
}
