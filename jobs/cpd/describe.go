package cpd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// relation is a table or view as a database has it.
type relation struct {
	columns []Column
	// file changes when the table is rewritten or truncated; 0 for a view.
	file int64
	// rows is the planner's guess.
	rows int64
	// closed are the columns that we may not read.
	closed []string
}

func (r relation) column(name string) (Column, bool) {
	i := slices.IndexFunc(r.columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return r.columns[i], true
}

// side is one end of the copy: its relations and which of their columns are needed.
type side struct {
	relation func(Table) name
	columns  func(Table) []Column
}

var (
	sourceSide = side{Table.from, Table.reads}
	copySide   = side{Table.to, Table.all}
)

// names are the relations of that side, each once, in parallel lists of schemas and names.
func (s side) names(tables []Table) (schemas, relations []string) {
	seen := map[name]bool{}
	for _, t := range tables {
		if n := s.relation(t); !seen[n] {
			seen[n] = true
			schemas, relations = append(schemas, n.schema), append(relations, n.relation)
		}
	}
	return schemas, relations
}

// describe reads what one side looks like.
func (s side) describe(ctx context.Context, db pg.Querier, tables []Table) (map[name]relation, error) {
	schemas, relations := s.names(tables)
	rows, _ := db.Query(ctx, `
		SELECT n.nspname, c.relname, a.attname,
			CASE t.typnamespace WHEN 'pg_catalog'::regnamespace THEN format_type(t.oid, NULL) ELSE t.typname END, coalesce(pg_relation_filenode(c.oid), 0)::bigint,
			greatest(c.reltuples, 0)::bigint, has_column_privilege(c.oid, a.attnum, 'SELECT')
		FROM unnest($1::text[], $2::text[]) AS wanted (schema, relation)
		JOIN pg_namespace AS n ON n.nspname = wanted.schema
		JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.relation
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_type AS t ON t.oid = a.atttypid
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
		ORDER BY n.nspname, c.relname, a.attnum`, schemas, relations)
	found := map[name]relation{}
	var table name
	var c Column
	var r relation
	var open bool
	_, err := pgx.ForEachRow(rows, []any{&table.schema, &table.relation, &c.Name, &c.Type, &r.file, &r.rows, &open}, func() error {
		r.columns, r.closed = append(found[table].columns, c), found[table].closed
		if !open {
			r.closed = append(r.closed, c.Name)
		}
		found[table] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the columns of schema %s: %w", schemas[0], err)
	}
	return found, nil
}

// problems lists what that side lacks of the needed columns, each by table and column, once.
func (s side) problems(tables []Table, found map[name]relation) []string {
	var list []string
	tell := func(problem string) {
		if problem != "" && !slices.Contains(list, problem) {
			list = append(list, problem)
		}
	}
	for _, t := range tables {
		n := s.relation(t)
		r, ok := found[n]
		if !ok {
			tell("no table " + n.relation)
			continue
		}
		for _, want := range s.columns(t) {
			tell(r.lacks(n.relation, want))
		}
	}
	return list
}

// lacks says what is wrong with one column, or nothing.
func (r relation) lacks(table string, want Column) string {
	switch got, ok := r.column(want.Name); {
	case !ok:
		return fmt.Sprintf("no column %s.%s", table, want.Name)
	case !want.fits(got.Type):
		return fmt.Sprintf("%s.%s is %s, not %s", table, want.Name, got.Type, want.Type)
	}
	return ""
}

// unreadable lists the columns of the source that are needed and not ours to read.
func unreadable(tables []Table, found map[name]relation) []string {
	var list []string
	for _, t := range tables {
		for _, c := range t.reads() {
			column := t.Name + "." + c.Name
			if slices.Contains(found[t.from()].closed, c.Name) && !slices.Contains(list, column) {
				list = append(list, column)
			}
		}
	}
	return list
}

// newColumns lists columns of the source that are neither copied nor known to stay behind.
func newColumns(tables []Table, found map[name]relation) []string {
	known := map[string]bool{}
	for _, t := range tables {
		for _, column := range t.Left {
			known[t.Name+"."+column] = true
		}
		for _, column := range t.reads() {
			known[t.Name+"."+column.Name] = true
		}
	}
	var list []string
	for n, r := range found {
		for _, c := range r.columns {
			if column := n.relation + "." + c.Name; !known[column] {
				list = append(list, column)
			}
		}
	}
	slices.Sort(list)
	return list
}

// rewritten names the tables whose storage is another than it was.
func rewritten(before, after map[name]relation) []string {
	var list []string
	for n, r := range before {
		if after[n].file != r.file {
			list = append(list, n.relation)
		}
	}
	slices.Sort(list)
	return list
}

func join(list []string) string { return strings.Join(list, ", ") }
