package xlsx

import (
	"slices"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// maxSheet is where a sheet of rows ends early: a row and what follows the rows still go in without reaching maxPart.
const maxSheet = 3_900_000_000

// sampleRows is how many rows are looked at before the widths of the columns are fixed: they come first in a sheet.
const sampleRows = 200

// dataSheets writes the rows, and goes on to another sheet where one is full.
type dataSheets struct {
	w      *Writer
	sample [][]table.Value
	widths []float64 // those that the sampled values need; sheets that follow have the first one's
	now    *sheet
	limits limits
}

type limits struct{ rows, bytes int64 }

func (d *dataSheets) add(row []table.Value) error {
	if d.now == nil && len(d.sample) < sampleRows {
		d.sample = append(d.sample, slices.Clone(row))
		return nil
	}
	if err := d.flush(); err != nil {
		return err
	}
	return d.put(row)
}

// flush writes the rows that the widths come from.
func (d *dataSheets) flush() error {
	if d.now == nil {
		d.widths = frontmatter.Widths(d.w.book.Doc.Columns, d.sample)
		if err := d.start(); err != nil {
			return err
		}
	}
	for _, row := range d.sample {
		if err := d.put(row); err != nil {
			return err
		}
	}
	d.sample = nil
	return nil
}

func (d *dataSheets) put(row []table.Value) error {
	if int64(d.now.row) >= d.limits.rows || d.now.size() >= d.limits.bytes && d.now.rows() > 0 {
		if err := d.end(); err != nil {
			return err
		}
		if err := d.start(); err != nil {
			return err
		}
	}
	return d.now.addRow(row, "")
}

// start begins the first sheet, or the next.
func (d *dataSheets) start() error {
	b := &d.w.book
	part := b.Part(len(b.Parts))
	if err := d.w.addSheet(part.Sheet); err != nil {
		return err
	}
	s, err := d.w.beginSheet(frontmatter.Sheet{
		Name: part.Sheet, Table: part.Table, Title: part.Title, Lines: b.DataLines(), Columns: b.Doc.Columns, Widths: d.widths,
	})
	d.now = s
	b.Parts = append(b.Parts, part)
	return err
}

func (d *dataSheets) end() error {
	parts := d.w.book.Parts
	parts[len(parts)-1].Rows = int64(d.now.rows())
	return d.now.end()
}

// close ends the last sheet.
func (d *dataSheets) close() error {
	if err := d.flush(); err != nil {
		return err
	}
	return d.end()
}
