package xlsx

import (
	"slices"
	"strconv"

	"cpd-jobs/reports/table"
)

// Limits of one sheet.
const (
	maxRows = 1_048_576
	// maxSheet is where a sheet ends early, by an estimate of its size that is rather too high, to stay clear of maxPart.
	maxSheet = 3 << 30
)

// sampleRows is how many rows are looked at before the widths of the columns are fixed: they come first in a sheet.
const sampleRows = 200

// dataSheets writes the rows, and goes on to another sheet where one is full.
type dataSheets struct {
	w      *Writer
	name   string // of the first
	sample [][]table.Value
	now    *sheet
	bytes  int64
	done   []sheetRows
	limits limits
}

type limits struct{ rows, bytes int64 }

// sheetRows is what a sheet of data holds.
type sheetRows struct {
	sheet string
	rows  int
}

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
	size := estimate(row)
	if int64(d.now.row) >= d.limits.rows || d.bytes+size > d.limits.bytes && d.now.rows() > 0 {
		if err := d.end(); err != nil {
			return err
		}
		if err := d.start(); err != nil {
			return err
		}
	}
	d.bytes += size
	for i, v := range row {
		value, style := d.w.styles.cellOf(v)
		d.now.set(i, value, style)
	}
	if err := d.now.addRow(); err != nil {
		return err
	}
	return d.w.spill.grown(size)
}

// start begins the first sheet, or the next.
func (d *dataSheets) start() error {
	doc := d.w.doc
	name, title, tableName := d.name, doc.Title, doc.Name
	if n := len(d.done) + 1; n > 1 {
		suffix := " " + strconv.Itoa(n)
		name, tableName = sheetName(d.name, suffix), doc.Name+"_"+strconv.Itoa(n)
		title += ", continued: part" + suffix
	}
	if err := d.w.addSheet(name); err != nil {
		return err
	}
	s, err := newSheet(d.w.file, &d.w.styles, name, d.widths()...)
	if err != nil {
		return err
	}
	d.now, d.bytes = s, 0
	if err := s.put(title, d.w.styles.title); err != nil {
		return err
	}
	for _, l := range d.w.tableLines("one row for each "+doc.Row, doc.AsAt) {
		if err := s.line(l, d.w.styles.text, d.w.styles.link); err != nil {
			return err
		}
	}
	return s.startTable(tableName, doc.Columns)
}

func (d *dataSheets) end() error {
	d.done = append(d.done, sheetRows{sheet: d.now.name, rows: d.now.rows()})
	return d.now.end()
}

// close ends the last sheet.
func (d *dataSheets) close() error {
	if err := d.flush(); err != nil {
		return err
	}
	return d.end()
}

// widths are those that the sampled values need. Sheets that follow have the first one's.
func (d *dataSheets) widths() []float64 {
	if d.w.widths == nil {
		d.w.widths = widths(d.w.doc.Columns, d.sample)
	}
	return d.w.widths
}

// estimate is no less than the bytes that a row takes in a sheet.
func estimate(row []table.Value) int64 {
	const perCell = 80 // reference, style, type, a number
	size := int64(len(row)) * perCell
	for _, v := range row {
		if text, ok := v.AsText(); ok {
			size += int64(len(text)) + escapes(text)
		}
	}
	return size
}

// escapes is how many bytes more a text takes in XML, at most.
func escapes(text string) int64 {
	var more int64
	for i := range len(text) {
		switch text[i] {
		case '&', '<', '>', '"', '\'', '\t', '\r':
			more += 4
		case '_':
			more += 6
		}
	}
	return more
}
