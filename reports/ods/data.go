package ods

import (
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// flushSample writes the rows that the widths come from, before the first that does not.
func (w *Writer) flushSample() error {
	if w.widths == nil {
		w.widths = frontmatter.Widths(w.book.Doc.Columns, w.sample)
		w.beginPart()
	}
	for _, row := range w.sample {
		if err := w.put(row); err != nil {
			return err
		}
	}
	w.sample = nil
	return nil
}

// put writes a row to the present sheet, or to the next where that is full.
func (w *Writer) put(row []table.Value) error {
	if w.part().Rows >= w.room() {
		w.endPart()
		w.beginPart()
	}
	w.part().Rows++
	links := w.links
	if w.part().Rows > frontmatter.MaxLinks {
		links = nil
	}
	w.xml.row(row, w.looks, links)
	if len(w.xml.b) < chunk {
		return nil
	}
	return w.emit()
}

// emit hands on what was collected. A file that would be too big is given up early.
func (w *Writer) emit() error {
	_, err := w.data.Write(w.xml.b)
	w.xml.b = w.xml.b[:0]
	if err == nil && w.data.Size() > w.limits.bytes {
		return w.tooBig(w.data.Size())
	}
	return err
}

func (w *Writer) part() *frontmatter.Part { return &w.book.Parts[len(w.book.Parts)-1] }

// room is how many rows of the table a sheet has place for.
func (w *Writer) room() int64 { return w.limits.rows - w.header() }

// header is the row of the headings, counted from 1.
func (w *Writer) header() int64 { return int64(len(w.book.DataLines()) + 2) }

func (w *Writer) beginPart() {
	p := w.book.Part(len(w.book.Parts))
	w.book.Parts = append(w.book.Parts, p)
	w.xml.beginTable(p.Sheet, p.Table, w.widths, w.looks)
	w.xml.top(p.Title, w.book.DataLines(), false)
	w.xml.headings(w.book.Doc.Columns)
}

func (w *Writer) endPart() { w.xml.endTable() }
