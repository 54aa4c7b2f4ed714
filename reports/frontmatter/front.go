package frontmatter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/reports/table"
)

// Widths of the front sheets.
const (
	coverWidth = 100
	nameWidth  = 32
	wordsWidth = 80
)

// Front lists the sheets that stand before the report's rows, in their order: cover, contents, notes, data dictionary,
// summaries.
func (b *Book) Front() []Sheet {
	sheets := []Sheet{b.cover(), b.contents(), b.notesSheet(), b.dictionary()}
	for _, s := range b.Summaries {
		sheets = append(sheets, b.Summary(s))
	}
	for i := range sheets {
		sheets[i].explainEmpty()
	}
	return sheets
}

// emptyCells begins the line that says what they mean.
const emptyCells = "Empty cells:"

// explainEmpty adds that line where there are any and nothing is said of them yet.
func (s *Sheet) explainEmpty() {
	said := slices.ContainsFunc(s.Lines, func(l Line) bool { return strings.HasPrefix(l.Text, emptyCells) })
	if !said && slices.ContainsFunc(s.Rows, func(row []table.Value) bool { return slices.ContainsFunc(row, table.Value.Empty) }) {
		s.Lines = append(s.Lines, plainLines(emptyCells+" there is nothing to say.")...)
	}
}

func (b *Book) cover() Sheet {
	s := Sheet{Name: CoverSheet, Title: b.Doc.Title, Widths: []float64{coverWidth}}
	sections := append([]table.Section{{Lines: []table.Line{{Text: b.Doc.About}}}}, b.Doc.Cover...)
	for _, section := range append(sections, b.holds()) {
		if section.Heading != "" {
			s.Lines = append(s.Lines, Line{Line: table.Line{Text: section.Heading}, Heading: true})
		}
		for _, l := range section.Lines {
			s.Lines = append(s.Lines, Line{Line: l})
		}
	}
	return s
}

func (b *Book) holds() table.Section {
	lines := []table.Line{{Text: fmt.Sprintf("%s: %s rows", Capital(plural(b.Doc.Row)), table.Thousands(b.Rows()))}}
	for _, note := range b.splitNotes() {
		lines = append(lines, table.Line{Text: note})
	}
	for _, s := range b.Summaries {
		lines = append(lines, table.Line{Text: fmt.Sprintf("%s: %s rows", SheetName(s.Sheet, ""), table.Thousands(int64(len(s.Rows))))})
	}
	return table.Section{Heading: "What this workbook holds", Lines: append(lines, table.Line{Text: "See the contents", Link: "#" + ContentsSheet})}
}

func (b *Book) contents() Sheet {
	s := Sheet{
		Name: ContentsSheet, Table: "contents", Title: "Contents",
		Lines:   plainLines("This sheet has one table: the other sheets of this workbook, with links."),
		Columns: []table.Column{{Title: "Sheet"}, {Title: "What it holds"}, {Title: "Rows", Type: table.Integer}},
		Widths:  []float64{nameWidth, wordsWidth, 12},
	}
	add := func(sheet, about string, rows int64) {
		s.Rows = append(s.Rows, []table.Value{table.String(sheet), table.String(about), table.Int(rows)})
		s.Links = append(s.Links, "#"+sheet)
	}
	described := len(b.Doc.Columns)
	for _, sum := range b.Summaries {
		described += len(sum.Columns)
	}
	add(NotesSheet, "What to know before using the figures", int64(len(b.notes())))
	add(DictionarySheet, "What each column means, its type and where it comes from", int64(described))
	for _, sum := range b.Summaries {
		add(SheetName(sum.Sheet, ""), sum.Title, int64(len(sum.Rows)))
	}
	for i, p := range b.Parts {
		about := b.Doc.Title + ": one row for each " + b.Doc.Row
		if i > 0 {
			about += ", continued"
		}
		add(p.Sheet, about, p.Rows)
	}
	if b.Charts > 0 {
		s.Columns[2].Title = "Rows or charts"
		add(ChartsSheet, "Charts of what other sheets hold, each described in words", int64(b.Charts))
	}
	return s
}

func (b *Book) notesSheet() Sheet {
	s := Sheet{
		Name: NotesSheet, Table: "notes", Title: "Notes",
		Lines:   plainLines("This sheet has one table: the notes that the other sheets refer to."),
		Columns: []table.Column{{Title: "Note"}, {Title: "What it says"}},
		Widths:  []float64{nameWidth, coverWidth},
	}
	for i, note := range b.notes() {
		s.Rows = append(s.Rows, []table.Value{table.String(marker(i + 1)), table.String(note)})
	}
	return s
}

