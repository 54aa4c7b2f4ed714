// Package format is the one list of the kinds of file that reports are exported to: what people and browsers call them,
// and how each is written, read back and described. What a cell looks like is left to the package of each format.
package format

import (
	"io"
	"iter"
	"slices"

	"cpd-jobs/reports/csvfile"
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/ods"
	"cpd-jobs/reports/parquet"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/xlsx"
)

// Format is one kind of file.
type Format struct {
	Name   string // as definitions and commands have it: csv-excel
	Ending string // of a file's name
	// Title is what the format is called, Label what people call it, Short that Label abbreviates Title. Note is what a
	// reader needs to know to open a file, "" for nothing.
	Title, Label string
	Short        bool
	Note         string
	MediaType    string
	// Workbook says that files have sheets, also for summaries, and are checked for accessibility.
	Workbook bool
	// Begin starts a file on w, which it leaves open.
	Begin func(w io.Writer, doc table.Document, summaries []table.Summary) (Writer, error)
	// Reread reads the rows of a file that Begin's writer wrote, and refuses any other.
	Reread func(f File, size int64, doc table.Document) iter.Seq2[[]table.Value, error]
	// Sidecar describes the file called name in one that stands beside it; nil for none.
	Sidecar func(doc table.Document, name string, rows int64, coerced frontmatter.Coercions) (sidecarName string, content []byte, err error)
}

// Writer writes one file. It must be closed or aborted.
type Writer interface {
	Add(row []table.Value) error
	Close() error
	// Abort gives up what is not written yet. After Close it does nothing.
	Abort() error
	// Coerced are the values that the format could not hold as they were.
	Coerced() frontmatter.Coercions
	// Sum is that of the rows as the file holds them; nil of a format that gives back every value as it was.
	Sum() *table.Sum
}

// File is a file to read back.
type File interface {
	io.Reader
	io.ReaderAt
}

// All lists the formats, in the order in which people are offered them.
func All() []Format { return slices.Clone(all) }

// Names lists their names.
func Names() []string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Name
	}
	return names
}

// Find finds a format by its name. Of one that is not known it gives what is true of any file.
func Find(name string) (f Format, ok bool) {
	if i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name }); i >= 0 {
		return all[i], true
	}
	return Format{Name: name, Title: name, Label: name, MediaType: "application/octet-stream"}, false
}

const csvMediaType = "text/csv; charset=utf-8; header=present"

var all = []Format{
	{
		Name: "xlsx", Ending: ".xlsx", Workbook: true,
		Title: "Microsoft Excel spreadsheet", Label: "Excel",
		MediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		Begin: func(w io.Writer, doc table.Document, summaries []table.Summary) (Writer, error) {
			return xlsx.NewWriter(w, doc, summaries...)
		},
		Reread: func(f File, size int64, doc table.Document) iter.Seq2[[]table.Value, error] {
			return xlsx.Rows(f, size, doc.Name, doc.Columns)
		},
	},
	{
		Name: "ods", Ending: ".ods", Workbook: true,
		Title: "OpenDocument spreadsheet", Label: "ODS", Short: true,
		Note:      "This file is in an OpenDocument format.",
		MediaType: "application/vnd.oasis.opendocument.spreadsheet",
		Begin: func(w io.Writer, doc table.Document, summaries []table.Summary) (Writer, error) {
			return ods.NewWriter(w, doc, summaries...)
		},
		Reread: func(f File, size int64, doc table.Document) iter.Seq2[[]table.Value, error] {
			return ods.Rows(f, size, doc.Name, doc.Columns)
		},
	},
	{
		Name: "csv", Ending: ".csv",
		Title: "Comma-separated values", Label: "CSV", Short: true,
		Note:      "For programs, and for databases. Times are in UTC.",
		MediaType: csvMediaType,
		Begin: func(w io.Writer, doc table.Document, _ []table.Summary) (Writer, error) {
			return csvfile.NewWriter(w, doc)
		},
		Reread: func(f File, _ int64, doc table.Document) iter.Seq2[[]table.Value, error] {
			return csvfile.Rows(f, doc)
		},
		Sidecar: func(doc table.Document, name string, rows int64, coerced frontmatter.Coercions) (string, []byte, error) {
			content, err := csvfile.Metadata(doc, name, rows, coerced)
			return csvfile.MetadataName(name), content, err
		},
	},
	{
		Name: "csv-excel", Ending: "-excel.csv",
		Title: "Comma-separated values, marked for Excel", Label: "CSV for Excel",
		MediaType: csvMediaType,
		Begin: func(w io.Writer, doc table.Document, _ []table.Summary) (Writer, error) {
			return csvfile.NewExcelWriter(w, doc)
		},
		Reread: func(f File, _ int64, doc table.Document) iter.Seq2[[]table.Value, error] {
			return csvfile.ExcelRows(f, doc)
		},
	},
	{
		Name: "parquet", Ending: ".parquet",
		Title: "Apache Parquet", Label: "Parquet",
		Note:      "For data analysis tools.",
		MediaType: "application/vnd.apache.parquet",
		Begin: func(w io.Writer, doc table.Document, _ []table.Summary) (Writer, error) {
			return parquet.NewWriter(w, doc)
		},
		Reread: func(f File, size int64, doc table.Document) iter.Seq2[[]table.Value, error] {
			return parquet.Rows(f, size, doc)
		},
	},
}
