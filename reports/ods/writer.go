// Package ods writes and rereads reports as OpenDocument spreadsheets, with the same sheets as the workbook of package
// xlsx, by the same checklist for accessible spreadsheets. Text cells hold text whatever it begins with, so nothing in
// them is ever run as a formula.
//
// Rows are compressed as they come and wait in a temporary file without a name, because what stands in front of them
// (how many there are, what had to be changed) is known last. Files of the same content are the same to the byte.
package ods

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"cpd-jobs/internal/deflate"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

const (
	// level of compression: 5 is where files stop getting much smaller for the time.
	level = 5
	// maxContent is the size at which the content needs ZIP64, which programs in use do not open.
	maxContent = math.MaxUint32
	// sampleRows is how many rows are looked at before the widths of the columns are fixed.
	sampleRows = 200
	// chunk is how many bytes of XML are collected before they are handed on.
	chunk = 64 << 10
)

// Writer writes one file. It must be closed or aborted.
type Writer struct {
	out    io.Writer
	book   frontmatter.Book
	sum    table.Sum
	fitted []table.Value
	sample [][]table.Value
	widths []float64
	spill  *spill
	data   *deflate.Writer
	xml    xml
	looks  []look   // of the columns
	links  []string // to which their values are added; nil for none
	limits limits
	closed bool
}

type limits struct {
	rows  int64 // of a sheet, all that stands above the table's rows included
	bytes int64
}

// NewWriter begins a file.
func NewWriter(out io.Writer, doc table.Document, summaries ...table.Summary) (*Writer, error) {
	w := &Writer{out: out, book: frontmatter.Book{Doc: doc, Summaries: summaries, Remarks: frontmatter.LinkRemarks(doc)}, fitted: make([]table.Value, len(doc.Columns)),
		looks: looksOf(doc.Columns), links: linksOf(doc.Columns), limits: limits{rows: frontmatter.MaxRows, bytes: maxContent}}
	if err := w.book.Check(); err != nil {
		return nil, fmt.Errorf("begin an OpenDocument spreadsheet: %w", err)
	}
	var err error
	if w.spill, err = newSpill(); err != nil {
		return nil, err
	}
	w.data = deflate.NewWriter(w.spill, level)
	return w, nil
}

// linksOf are the columns' links, nil where none has one.
func linksOf(columns []table.Column) []string {
	if !slices.ContainsFunc(columns, func(c table.Column) bool { return c.Link != "" }) {
		return nil
	}
	links := make([]string, len(columns))
	for i, c := range columns {
		links[i] = c.Link
	}
	return links
}

// Add writes a row. What no cell can hold is replaced, and listed on the notes sheet.
func (w *Writer) Add(row []table.Value) error {
	if err := w.book.Fit(w.fitted, row); err != nil {
		return err
	}
	w.sum.Add(w.fitted)
	if w.widths == nil && len(w.sample) < sampleRows {
		w.sample = append(w.sample, slices.Clone(w.fitted))
		return nil
	}
	if err := w.flushSample(); err != nil {
		return err
	}
	return w.put(w.fitted)
}

// Sum is that of the rows as the file holds them, which is the table's where nothing was coerced.
func (w *Writer) Sum() *table.Sum { return &w.sum }

// Coerced are the values that the format could not hold as they were.
func (w *Writer) Coerced() frontmatter.Coercions { return w.book.Coerced }

// Close writes the file to its destination, which it leaves open.
func (w *Writer) Close() (err error) {
	defer func() { err = errors.Join(err, w.Abort()) }()
	if err := w.flushSample(); err != nil {
		return err
	}
	w.endPart()
	if err := w.emit(); err != nil {
		return err
	}
	if err := w.data.Close(); err != nil {
		return err
	}
	if size := w.data.Size(); size > w.limits.bytes {
		return w.tooBig(size)
	}
	return w.writeArchive()
}

// Abort gives up what is not written yet. After Close it does nothing.
func (w *Writer) Abort() error {
	if w.closed {
		return nil
	}
	w.closed = true
	_ = w.data.Close() // whatever it says, nothing of it is used
	return w.spill.remove()
}

func (w *Writer) tooBig(size int64) error {
	return run.Blocked("export it as CSV or Parquet, or a part of it", "%s as an OpenDocument spreadsheet: its content would be %d bytes, and programs open no more than %d",
		w.book.Doc.Name, size, w.limits.bytes)
}
