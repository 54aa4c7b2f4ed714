package profile

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/inputs"
)

// Save keeps the profiles of a version of an input, in the transaction that publishes it.
func Save(ctx context.Context, tx pgx.Tx, input inputs.Input, version int64, list []Column) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"reports", "source_profiles"},
		[]string{"input", "version", "part", "column_name", "rows", "filled", "unreadable", "distinct_values", "shortest", "longest",
			"smallest", "largest", "frequent", "forms", "position"},
		pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
			c := list[i]
			return []any{input, version, c.Part, c.Name, c.Rows, c.Filled, c.Unreadable, c.Distinct, c.Shortest, c.Longest,
				c.Smallest, c.Largest, c.Frequent, c.Forms, i}, nil
		}))
	if err != nil {
		return fmt.Errorf("keep the profile of version %d of %s: %w", version, input, err)
	}
	return nil
}

// Kept is the profile of a column in one version.
type Kept struct {
	Version int64 `json:"version"`
	Column
}

// Filter narrows [List]. Its zero value is all columns of the live version.
type Filter struct {
	Column   string // with its table, table.column, or without
	Versions int    // the newest ones that have a profile; 1 if 0
}

// List reads the profiles of an input, newest version first, in the order of its columns.
func List(ctx context.Context, db pg.Querier, input inputs.Input, f Filter) ([]Kept, error) {
	rows, _ := db.Query(ctx, `
		SELECT version, part, column_name, rows, filled, unreadable, distinct_values, shortest, longest, smallest, largest, frequent, forms
		FROM reports.source_profiles
		WHERE input = $1 AND ($2 = '' OR $2 IN (column_name, part || '.' || column_name)) AND version IN (
			SELECT DISTINCT version FROM reports.source_profiles WHERE input = $1 ORDER BY version DESC LIMIT $3)
		ORDER BY version DESC, position`, input, f.Column, max(f.Versions, 1))
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Kept])
	if err != nil {
		return nil, fmt.Errorf("read the profiles of %s: %w", input, err)
	}
	return list, nil
}

// Latest are the newest profiles of an input's columns by part and column: parts that a version left as they were keep
// those of the version before.
func Latest(ctx context.Context, db pg.Querier, input inputs.Input) (map[[2]string]Column, error) {
	rows, _ := db.Query(ctx, `
		SELECT DISTINCT ON (part, column_name) version, part, column_name, rows, filled, unreadable, distinct_values, shortest, longest,
			smallest, largest, frequent, forms
		FROM reports.source_profiles WHERE input = $1 ORDER BY part, column_name, version DESC`, input)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Kept])
	if err != nil {
		return nil, fmt.Errorf("read the latest profiles of %s: %w", input, err)
	}
	latest := make(map[[2]string]Column, len(list))
	for _, k := range list {
		latest[[2]string{k.Part, k.Name}] = k.Column
	}
	return latest, nil
}
