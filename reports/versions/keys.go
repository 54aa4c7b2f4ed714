package versions

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
)

// KeysOf lists the keys of the rows that are of a school, or once were as far as that is kept: its URN, in a report of
// one row a school.
func KeysOf(ctx context.Context, db pg.Querier, d *definition.Definition, urn string) ([]string, error) {
	if d.Key == urnColumn {
		return []string{urn}, nil
	}
	if err := d.RequireHistory(); err != nil {
		return nil, err
	}
	of := slices.IndexFunc(d.Columns, func(c definition.Column) bool { return c.Name == urnColumn || c.Name == "school_"+urnColumn })
	if of < 0 {
		return nil, run.Invalid("say the row by its "+d.Key+" with --key", "report %s does not say which school a %s is of", d.Name, d.Row)
	}
	column := d.Columns[of].Name
	rows, _ := db.Query(ctx, fmt.Sprintf(`
		SELECT l.%[1]s::text AS key FROM %[2]s l WHERE l.%[3]s = $1
		UNION
		SELECT c.%[1]s::text FROM %[4]s c
		WHERE c.action = 'removed' AND c.old ->> %[5]s = $1 OR c.column_name = %[5]s AND c.old #>> '{}' = $1
		ORDER BY 1`, pg.Ident(d.Key), d.Table().Sanitize(), pg.Ident(column), d.Changes().Sanitize(), pg.Literal(column)), urn)
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find the rows of school %s in %s: %w", urn, d.Name, err)
	}
	return keys, nil
}

// urnColumn names a school wherever a report has it.
const urnColumn = "urn"
