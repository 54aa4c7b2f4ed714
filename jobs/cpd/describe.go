package cpd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/inputs"
)

// relation is a table or view as a database has it.
type relation struct {
	columns []Column
	// file changes when the table is rewritten or truncated; 0 for a view.
	file int64
	// rows is the planner's guess.
	rows int64
}

func (r relation) column(name string) (Column, bool) {
	i := slices.IndexFunc(r.columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return r.columns[i], true
}

// describe reads the relations of a schema that the tables are copied from or to, by name.
func describe(ctx context.Context, db inputs.Querier, schema string, tables []Table) (map[string]relation, error) {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
	}
	rows, _ := db.Query(ctx, `
		SELECT c.relname, a.attname, format_type(a.atttypid, NULL), coalesce(pg_relation_filenode(c.oid), 0)::bigint,
			greatest(c.reltuples, 0)::bigint
		FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE n.nspname = $1 AND c.relname = ANY($2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		ORDER BY c.relname, a.attnum`, schema, names)
	found := map[string]relation{}
	var table string
	var c Column
	var r relation
	_, err := pgx.ForEachRow(rows, []any{&table, &c.Name, &c.Type, &r.file, &r.rows}, func() error {
		r.columns = append(found[table].columns, c)
		found[table] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the columns of schema %s: %w", schema, err)
	}
	return found, nil
}

// problems lists what the relations lack of the wanted columns, each by table and column.
func problems(tables []Table, found map[string]relation, wanted func(Table) []Column) []string {
	var list []string
	for _, t := range tables {
		r, ok := found[t.Name]
		if !ok {
			list = append(list, "no table "+t.Name)
			continue
		}
		for _, want := range wanted(t) {
			switch got, ok := r.column(want.Name); {
			case !ok:
				list = append(list, fmt.Sprintf("no column %s.%s", t.Name, want.Name))
			case got.Type != want.Type:
				list = append(list, fmt.Sprintf("%s.%s is %s, not %s", t.Name, want.Name, got.Type, want.Type))
			}
		}
	}
	return list
}

// newColumns lists columns of the source that are neither copied nor known to stay behind.
func newColumns(tables []Table, found map[string]relation) []string {
	var list []string
	for _, t := range tables {
		for _, c := range found[t.Name].columns {
			known := slices.Contains(t.Left, c.Name) ||
				slices.ContainsFunc(t.reads(), func(r Column) bool { return r.Name == c.Name })
			if !known {
				list = append(list, t.Name+"."+c.Name)
			}
		}
	}
	return list
}

// rewritten names the tables whose storage is another than it was.
func rewritten(before, after map[string]relation) []string {
	var list []string
	for name, r := range before {
		if after[name].file != r.file {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func join(list []string) string { return strings.Join(list, ", ") }
