package web

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
	"cpd-jobs/web/rows"
)

// facets are the values that columns of a report have, in order, rows.None last where some cells are empty.
func (s *site) facets(ctx context.Context, def *definition.Definition, columns []string) (map[string][]string, error) {
	return remember(ctx, s, def, "facets", func(ctx context.Context) (map[string][]string, error) {
		return s.readFacets(ctx, def, columns)
	})
}

func (s *site) readFacets(ctx context.Context, def *definition.Definition, columns []string) (map[string][]string, error) {
	var parts []string
	for i, name := range columns {
		c, _ := def.Column(name)
		value := pgx.Identifier{name}.Sanitize()
		if table.Type(c.Type) == table.List {
			value = fmt.Sprintf("unnest(CASE WHEN cardinality(%[1]s) > 0 THEN %[1]s ELSE ARRAY[NULL] END)", value)
		}
		parts = append(parts, fmt.Sprintf(`SELECT %d AS number, nullif(%s::text, '') AS value FROM %s GROUP BY 2`, i, value, def.Table().Sanitize()))
	}
	sql := `SELECT number, value FROM (` + strings.Join(parts, " UNION ALL ") + `) AS found GROUP BY number, value ORDER BY number, value COLLATE "C" NULLS LAST`
	found, _ := s.DB.Query(ctx, sql)
	values := map[string][]string{}
	var number int
	var value *string
	_, err := pgx.ForEachRow(found, []any{&number, &value}, func() error {
		text := rows.None
		if value != nil {
			text = *value
		}
		values[columns[number]] = append(values[columns[number]], text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the values of %s: %w", def.Name, err)
	}
	return values, nil
}
