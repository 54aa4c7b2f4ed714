package xlsx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"

	"cpd-jobs/reports/table"
)

// Reader reads back workbooks that [Writer] wrote, to compare them with what was written. It is no reader of other
// people's workbooks: what a Writer would not have written is an error.
type Reader struct {
	zip    *zip.Reader
	tables map[string]markedUp
}

// markedUp is a table of the workbook.
type markedUp struct {
	sheet    string // part within the archive
	header   int
	headings []string
}

// NewReader finds the tables of a workbook of the given size.
func NewReader(file io.ReaderAt, size int64) (*Reader, error) {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return nil, fmt.Errorf("open the workbook: %w", err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	r := &Reader{zip: z, tables: map[string]markedUp{}}
	for _, f := range z.File {
		if dir, name := path.Split(f.Name); dir == "xl/worksheets/" {
			if err := r.addTable(f.Name, dir+"_rels/"+name+".rels"); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	return r, nil
}

type relations struct {
	List []struct {
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

type tablePart struct {
	Name    string `xml:"displayName,attr"`
	Ref     string `xml:"ref,attr"`
	Columns []struct {
		Name string `xml:"name,attr"`
	} `xml:"tableColumns>tableColumn"`
}

func (r *Reader) addTable(sheet, rels string) error {
	var related relations
	if err := r.decode(rels, &related); err != nil {
		return err
	}
	for _, rel := range related.List {
		if !strings.HasSuffix(rel.Type, "/table") {
			continue
		}
		var t tablePart
		if err := r.decode(path.Join(path.Dir(sheet), rel.Target), &t); err != nil {
			return err
		}
		_, first, _ := strings.Cut(firstCell.FindString(t.Ref), "A")
		header, err := strconv.Atoi(first)
		if err != nil {
			return fmt.Errorf("table %s at %q does not begin in column A", t.Name, t.Ref)
		}
		found := markedUp{sheet: sheet, header: header}
		for _, c := range t.Columns {
			found.headings = append(found.headings, c.Name)
		}
		r.tables[t.Name] = found
	}
	return nil
}

var firstCell = regexp.MustCompile(`^A\d+`)

// decode reads a small part; one that is not there is empty.
func (r *Reader) decode(name string, into any) error {
	f, err := r.zip.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := xml.NewDecoder(f).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Rows reads the rows of a table and of those that continue it (name_2 and on), as values of the given columns. After an
// error there are no more. A row is valid until the next.
func (r *Reader) Rows(name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) {
		for n := 1; ; n++ {
			part := name
			if n > 1 {
				part += "_" + strconv.Itoa(n)
			}
			t, ok := r.tables[part]
			if !ok && n > 1 {
				return
			}
			if !ok {
				yield(nil, fmt.Errorf("the workbook has no table %s", name))
				return
			}
			if more, err := r.tableRows(t, columns, yield); err != nil || !more {
				if err != nil {
					yield(nil, fmt.Errorf("table %s: %w", part, err))
				}
				return
			}
		}
	}
}

func (r *Reader) tableRows(t markedUp, columns []table.Column, yield func([]table.Value, error) bool) (more bool, err error) {
	if err := sameHeadings(t.headings, columns); err != nil {
		return false, err
	}
	f, err := r.zip.Open(t.sheet)
	if err != nil {
		return false, err
	}
	defer f.Close()
	in := readAhead(f)
	defer in.stop()
	s := newScanner(in, columns, t.header)
	if err := s.start(); err != nil {
		return false, err
	}
	for {
		row, err := s.next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, in) // at its end the archive compares the part's own checksum
			return true, err
		}
		if err != nil {
			return false, err
		}
		if !yield(row, nil) {
			return false, nil
		}
	}
}

func sameHeadings(got []string, columns []table.Column) error {
	if len(got) != len(columns) {
		return fmt.Errorf("it has %d columns, not %d", len(got), len(columns))
	}
	for i, c := range columns {
		if got[i] != c.Heading() {
			return fmt.Errorf("column %d is headed %q, not %q", i+1, got[i], c.Heading())
		}
	}
	return nil
}

// Rows rereads the table called name of a workbook of the given size: see [Reader.Rows].
func Rows(file io.ReaderAt, size int64, name string, columns []table.Column) iter.Seq2[[]table.Value, error] {
	r, err := NewReader(file, size)
	if err != nil {
		return func(yield func([]table.Value, error) bool) { yield(nil, err) }
	}
	return r.Rows(name, columns)
}
