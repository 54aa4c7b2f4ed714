// Package xlsx writes and rereads reports as Excel workbooks that follow the Analysis Function's checklist for
// accessible spreadsheets: a cover, contents, notes and a data dictionary, then one marked-up, named table a sheet.
//
// Text cells hold their text as it is and are never run as formulas, so nothing in them needs to be made harmless.
// Dates, numbers and truth values are real ones; codes are text. Files of the same content are the same to the byte.
package xlsx

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/table"
)

// Writer writes one workbook. Rows wait in temporary files, which have no names and so go with the process; the workbook
// goes to its destination when the writer is closed.
type Writer struct {
	out    io.Writer
	doc    table.Document
	file   *excelize.File
	styles styles
	data   dataSheets
	widths []float64
	sum    table.Sum
	fitted []table.Value

	summaries []summarySheet
	altered   alterations
	spill     spill
	partLimit int64
}

// Names of the sheets that every workbook begins with.
const (
	coverSheet      = "Cover"
	contentsSheet   = "Contents"
	notesSheet      = "Notes"
	dictionarySheet = "Data dictionary"
)

// NewWriter begins a workbook. The summaries are written whole, before the first row; the writer must be closed or aborted.
func NewWriter(out io.Writer, doc table.Document, summaries ...table.Summary) (*Writer, error) {
	spill, err := newSpill()
	if err != nil {
		return nil, err
	}
	w := &Writer{out: out, doc: doc, file: excelize.NewFile(excelize.Options{TmpDir: spill.dir}), fitted: make([]table.Value, len(doc.Columns)),
		spill: spill, partLimit: maxPart}
	w.data = dataSheets{w: w, name: sheetName(capital(plural(doc.Row)), ""), limits: limits{rows: maxRows, bytes: maxSheet}}
	if err := w.begin(summaries); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a workbook: %w", err), w.Abort())
	}
	return w, nil
}

func (w *Writer) begin(summaries []table.Summary) (err error) {
	if w.styles, err = newStyles(w.file); err != nil {
		return err
	}
	if err := w.file.SetSheetName("Sheet1", coverSheet); err != nil {
		return err
	}
	for _, name := range []string{contentsSheet, notesSheet, dictionarySheet} {
		if err := w.addSheet(name); err != nil {
			return err
		}
	}
	for _, s := range summaries {
		if err := w.addSummary(s); err != nil {
			return err
		}
	}
	return nil
}

// addSheet makes a sheet. excelize would take a second one of the same name for the first.
func (w *Writer) addSheet(name string) error {
	if at, err := w.file.GetSheetIndex(name); err != nil || at >= 0 {
		return errors.Join(err, fmt.Errorf("two sheets would be called %q", name))
	}
	_, err := w.file.NewSheet(name)
	return err
}

// Add writes a row. What no cell can hold is replaced, and listed on the notes sheet.
func (w *Writer) Add(row []table.Value) error {
	if len(row) != len(w.doc.Columns) {
		return fmt.Errorf("a row of %d values for %d columns", len(row), len(w.doc.Columns))
	}
	for i, v := range row {
		var done string
		if w.fitted[i], done = fit(v); done != "" {
			w.altered.add(w.doc, row, i, done)
		}
	}
	w.sum.Add(w.fitted)
	return w.data.add(w.fitted)
}

// Sum is that of the rows as the cells hold them, which is the table's unless [Writer.Altered] is over 0.
func (w *Writer) Sum() *table.Sum { return &w.sum }

// Altered is how many values no cell could hold as they were.
func (w *Writer) Altered() int { return w.altered.count }

// Close writes the workbook to its destination, which it leaves open.
func (w *Writer) Close() (err error) {
	defer func() { err = errors.Join(err, w.Abort()) }()
	if err := w.data.close(); err != nil {
		return err
	}
	for _, write := range []func() error{w.writeCover, w.writeContents, w.writeNotes, w.writeDictionary, w.setProperties} {
		if err := write(); err != nil {
			return err
		}
	}
	w.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return &archive{out: w.out, limit: w.partLimit} })
	if _, err := w.file.WriteTo(io.Discard); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}

// Abort gives up what is not written yet. After Close it does nothing.
func (w *Writer) Abort() error { return errors.Join(w.file.Close(), w.spill.remove()) }

func (w *Writer) setProperties() error {
	made := w.doc.Made.UTC().Format(time.RFC3339)
	w.file.SetActiveSheet(0)
	if err := w.file.SetAppProps(&excelize.AppProperties{Application: "cpd-jobs", Company: w.doc.Publisher}); err != nil {
		return err
	}
	return w.file.SetDocProps(&excelize.DocProperties{
		Title: w.doc.Title, Subject: w.doc.About, Creator: w.doc.Publisher, LastModifiedBy: w.doc.Publisher, Language: "en-GB",
		Created: made, Modified: made,
	})
}

// sheetName makes a name for a sheet of text and suffix: at most 31 characters, none of those that have a meaning.
func sheetName(text, suffix string) string {
	text = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) {
			return ' '
		}
		return r
	}, text), " '")
	return strings.TrimSpace(text[:cutAt(text, 31-len(suffix))]) + suffix
}

// plural is what several rows are: schools, authorities.
func plural(row string) string {
	if stem, ok := strings.CutSuffix(row, "y"); ok {
		return stem + "ies"
	}
	return row + "s"
}

// capital is text with a capital in front.
func capital(text string) string {
	return strings.ToUpper(text[:1]) + text[1:]
}
