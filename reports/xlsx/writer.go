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
	"time"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// Writer writes one workbook. Rows go to the destination as they are added, by way of memory whose size does not depend
// on how many there are. excelize makes what is around them: the list of sheets, styles, tables, charts, properties.
type Writer struct {
	book    frontmatter.Book
	file    *excelize.File
	archive *archive
	styles  *styles
	data    dataSheets
	sum     table.Sum
	shared  sharedTexts
	fitted  []table.Value
}

// NewWriter begins a workbook; it must be closed or aborted.
func NewWriter(out io.Writer, doc table.Document, summaries ...table.Summary) (*Writer, error) {
	w := &Writer{
		book: frontmatter.Book{Doc: doc, Summaries: summaries, Remarks: frontmatter.LinkRemarks(doc)},
		file: excelize.NewFile(), archive: newArchive(out), fitted: make([]table.Value, len(doc.Columns)),
	}
	w.archive.filters = doc.Layout.FilterButtons
	w.book.Charts = len(w.drawings())
	w.data = dataSheets{w: w, limits: limits{rows: frontmatter.MaxRows, bytes: maxSheet}}
	if err := w.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a workbook: %w", err), w.Abort())
	}
	return w, nil
}

func (w *Writer) begin() (err error) {
	if err := w.book.Check(); err != nil {
		return err
	}
	if w.styles, err = newStyles(w.file); err != nil {
		return err
	}
	for i, s := range w.book.Front() {
		if i == 0 {
			err = w.file.SetSheetName("Sheet1", s.Name)
		} else {
			err = w.addSheet(s.Name)
		}
		if err != nil {
			return err
		}
	}
	if err := w.setProperties(); err != nil {
		return err
	}
	return w.writeFirst()
}

// writeFirst writes parts that are known already, so that programs which guess a file's type from its beginning see an
// Office file and not just any archive. The list of types, which they prefer, is known only at the end.
func (w *Writer) writeFirst() error {
	for _, name := range []string{"_rels/.rels", "docProps/core.xml", "docProps/app.xml"} {
		data, ok := w.file.Pkg.Load(name)
		text, isText := data.([]byte)
		if !ok || !isText {
			return fmt.Errorf("excelize has no part called %s yet", name)
		}
		if name == "docProps/core.xml" {
			text = w.coreProperties()
		}
		if err := w.archive.put(name, text); err != nil {
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
	if err := w.book.Fit(w.fitted, row); err != nil {
		return err
	}
	w.sum.Add(w.fitted)
	return w.data.add(w.fitted)
}

// Sum is that of the rows as the file holds them, which is the table's where nothing was coerced.
func (w *Writer) Sum() *table.Sum { return &w.sum }

// Coerced are the values that the format could not hold as they were.
func (w *Writer) Coerced() frontmatter.Coercions { return w.book.Coerced }

// Close writes the rest of the workbook to its destination, which it leaves open.
func (w *Writer) Close() (err error) {
	defer func() { err = errors.Join(err, w.Abort()) }()
	if err := w.data.close(); err != nil {
		return err
	}
	for _, s := range w.book.Front() {
		if err := w.writeFront(s); err != nil {
			return err
		}
	}
	if err := errors.Join(w.writeCharts(), w.writeShared()); err != nil {
		return err
	}
	w.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return w.archive })
	if _, err := w.file.WriteTo(io.Discard); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}

// Abort gives up what is not written yet. After Close it does nothing.
func (w *Writer) Abort() error {
	w.archive.stop()
	return w.file.Close()
}

func (w *Writer) setProperties() error {
	w.file.SetActiveSheet(0)
	return w.file.SetAppProps(&excelize.AppProperties{Application: "cpd-jobs", Company: w.book.Doc.Publisher})
}

// coreProperties says what the workbook is. excelize would make the namespace of its elements the default one, which is
// right and which exceljs does not understand.
func (w *Writer) coreProperties() []byte {
	doc, made := w.book.Doc, w.book.Doc.Made.UTC().Format(time.RFC3339)
	b := []byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"` +
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`)
	for _, p := range [][2]string{
		{"dc:title", doc.Title}, {"dc:subject", doc.About}, {"dc:creator", doc.Publisher}, {"cp:lastModifiedBy", doc.Publisher}, {"dc:language", "en-GB"},
	} {
		text, _ := frontmatter.FitText(p[1])
		b = append(appendAttribute(append(b, "<"+p[0]+">"...), text), "</"+p[0]+">"...)
	}
	for _, name := range []string{"created", "modified"} {
		b = fmt.Appendf(b, `<dcterms:%s xsi:type="dcterms:W3CDTF">%s</dcterms:%[1]s>`, name, made)
	}
	return append(b, `</cp:coreProperties>`...)
}
