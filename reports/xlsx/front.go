package xlsx

import (
	"fmt"
	"strconv"
	"time"

	"cpd-jobs/reports/table"
)

// Widths of the front sheets.
const (
	coverWidth = 100
	nameWidth  = 32
	wordsWidth = 80
)

func (w *Writer) writeCover() error {
	s, err := newSheet(w.file, &w.styles, coverSheet, coverWidth)
	if err != nil {
		return err
	}
	if err := s.put(w.doc.Title, w.styles.title); err != nil {
		return err
	}
	sections := append([]table.Section{{Lines: []table.Line{{Text: w.doc.About}}}}, w.doc.Cover...)
	for _, section := range append(sections, w.holds()) {
		if section.Heading != "" {
			if err := s.put(section.Heading, w.styles.subtitle); err != nil {
				return err
			}
		}
		for _, l := range section.Lines {
			if err := s.line(l, w.styles.wrapped, w.styles.wrappedLink); err != nil {
				return err
			}
		}
	}
	return s.end()
}

// holds says how many rows there are, which is known only now.
func (w *Writer) holds() table.Section {
	lines := []table.Line{{Text: fmt.Sprintf("%s: %s rows", capital(plural(w.doc.Row)), table.Thousands(w.sum.Rows()))}}
	if len(w.data.done) > 1 {
		lines = append(lines, table.Line{Text: fmt.Sprintf("They go over %d sheets, because a sheet can hold no more.", len(w.data.done))})
	}
	for _, s := range w.summaries {
		lines = append(lines, table.Line{Text: fmt.Sprintf("%s: %s rows", s.sheet, table.Thousands(int64(s.rows)))})
	}
	return table.Section{Heading: "What this workbook holds", Lines: append(lines, table.Line{Text: "See the contents", Link: "#" + contentsSheet})}
}

// listing is a front sheet that is itself a table.
type listing struct {
	sheet, table, title string
	lines               []table.Line
	columns             []table.Column
	widths              []float64
	rows                [][]table.Value
	links               []string // of the first column, row by row
}

func (w *Writer) writeListing(l listing) error {
	s, err := newSheet(w.file, &w.styles, l.sheet, l.widths...)
	if err != nil {
		return err
	}
	if err := s.put(l.title, w.styles.title); err != nil {
		return err
	}
	for _, line := range l.lines {
		if err := s.line(line, w.styles.text, w.styles.link); err != nil {
			return err
		}
	}
	if err := s.startTable(l.table, l.columns); err != nil {
		return err
	}
	for i, row := range l.rows {
		if err := w.listingRow(s, row, i, l.links); err != nil {
			return err
		}
	}
	return s.end()
}

func (w *Writer) listingRow(s *sheet, row []table.Value, i int, links []string) error {
	for column, v := range row {
		v, _ = fit(v)
		value, style := w.styles.cellOf(v)
		s.set(column, value, style)
	}
	if i < len(links) {
		if err := s.link("A", s.row+1, links[i]); err != nil {
			return err
		}
		s.cells[0].StyleID = w.styles.wrappedLink
	}
	return s.addRow()
}

func (w *Writer) writeContents() error {
	l := listing{
		sheet: contentsSheet, table: "contents", title: "Contents",
		lines:   []table.Line{{Text: "This sheet has one table: the other sheets of this workbook, with links."}},
		columns: []table.Column{{Title: "Sheet"}, {Title: "What it holds"}, {Title: "Rows", Type: table.Integer}},
		widths:  []float64{nameWidth, wordsWidth, 12},
	}
	add := func(sheet, about string, rows int) {
		l.rows = append(l.rows, []table.Value{table.String(sheet), table.String(about), table.Int(int64(rows))})
		l.links = append(l.links, "#"+sheet)
	}
	add(notesSheet, "What to know before using the figures", len(w.notes()))
	described := len(w.doc.Columns)
	for _, s := range w.summaries {
		described += len(s.columns)
	}
	add(dictionarySheet, "What each column means, its type and where it comes from", described)
	for _, s := range w.summaries {
		add(s.sheet, s.title, s.rows)
	}
	for i, d := range w.data.done {
		about := w.doc.Title + ": one row for each " + w.doc.Row
		if i > 0 {
			about += ", continued"
		}
		add(d.sheet, about, d.rows)
	}
	return w.writeListing(l)
}

func (w *Writer) writeNotes() error {
	l := listing{
		sheet: notesSheet, table: "notes", title: "Notes",
		lines:   []table.Line{{Text: "This sheet has one table: the notes that the other sheets refer to."}},
		columns: []table.Column{{Title: "Note"}, {Title: "What it says"}},
		widths:  []float64{nameWidth, coverWidth},
	}
	for i, note := range w.notes() {
		l.rows = append(l.rows, []table.Value{table.String(marker(i + 1)), table.String(note)})
	}
	return w.writeListing(l)
}

// notes are the report's, then those of this format, then what this file lists. The first ones are known before
// the rows are, so that sheets can point to them by number.
func (w *Writer) notes() []string {
	return append(w.standingNotes(), w.altered.notes()...)
}

func (w *Writer) standingNotes() []string {
	return append(append([]string{}, w.doc.Notes...),
		"Times are in Coordinated Universal Time (UTC), which in summer is an hour behind the clock in the United Kingdom. Cells show seconds and hold the whole time, to the microsecond.",
		"Codes, such as URN, are text: leading zeros are kept, and sums over them mean nothing. Lists are text with a semicolon between items.",
		"A time before 1 March 1900, or a number of more than 15 digits, is text: spreadsheet programs would change it.")
}

func marker(n int) string { return "[note " + strconv.Itoa(n) + "]" }

func (w *Writer) writeDictionary() error {
	l := listing{
		sheet: dictionarySheet, table: "data_dictionary", title: "Data dictionary",
		lines: []table.Line{{Text: "This sheet has one table: one row for each column of the sheets that hold figures."}},
		columns: []table.Column{{Title: "Sheet"}, {Title: "Column heading"}, {Title: "Name in the database and in CSV"},
			{Title: "Meaning"}, {Title: "Type"}, {Title: "Source"}},
		widths: []float64{16, nameWidth, nameWidth, wordsWidth, 24, 50},
	}
	for _, s := range w.summaries {
		l.describe(s.sheet, s.columns)
	}
	l.describe(w.data.name, w.doc.Columns)
	return w.writeListing(l)
}

func (l *listing) describe(sheet string, columns []table.Column) {
	for _, c := range columns {
		l.rows = append(l.rows, []table.Value{table.String(sheet), table.String(c.Heading()), table.String(c.Name), table.String(c.About),
			table.String(c.Type.Words()), table.String(c.Source)})
	}
}

// tableLines stand between a sheet's title and its table of figures.
func (w *Writer) tableLines(holds string, asAt time.Time) []table.Line {
	last := len(w.standingNotes())
	return []table.Line{
		{Text: "This sheet has one table: " + holds + ". The data are as at " + asAtText(asAt) + "."},
		{Text: fmt.Sprintf("Notes: %s to %s on the notes sheet apply.", marker(1), marker(last)), Link: "#" + notesSheet},
		{Text: "Empty cells: there is nothing to show; the data dictionary says, column by column, what that means.", Link: "#" + dictionarySheet},
		{Text: "Source: " + w.doc.Source},
	}
}

// asAtText is a moment for people: 22 November 2026, 06:10 UTC.
func asAtText(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04") + " UTC" }
