package figures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

// Facet is a value that a column has, and in how many rows. Of a list every item is one; the value of empty cells is
// "".
type Facet struct {
	Value string
	Rows  int64
}

// Facets reads the values of columns, each in the order of its labels or by code point, empty ones last.
func Facets(ctx context.Context, db pg.Querier, def *definition.Definition, columns []string) (map[string][]Facet, error) {
	var parts []string
	for i, name := range columns {
		c, _ := def.Column(name)
		value := pg.Ident(name)
		if c.Type == "text[]" {
			value = fmt.Sprintf("unnest(CASE WHEN cardinality(%[1]s) > 0 THEN %[1]s ELSE ARRAY[''] END)", value)
		}
		parts = append(parts, fmt.Sprintf(`SELECT %d AS number, %s::text AS value, count(*) AS rows FROM %s GROUP BY 2`, i, value, def.Table().Sanitize()))
	}
	values := map[string][]Facet{}
	if len(parts) == 0 {
		return values, nil
	}
	found, _ := db.Query(ctx, "SELECT number, coalesce(value, ''), sum(rows)::bigint FROM ("+strings.Join(parts, " UNION ALL ")+") AS found GROUP BY 1, 2")
	var number int
	var f Facet
	_, err := pgx.ForEachRow(found, []any{&number, &f.Value, &f.Rows}, func() error {
		values[columns[number]] = append(values[columns[number]], f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the values of %s: %w", def.Name, err)
	}
	for name, list := range values {
		c, _ := def.Column(name)
		slices.SortFunc(list, func(a, b Facet) int {
			if (a.Value == "") != (b.Value == "") {
				return len(b.Value) - len(a.Value)
			}
			return c.Labels.Compare(a.Value, b.Value)
		})
	}
	return values, nil
}
