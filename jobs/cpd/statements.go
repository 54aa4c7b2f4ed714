package cpd

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

const (
	sourceSchema     = "public"
	schema           = "cpd"
	restrictedSchema = "restricted"
)

// name is a relation's.
type name struct{ schema, relation string }

func (n name) quoted() string { return pgx.Identifier{n.schema, n.relation}.Sanitize() }

// from is the service's table.
func (t Table) from() name { return name{sourceSchema, t.Name} }

// to is the view that shows the live copy.
func (t Table) to() name {
	if t.Restricted {
		return name{restrictedSchema, "cpd_" + t.Name}
	}
	return name{schema, t.Name}
}

// physical is the table that holds copy number n.
func (t Table) physical(n int64) name {
	to := t.to()
	return name{to.schema, fmt.Sprintf("%s_%d", to.relation, n)}
}

// String tells the copies apart: users, restricted.cpd_users.
func (t Table) String() string {
	if to := t.to(); t.Restricted {
		return to.schema + "." + to.relation
	}
	return t.Name
}

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

// copyOut asks the source for the columns, as binary as they are.
func (t Table) copyOut() string {
	var list []string
	for _, c := range t.Columns {
		list = append(list, pg.Ident(c.Name))
	}
	for _, c := range t.Computed {
		list = append(list, c.SQL)
	}
	return "COPY (SELECT " + strings.Join(list, ", ") + " FROM " + t.from().quoted() + ") TO STDOUT (FORMAT binary, ENCODING 'UTF8')"
}

// copyIn takes them. FREEZE, which is allowed because the table is made in the same transaction, writes the rows as if
// vacuumed: nothing is written again when they are first read.
func (t Table) copyIn(n int64) string {
	return "COPY " + t.physical(n).quoted() + " (" + columnNames(t.all()) + ") FROM STDIN (FORMAT binary, ENCODING 'UTF8', FREEZE)"
}

// create makes the table of copy n with the live view's columns: a newer program's migration may have added some.
func create(t Table, n int64, live []Column) string {
	list := make([]string, len(live))
	for i, c := range live {
		list[i] = pg.Ident(c.Name) + " " + c.Type
	}
	table := t.physical(n).quoted()
	create := "CREATE TABLE " + table + " (" + strings.Join(list, ", ") + ")"
	if t.Restricted {
		create += "; " + ownerOnly(table)
	}
	return create
}

// ownerOnly takes from the readers of restricted reports what the schema's default privileges give them of each new
// table: what the reports are made of has everybody in it.
func ownerOnly(table string) string {
	return `DO $$ BEGIN
		IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cpd_jobs_personal') THEN
			REVOKE ALL ON ` + table + ` FROM cpd_jobs_personal;
		END IF;
	END $$`
}

// repoint makes the view show copy n. The view stays the same object: what depends on it, and who may read it, stays.
func repoint(t Table, n int64, live []Column) string {
	return "CREATE OR REPLACE VIEW " + t.to().quoted() +
		" AS SELECT " + columnNames(live) + " FROM " + t.physical(n).quoted()
}

func columnNames(list []Column) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = pg.Ident(c.Name)
	}
	return strings.Join(names, ", ")
}
