package cpd

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	sourceSchema = "public"
	schema       = "cpd"
)

// all are the columns of the copy, in order.
func (t Table) all() []Column {
	list := append([]Column(nil), t.Columns...)
	for _, c := range t.Computed {
		list = append(list, c.Column)
	}
	return list
}

// reads are the source's columns that the copy is made of.
func (t Table) reads() []Column {
	list := append([]Column(nil), t.Columns...)
	for _, c := range t.Computed {
		list = append(list, c.Reads...)
	}
	return list
}

// physical names the table that holds copy number n.
func (t Table) physical(n int64) string {
	return pgx.Identifier{schema, fmt.Sprintf("%s_%d", t.Name, n)}.Sanitize()
}

func (t Table) source() string { return pgx.Identifier{sourceSchema, t.Name}.Sanitize() }

// copyOut asks the source for the columns, as binary as they are.
func (t Table) copyOut() string {
	var list []string
	for _, c := range t.Columns {
		list = append(list, quote(c.Name))
	}
	for _, c := range t.Computed {
		list = append(list, c.SQL)
	}
	return "COPY (SELECT " + strings.Join(list, ", ") + " FROM " + t.source() + ") TO STDOUT (FORMAT binary, ENCODING 'UTF8')"
}

// copyIn takes them. FREEZE, which is allowed because the table is made in the same transaction, writes the rows as if
// vacuumed: nothing is written again when they are first read.
func (t Table) copyIn(n int64) string {
	return "COPY " + t.physical(n) + " (" + columnNames(t.all()) + ") FROM STDIN (FORMAT binary, ENCODING 'UTF8', FREEZE)"
}

// create makes the table of copy n with the live view's columns: a newer program's migration may have added some.
func create(t Table, n int64, live []Column) string {
	list := make([]string, len(live))
	for i, c := range live {
		list[i] = quote(c.Name) + " " + c.Type
	}
	return "CREATE TABLE " + t.physical(n) + " (" + strings.Join(list, ", ") + ")"
}

// repoint makes the view show copy n. The view stays the same object: what depends on it, and who may read it, stays.
func repoint(t Table, n int64, live []Column) string {
	return "CREATE OR REPLACE VIEW " + pgx.Identifier{schema, t.Name}.Sanitize() +
		" AS SELECT " + columnNames(live) + " FROM " + t.physical(n)
}

func columnNames(list []Column) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = quote(c.Name)
	}
	return strings.Join(names, ", ")
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
