// Package parquet writes and rereads reports as Parquet files: typed columns (UTF-8 text, 32-bit whole numbers,
// doubles, booleans, UTC times to the microsecond, dates, lists of text), compressed with zstd, in groups of 100,000
// rows, with what the report says of itself as key-value metadata. An empty cell is a null, an empty list has no items.
// Files of the same content are the same to the byte.
package parquet

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

const (
	// groupRows is how many rows stand together: readers skip whole groups, and each core reads one.
	groupRows = 100_000
	// batchRows is how many are collected before they go to the columns.
	batchRows = 1024
	// dictionaryBytes is how big the dictionary of a column may get in a group before its values are written as they
	// are. Bigger ones cost memory and are no smaller in the file.
	dictionaryBytes = 128 << 10
)

// Writer writes one file. It holds the pages of one group, compressed, whatever the number of rows. It must be closed
// or aborted.
type Writer struct {
	doc     table.Document
	out     *parquet.GenericWriter[any]
	columns *columns
	sum     table.Sum
	fitted  []table.Value
	coerced frontmatter.Coercions
	rows    int // of the present group
	group   int // how many a group has
	closed  bool
}

// NewWriter begins a file.
func NewWriter(w io.Writer, doc table.Document) (*Writer, error) {
	schema, err := schemaOf(doc)
	if err != nil {
		return nil, err
	}
	compressor, err := newCompressor()
	if err != nil {
		return nil, err
	}
	config, err := parquet.NewWriterConfig(schema,
		parquet.Compression(compressor),
		parquet.PageBufferSize(pageSize),
		parquet.CreatedBy("cpd-jobs", "1", "1"), // the library's own would differ from build to build
		parquet.DictionaryMaxBytes(dictionaryBytes),
		parquet.DataPageStatistics(true),
	)
	if err != nil {
		return nil, fmt.Errorf("begin a Parquet file: %w", err)
	}
	out := parquet.NewGenericWriter[any](w, config)
	for _, f := range facts(doc) {
		out.SetKeyValueMetadata(f.Name, f.Value)
	}
	return &Writer{doc: doc, out: out, fitted: make([]table.Value, len(doc.Columns)), columns: newColumns(doc.Columns), group: groupRows}, nil
}

// facts are the document's, after those that every report has.
func facts(doc table.Document) []table.Fact {
	return append([]table.Fact{
		{Name: "report", Value: doc.Name}, {Name: "title", Value: doc.Title}, {Name: "description", Value: doc.About},
		{Name: "publisher", Value: doc.Publisher}, {Name: "source", Value: doc.Source}, {Name: "licence", Value: doc.Licence.Link},
		{Name: "as_of", Value: doc.AsAt.UTC().Format(time.RFC3339Nano)}, {Name: "published_at", Value: doc.Made.UTC().Format(time.RFC3339Nano)},
	}, doc.Facts...)
}

// Add writes a row. A value that its column's type cannot hold becomes a null or the nearest that it can, and is listed
// in the metadata.
func (w *Writer) Add(row []table.Value) error {
	if len(row) != len(w.fitted) {
		return fmt.Errorf("a row of %d values for %d columns", len(row), len(w.fitted))
	}
	w.coerced.Row++
	for i, v := range row {
		var done string
		if w.fitted[i], done = fit(v, w.doc.Columns[i].Type); done != "" {
			w.coerced.Add(w.doc, row, i, done)
		}
	}
	w.sum.Add(w.fitted)
	w.columns.add(w.fitted)
	if w.rows++; w.rows == w.group {
		return w.endGroup()
	}
	if w.columns.batch.rows() == batchRows {
		return w.columns.send(w.out.ColumnWriters())
	}
	return nil
}

func (w *Writer) endGroup() error {
	w.rows = 0
	if err := w.columns.send(w.out.ColumnWriters()); err != nil {
		return err
	}
	if err := w.columns.wait(); err != nil {
		return err
	}
	return w.out.Flush()
}

// Sum is that of the rows as the file holds them, which is the table's where nothing was coerced.
func (w *Writer) Sum() *table.Sum { return &w.sum }

// Coerced are the values that the format could not hold as they were.
func (w *Writer) Coerced() frontmatter.Coercions { return w.coerced }

// Close writes what is left, and leaves the destination open.
func (w *Writer) Close() error {
	defer w.Abort()
	if err := w.endGroup(); err != nil {
		return err
	}
	if w.coerced.Count > 0 {
		w.out.SetKeyValueMetadata("altered", strings.Join(w.coerced.Notes(), "\n"))
	}
	return w.out.Close()
}

// Abort gives up what is not written yet. After Close it does nothing.
func (w *Writer) Abort() error {
	if !w.closed {
		w.closed = true
		w.columns.close()
	}
	return nil
}
