package ods

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/klauspost/compress/flate"

	"cpd-jobs/reports/table"
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

// Rows reads the rows of a table and of those that continue it (name_2 and on), as values of the given columns, and sees
// to it that they are marked up as tables of just that size. After an error there are no more. A row is valid until the next.
func (r *Reader) Rows(name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) {
		f, err := r.zip.Open("content.xml")
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		d := &dataReader{scanner: newScanner(f), name: name, columns: columns, row: make([]table.Value, len(columns)), yield: yield}
		if err := d.read(); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// errStopped says that whoever reads wants no more rows.
var errStopped = errors.New("stopped")

type dataReader struct {
	*scanner
	name    string
	columns []table.Column
	row     []table.Value
	yield   func([]table.Value, error) bool
	found   []found // tables, in order
}

// found is a table as it should be marked up.
type found struct{ name, address string }

func (d *dataReader) read() error {
	for {
		tag, err := d.element()
		if errors.Is(err, io.EOF) {
			return d.end()
		}
		if err != nil {
			return err
		}
		switch {
		case tag.is("table:table"):
			err = d.sheet(tag.get("table:name"), tag.get("xml:id"))
		case tag.is("table:database-range"):
			err = d.marked(tag)
		}
		if err != nil {
			return err
		}
	}
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
	header, rows, err := d.rows()
	if err != nil {
		return fmt.Errorf("table %s, row %d: %w", id, header+rows+1, err)
	}
	d.found = append(d.found, found{name: id, address: rangeAddress(name, header, rows, len(d.columns))})
	return nil
}

func (d *dataReader) skip() error {
	for {
		tag, err := d.element()
		if err != nil {
			return unexpected(err)
		}
		if tag.is("/table:table") {
			return nil
		}
	}
}

// rows reads to the end of a sheet. header is the row of the headings, counted from 1.
func (d *dataReader) rows() (header, rows int64, err error) {
	headed := false
	for {
		tag, err := d.element()
		if err != nil {
			return header, rows, unexpected(err)
		}
		switch {
		case tag.is("/table:table"):
			if !headed {
				return header, rows, errors.New("the table has no headings")
			}
			return header, rows, nil
		case tag.is("table:table-header-rows"):
			headed = true
			header++
			err = d.headings()
		case tag.is("table:table-row") && !headed:
			header++
			err = d.past("/table:table-row")
		case tag.is("table:table-row"):
			if err = d.cells(); err == nil {
				rows++
				if !d.yield(d.row, nil) {
					err = errStopped
				}
			}
		}
		if err != nil {
			return header, rows, err
		}
	}
}

func (d *dataReader) past(end string) error {
	for {
		tag, err := d.element()
		if err != nil {
			return unexpected(err)
		}
		if tag.is(end) {
			return nil
		}
	}
}

func (d *dataReader) headings() error {
	tag, err := d.element()
	if err != nil || !tag.is("table:table-row") {
		return errors.Join(errors.New("no row of headings"), err)
	}
	columns := make([]table.Column, len(d.columns)) // headings are texts, whatever is below them
	wanted := d.columns
	d.columns = columns
	err = d.cells()
	d.columns = wanted
	if err != nil {
		return err
	}
	for i, c := range wanted {
		if got := d.row[i].String(); got != c.Heading() {
			return fmt.Errorf("column %d is headed %q, not %q", i+1, got, c.Heading())
		}
	}
	return d.past("/table:table-header-rows")
}

// marked compares a table that is marked up with the one that was read.
func (d *dataReader) marked(tag tag) error {
	for i, f := range d.found {
		if f.name != tag.get("table:name") {
			continue
		}
		if got := tag.get("table:target-range-address"); got != f.address || tag.get("table:contains-header") != "true" {
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

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Rows rereads the table called name of a file of the given size: see [Reader.Rows].
func Rows(file io.ReaderAt, size int64, name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	r, err := NewReader(file, size)
	if err != nil {
		return func(yield func([]table.Value, error) bool) { yield(nil, err) }
	}
	return r.Rows(name, columns)
}
