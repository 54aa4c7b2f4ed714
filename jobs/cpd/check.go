package cpd

import (
	"context"
	"time"
)

// Checked is what a look at the CPD database found.
type Checked struct {
	// AsOf is the source's clock.
	AsOf    time.Time `json:"as_of"`
	Replica *Replica  `json:"replica,omitempty"`
	// Problems are missing or retyped columns, and those that we may not read: a sync would refuse.
	Problems []string `json:"problems"`
	// NewColumns are columns that are neither copied nor known to stay behind.
	NewColumns []string `json:"new_columns"`
	// Rows are the source's own estimates by table.
	Rows map[string]int64 `json:"rows"`
}

// Check looks at the source without copying anything. It fails where the source cannot be reached or read.
func Check(ctx context.Context, sourceURL string) (Checked, error) {
	src, err := openSource(ctx, Deps{SourceURL: sourceURL, Workers: 1})
	if err != nil {
		return Checked{}, err
	}
	defer src.close()
	tables := Tables()
	found, err := src.describe(ctx, tables)
	if err != nil {
		return Checked{}, err
	}
	snap, err := src.begin(ctx)
	if err != nil {
		return Checked{}, err
	}
	defer snap.end(ctx)
	checked := Checked{
		AsOf: snap.AsOf, Replica: snap.Replica, Rows: map[string]int64{},
		Problems: sourceSide.problems(tables, found), NewColumns: newColumns(tables, found),
	}
	for _, column := range unreadable(tables, found) {
		checked.Problems = append(checked.Problems, "no right to read "+column)
	}
	for n, r := range found {
		checked.Rows[n.relation] = r.rows
	}
	return checked, nil
}
