package selection

import (
	"context"
	"errors"
	"io"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/csvfile"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

// AtOnce is how many rows one statement reads for a file: somebody with a slow line must not hold a snapshot of the
// database open for as long as the line takes.
const AtOnce = 2000

// ErrNewVersion ends a file whose report was refreshed while it was written.
var ErrNewVersion = errors.New("the report was refreshed while the file was written")

// WriteCSV writes a selection that has been checked, whose first page was read already with [AtOnce]. All rows are of
// one version; after an error what was written must not pass for a whole file.
func WriteCSV(ctx context.Context, w io.Writer, db pg.Querier, def *definition.Definition, s Selection, page Page) error {
	doc := table.Document{}
	for _, c := range ColumnsOf(def, s) {
		doc.Columns = append(doc.Columns, table.Column{Name: c.Name, Title: c.Title, Type: table.Type(c.Type)})
	}
	out, err := csvfile.NewWriter(w, doc)
	if err != nil {
		return err
	}
	row, version := make([]table.Value, len(doc.Columns)), page.Version
	for {
		for _, values := range page.Rows {
			for i, v := range values {
				row[i] = Cell(v, doc.Columns[i].Type)
			}
			if err := out.Add(row); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return out.Close()
		}
		if page, err = Read(ctx, db, def, s, page.Next, AtOnce); err != nil {
			return err
		}
		if page.Version != version {
			return ErrNewVersion
		}
	}
}
