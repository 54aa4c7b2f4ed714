package ods

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/klauspost/compress/flate"

	"cpd-jobs/reports/table"
	"cpd-jobs/reports/xmlscan"
)

// Reader rereads a file that [Writer] wrote. It is strict: what a Writer would not have written is an error.
type Reader struct{ zip *zip.Reader }

// NewReader opens a file of the given size.
func NewReader(r io.ReaderAt, size int64) (*Reader, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	if len(z.File) == 0 || z.File[0].Name != "mimetype" || z.File[0].Method != zip.Store {
		return nil, errors.New("it does not begin with its media type")
	}
	return &Reader{zip: z}, nil
}

// Rows reads the rows of a table and of those that continue it (name_2 and on), as values of the given columns, and
// sees to it that they are marked up as tables of just that size. After an error there are no more. A row is valid
// until the next.
func (r *Reader) Rows(name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) {
		f, err := r.zip.Open("content.xml")
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		d := &dataReader{Scanner: xmlscan.New(f), name: name, columns: columns, row: make([]table.Value, len(columns)), yield: yield}
		if err := d.read(); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// errStopped says that the reader wants no more rows.
var errStopped = errors.New("stopped")

type dataReader struct {
	*xmlscan.Scanner
	name    string
	columns []table.Column
	row     []table.Value
	text    []byte // of the cell in hand
	yield   func([]table.Value, error) bool
	found   []found // tables, in order
}

// found is a table as it should be marked up.
type found struct{ name, address string }

func (d *dataReader) read() error {
	err := d.Each(func() error {
		switch string(d.Name) {
		case "table":
			return d.sheet(d.String("name"), d.String("id"))
		case "database-range":
			return d.marked()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.end()
}

// part is the name of the table that comes next.
func (d *dataReader) part() string {
	if n := len(d.found) + 1; n > 1 {
		return d.name + "_" + strconv.Itoa(n)
	}
	return d.name
}

// sheet reads a sheet, or past it where it holds another table.
func (d *dataReader) sheet(name, id string) error {
	if id != d.part() {
		return d.skip()
	}
	var header, rows int64 // header is the row of the headings, counted from 1
	headed := false
	err := d.Inside(func() error {
		switch {
		case d.Kind > xmlscan.Empty:
		case d.Is("table-header-rows"):
			headed = true
			header++
			return d.headings()
		case d.Is("table-row") && !headed:
			header++
			return d.skip()
		case d.Is("table-row"):
			if err := d.cells(); err != nil {
				return err
			}
			rows++
			if !d.yield(d.row, nil) {
				return errStopped
			}
		}
		return nil
	})
	if err == nil && !headed {
		err = errors.New("the table has no headings")
	}
	if err != nil {
		return fmt.Errorf("table %s, row %d: %w", id, header+rows+1, err)
	}
	d.found = append(d.found, found{name: id, address: rangeAddress(name, header, rows, len(d.columns))})
	return nil
}

// skip reads past the element in hand.
func (d *dataReader) skip() error { return d.Inside(func() error { return nil }) }

func (d *dataReader) headings() error {
	if err := d.NextTag(); err != nil || !d.Is("table-row") {
		return errors.Join(errors.New("no row of headings"), err)
	}
	wanted := d.columns
	d.columns = make([]table.Column, len(wanted)) // headings are texts, whatever is below them
	err := d.cells()
	d.columns = wanted
	if err != nil {
		return err
	}
	for i, c := range wanted {
		if got := d.row[i].String(); got != c.Heading() {
			return fmt.Errorf("column %d is headed %q, not %q", i+1, got, c.Heading())
		}
	}
	return nil
}

// cells reads a row, which must fill the columns.
func (d *dataReader) cells() error {
	column := 0
	err := d.Inside(func() error {
		if d.Kind > xmlscan.Empty || !d.Is("table-cell") {
			return fmt.Errorf("<%s> where a cell should be", d.Name)
		}
		n, err := d.cell(column)
		if err != nil {
			return fmt.Errorf("column %d: %w", column+1, err)
		}
		column += n
		return nil
	})
	if err == nil && column != len(d.row) {
		err = fmt.Errorf("%d cells for %d columns", column, len(d.row))
	}
	return err
}

// cell reads a cell, or several empty ones, and says how many.
func (d *dataReader) cell(column int) (n int, err error) {
	n = d.Int("number-columns-repeated", 1)
	if n < 1 || column+n > len(d.row) {
		return 0, fmt.Errorf("more than %d cells", len(d.row))
	}
	if d.Kind == xmlscan.Empty {
		clear(d.row[column : column+n])
		return n, nil
	}
	kind := d.columns[column].Type
	attribute := ""
	switch string(d.Attr("value-type")) {
	case "string":
		exact, isExact := d.String("string-value"), d.Attr("string-value") != nil
		if err := d.paragraphs(); err != nil {
			return 0, err
		}
		if !isExact {
			exact = string(d.text)
		}
		d.row[column] = table.String(exact)
		if kind != table.Text && kind != table.List && kind != "" {
			d.row[column] = table.Parse(exact, kind)
		}
		return n, nil
	case "float":
		attribute = "value"
	case "date":
		attribute = "date-value"
	case "boolean":
		attribute = "boolean-value"
	}
	raw := d.Attr(attribute)
	text := string(raw)
	if attribute == "date-value" && bytes.IndexByte(raw, 'T') >= 0 {
		text += "Z"
	}
	v := table.Parse(text, kind)
	if _, isText := v.AsText(); isText || n != 1 || v.Empty() {
		return 0, fmt.Errorf("%q is no %s", text, kind)
	}
	d.row[column] = v
	return 1, d.skip()
}

// paragraphs collects the text of a cell.
func (d *dataReader) paragraphs() error {
	d.text = d.text[:0]
	n := 0
	return d.Inside(func() error {
		switch {
		case d.Kind == xmlscan.Text:
			d.text = append(d.text, d.Text...)
		case d.Kind == xmlscan.End || d.Is("a"):
		case d.Is("p"):
			if n++; n > 1 {
				d.text = append(d.text, '\n')
			}
		case d.Is("s"):
			d.text = append(d.text, ' ')
		case d.Is("tab"):
			d.text = append(d.text, '\t')
		default:
			return fmt.Errorf("<%s> in a cell", d.Name)
		}
		return nil
	})
}

// marked compares a table that is marked up with the one that was read.
func (d *dataReader) marked() error {
	for i, f := range d.found {
		if f.name != d.String("name") {
			continue
		}
		if got := d.String("target-range-address"); got != f.address || !d.True("contains-header") {
			return fmt.Errorf("table %s is marked up at %s, where its cells are %s", f.name, got, f.address)
		}
		d.found[i].address = ""
	}
	return nil
}

func (d *dataReader) end() error {
	if len(d.found) == 0 {
		return fmt.Errorf("the file has no table %s", d.name)
	}
	for _, f := range d.found {
		if f.address != "" {
			return fmt.Errorf("table %s is not marked up", f.name)
		}
	}
	return nil
}

// Rows rereads the table called name of a file of the given size: see [Reader.Rows].
func Rows(file io.ReaderAt, size int64, name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	r, err := NewReader(file, size)
	if err != nil {
		return func(yield func([]table.Value, error) bool) { yield(nil, err) }
	}
	return r.Rows(name, columns)
}
