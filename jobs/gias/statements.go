package gias

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"cpd-jobs/jobs/gias/format"
)

//go:embed sql
var files embed.FS

// statements are the SQL of both parts: what differs between them is the list of columns, which extract alone knows.
// Only names and headings from its tables are put in; what comes out of a file travels by COPY or as a parameter.
var statements = template.Must(template.New("").Funcs(template.FuncMap{
	"quote": func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" },
	"shown": shownAs,
}).ParseFS(files, "sql/*.sql"))

// shownAs writes a column's value as the register does, for the change log.
func shownAs(alias string, c format.Column) string {
	switch c.Form {
	case format.Date:
		return fmt.Sprintf("to_char(%s.%s, 'DD-MM-YYYY')", alias, c.Name)
	case format.Number:
		return fmt.Sprintf("%s.%s::text", alias, c.Name)
	default:
		return alias + "." + c.Name
	}
}

// sql fills in one of the statements for the part. It panics only where a template names what is not there.
func (p *part) sql(name string) string {
	var b strings.Builder
	if err := statements.ExecuteTemplate(&b, name, p); err != nil {
		panic(err)
	}
	return b.String()
}

// Part names the tables: gias.establishments or gias.links, and the temporary ones.
func (p *part) Part() string { return p.table.Part }

// Kept says that rows which go are marked and stay. Links are deleted: they are statements, not things.
func (p *part) Kept() bool { return p.table == &format.Establishments }

// AllNew says that nothing was here before: there is nothing to compare with, and no change to tell.
func (p *part) AllNew() bool { return p.live == 0 }

// Large says that so much is new that the planner must be told.
func (p *part) Large() bool { return p.summary.Added*10 > p.live }

// Present are the columns that the file has, Changing those of them that are no key.
func (p *part) Present() []format.Column {
	columns := make([]format.Column, len(p.layout.Present))
	for i, at := range p.layout.Present {
		columns[i] = p.table.Columns[at]
	}
	return columns
}

func (p *part) Changing() []format.Column {
	var columns []format.Column
	for _, at := range p.layout.Present {
		if at >= p.table.Keys {
			columns = append(columns, p.table.Columns[at])
		}
	}
	return columns
}

// Unreadable are the changing columns of which a value may be left out, with their bits in a row's unread.
func (p *part) Unreadable() []bitColumn {
	var columns []bitColumn
	for _, at := range p.layout.Present {
		if c := p.table.Columns[at]; at >= p.table.Keys && !c.Required {
			columns = append(columns, bitColumn{c.Name, at})
		}
	}
	return columns
}

type bitColumn struct {
	Name string
	Bit  int
}

func (p *part) keys() []format.Column { return p.table.Columns[:p.table.Keys] }

// Names lists the present columns, Keys the key; NamesOf and KeysOf with an alias.
func (p *part) Names() string               { return list("", p.Present()) }
func (p *part) NamesOf(alias string) string { return list(alias+".", p.Present()) }
func (p *part) Keys() string                { return list("", p.keys()) }
func (p *part) KeysOf(alias string) string  { return list(alias+".", p.keys()) }

// EitherKeys takes the key from a, or from b where a has no row.
func (p *part) EitherKeys(a, b string) string {
	var names []string
	for _, c := range p.keys() {
		names = append(names, fmt.Sprintf("coalesce(%s.%s, %s.%s) AS %s", a, c.Name, b, c.Name, c.Name))
	}
	return strings.Join(names, ", ")
}

// SameKeys joins two aliases.
func (p *part) SameKeys(a, b string) string {
	var on []string
	for _, c := range p.keys() {
		on = append(on, fmt.Sprintf("%s.%s = %s.%s", a, c.Name, b, c.Name))
	}
	return strings.Join(on, " AND ")
}

func list(prefix string, columns []format.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = prefix + c.Name
	}
	return strings.Join(names, ", ")
}