// notes are the report's, then those of the format, then what this file lists. The first ones are known before the rows
// are, so that sheets can point to them by number.
func (b *Book) notes() []string {
	return slices.Concat(b.standingNotes(), b.splitNotes(), b.Coerced.Notes())
}

// splitNotes say where the rows go on, if one sheet could not hold them.
func (b *Book) splitNotes() []string {
	if len(b.Parts) < 2 {
		return nil
	}
	var sheets []string
	for _, p := range b.Parts {
		sheets = append(sheets, fmt.Sprintf("%s (%s)", p.Sheet, table.Thousands(p.Rows)))
	}
	return []string{fmt.Sprintf("The rows go over %d sheets, because a sheet can hold no more: %s.", len(b.Parts), strings.Join(sheets, ", "))}
}

func (b *Book) standingNotes() []string {
	notes := append([]string{}, b.Doc.Notes...)
	notes = append(notes,
		"Times are in Coordinated Universal Time (UTC), which in summer is an hour behind the clock in the United Kingdom. Cells show seconds and hold the whole time, to the microsecond.",
		"Codes, such as URN, are text: leading zeros are kept, and sums over them mean nothing. Lists are text with a semicolon between items.",
		"A time before 1 March 1900 or after the year 9999, or a number of more than 15 digits, is text: spreadsheet programs would change it.")
	return append(notes, b.Remarks...)
}

// MaxLinks is how many links out of the book Excel opens on one sheet.
const MaxLinks = 65_529

// LinkRemarks are notes on the columns whose values lead somewhere.
func LinkRemarks(doc table.Document) (notes []string) {
	for _, c := range doc.Columns {
		if c.Link != "" {
			notes = append(notes, fmt.Sprintf("%s leads to the page about it, for the first %s or so rows of a sheet, which has room for no more links.",
				c.Heading(), table.Thousands(MaxLinks)))
		}
	}
	return notes
}

func marker(n int) string { return "[note " + strconv.Itoa(n) + "]" }

func (b *Book) dictionary() Sheet {
	s := Sheet{
		Name: DictionarySheet, Table: "data_dictionary", Title: "Data dictionary",
		Lines: plainLines("This sheet has one table: one row for each column of the sheets that hold figures."),
		Columns: []table.Column{{Title: "Sheet"}, {Title: "Column heading"}, {Title: "Name in the database and in CSV"},
			{Title: "Meaning"}, {Title: "Type"}, {Title: "Source"}},
		Widths: []float64{22, nameWidth, nameWidth, wordsWidth, 24, 50},
	}
	for _, sum := range b.Summaries {
		s.describe(SheetName(sum.Sheet, ""), sum.Columns)
	}
	s.describe(b.dataSheet(), b.Doc.Columns)
	return s
}

func (s *Sheet) describe(sheet string, columns []table.Column) {
	for _, c := range columns {
		s.Rows = append(s.Rows, []table.Value{table.String(sheet), table.String(c.Heading()), table.String(c.Name), table.String(c.About),
			table.String(c.Type.Words()), table.String(c.Source)})
	}
}

// Summary is the sheet of a summary.
func (b *Book) Summary(s table.Summary) Sheet {
	return Sheet{
		Name: SheetName(s.Sheet, ""), Table: s.Name, Title: s.Title,
		Lines:   append(plainLines(s.About), b.TableLines(fmt.Sprintf("%d rows", len(s.Rows)))...),
		Columns: s.Columns, Widths: Widths(s.Columns, s.Rows), Rows: s.Rows,
	}
}

// TableLines stand between a sheet's title and its table of figures.
func (b *Book) TableLines(holds string) []Line {
	return []Line{
		{Line: table.Line{Text: "This sheet has one table: " + holds + ". The data are as at " + Moment(b.Doc.AsAt) + "."}},
		{Line: table.Line{Text: fmt.Sprintf("Notes: %s to %s on the notes sheet apply.", marker(1), marker(len(b.standingNotes()))), Link: "#" + NotesSheet}},
		{Line: table.Line{Text: emptyCells + " there is nothing to show; the data dictionary says, column by column, what that means.", Link: "#" + DictionarySheet}},
		{Line: table.Line{Text: "Source: " + b.Doc.Source}},
	}
}

// DataLines are those of a sheet of the report's rows.
func (b *Book) DataLines() []Line { return b.TableLines("one row for each " + b.Doc.Row) }

func plainLines(texts ...string) []Line {
	lines := make([]Line, len(texts))
	for i, text := range texts {
		lines[i].Text = text
	}
	return lines
}

// Moment is a time for people: 22 November 2026, 06:10 UTC.
func Moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04") + " UTC" }
