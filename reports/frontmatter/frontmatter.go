// Package frontmatter is what a spreadsheet file says beside its figures, whatever its format: the sheets that stand in
// front and their words, names for sheets, widths of columns, and what no cell can hold. How cells are written is the
// formats' business.
package frontmatter

import (
	"fmt"
	"strings"

	"cpd-jobs/reports/table"
)

// Names of the sheets that every book begins with.
const (
	CoverSheet      = "Cover"
	ContentsSheet   = "Contents"
	NotesSheet      = "Notes"
	DictionarySheet = "Data dictionary"
	// ChartsSheet comes last, in formats and books that have one.
	ChartsSheet = "Charts"
)

// MaxRows is how many rows a sheet has in every spreadsheet program.
const MaxRows = 1_048_576

// Book is what its front sheets are made of.
type Book struct {
	Doc       table.Document
	Summaries []table.Summary
	Parts     []Part // the sheets of the report's rows, in order
	Coerced   Coercions
	// Remarks are notes on the format, after those of the report.
	Remarks []string
	Charts  int // how many are on the sheet of charts
}

// Part is one sheet of the report's rows: all of them, or as many as it can hold.
type Part struct {
	Sheet string
	Table string // its name: that of the report, and from the second on with a number
	Title string
	Rows  int64
}

// Sheet is a sheet that is known as a whole: its title in A1, some lines, then at most one table.
type Sheet struct {
	Name, Title string
	Lines       []Line
	Table       string // the table's name, "" for none
	Columns     []table.Column
	Widths      []float64 // in digits of the font
	Rows        [][]table.Value
	Links       []string // of the cells in the first column, row by row
}

// Line is a line above the table. A link that begins with # leads to a sheet of this book.
type Line struct {
	table.Line
	Heading bool // of the lines that follow
}

// Part names the n-th sheet of the report's rows, counted from 0, which has no rows yet.
func (b *Book) Part(n int) Part {
	p := Part{Sheet: b.dataSheet(), Table: b.Doc.Name, Title: b.Doc.Title}
	if n > 0 {
		suffix := fmt.Sprintf(" %d", n+1)
		p.Sheet, p.Table = SheetName(p.Sheet, suffix), fmt.Sprintf("%s_%d", p.Table, n+1)
		p.Title += ", continued: part" + suffix
	}
	return p
}

func (b *Book) dataSheet() string { return SheetName(Capital(plural(b.Doc.Row)), "") }

// Rows is how many rows of the report the book has.
func (b *Book) Rows() (n int64) {
	for _, p := range b.Parts {
		n += p.Rows
	}
	return n
}

// Check refuses two sheets of one name, a table in which two columns have one heading (programs repair such files in
// ways of their own), and rows of summaries that do not fit their columns.
func (b *Book) Check() error {
	seen := map[string]bool{}
	names := []string{CoverSheet, ContentsSheet, NotesSheet, DictionarySheet, b.dataSheet()}
	for _, s := range b.Summaries {
		names = append(names, SheetName(s.Sheet, ""))
	}
	if b.Charts > 0 {
		names = append(names, ChartsSheet)
	}
	for _, name := range names {
		if seen[strings.ToLower(name)] {
			return fmt.Errorf("two sheets would be called %q", name)
		}
		seen[strings.ToLower(name)] = true
	}
	if err := checkHeadings(b.dataSheet(), b.Doc.Columns); err != nil {
		return err
	}
	for _, s := range b.Summaries {
		if err := checkHeadings(s.Sheet, s.Columns); err != nil {
			return err
		}
		for i, row := range s.Rows {
			if len(row) != len(s.Columns) {
				return fmt.Errorf("summary %s: row %d has %d values for %d columns", s.Name, i+1, len(row), len(s.Columns))
			}
		}
	}
	return nil
}

// Fit puts the next row of the report into fitted, which is as long. What no cell can hold is replaced, and listed on
// the notes sheet.
func (b *Book) Fit(fitted, row []table.Value) error {
	if len(row) != len(fitted) {
		return fmt.Errorf("a row of %d values for %d columns", len(row), len(fitted))
	}
	b.Coerced.Row++
	for i, v := range row {
		var done string
		if fitted[i], done = Fit(v, b.Doc.Columns[i].Type); done != "" {
			b.Coerced.Add(b.Doc, row, i, done)
		}
	}
	return nil
}

func checkHeadings(sheet string, columns []table.Column) error {
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		heading := c.Heading()
		if seen[strings.ToLower(heading)] {
			return fmt.Errorf("sheet %s: two columns are headed %q; give each a title of its own", sheet, heading)
		}
		seen[strings.ToLower(heading)] = true
	}
	return nil
}

// SheetName makes a name for a sheet of text and suffix: at most 31 characters, none of those that have a meaning.
func SheetName(text, suffix string) string {
	text = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) {
			return ' '
		}
		return r
	}, text), " '")
	return strings.TrimSpace(text[:cutAt(text, maxSheetName-len(suffix))]) + suffix
}

const maxSheetName = 31

// plural is what several rows are: schools, authorities.
func plural(row string) string {
	if stem, ok := strings.CutSuffix(row, "y"); ok {
		return stem + "ies"
	}
	return row + "s"
}

// Capital is text with a capital in front.
func Capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
