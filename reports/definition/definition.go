// Package definition holds what a report is: its columns, checks, views and SQL as the files of its folder say, what
// must hold of them, and the data dictionary made of them. Making versions of a report is left to package refresh.
package definition

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/inputs"
)

// Definition is what a folder says about one report. It is read-only once loaded.
type Definition struct {
	// Name is the folder's, and that of the report's table.
	Name  string `yaml:"-" json:"name"`
	Title string `yaml:"title" json:"title"`
	About string `yaml:"about" json:"about"`
	// Version is major.minor: dropping or retyping a column needs a higher major, anything else a higher minor.
	Version string `yaml:"version" json:"version"`
	// Hash is of all files of the folder: equal hashes compute the same.
	Hash string `yaml:"-" json:"hash"`
	// Row is what one row is: "school".
	Row string `yaml:"row" json:"row"`
	// Schema is reports, or restricted for a report with personal data: granted to no role, without a change log.
	Schema  string   `yaml:"schema" json:"schema"`
	Key     string   `yaml:"key" json:"key"`
	Order   []Order  `yaml:"order" json:"order"`
	Columns []Column `yaml:"columns" json:"columns"`
	Checks  []Check  `yaml:"checks" json:"checks"`
	// Views are small: they go into workbooks with the report. Lists may be long, or say other things of the same rows at
	// another time: they do not.
	Views []View `yaml:"views" json:"views"`
	Lists []View `yaml:"lists" json:"lists"`
	// Needs names the other reports that the views and lists read; their tables are made first.
	Needs []string `yaml:"needs" json:"needs,omitempty"`
	// Inputs are the synced sources that the SQL reads; AsOf is the one whose instant the report describes.
	Inputs []inputs.Input `yaml:"inputs" json:"inputs"`
	AsOf   inputs.Input   `yaml:"as_of" json:"as_of"`
	// Freshness is how old the data may be before people should worry.
	Freshness time.Duration `yaml:"freshness" json:"-"`
	// Protection is of the files of a report with personal data, [Unprotected] for any other; Retention how long such
	// files are kept at most, 0 for as long as any other file.
	Protection Protection    `yaml:"protection" json:"protection,omitempty"`
	Retention  time.Duration `yaml:"retention" json:"-"`
	Formats    []string      `yaml:"formats" json:"formats"`
	Settings   Settings      `yaml:"settings" json:"-"`
	// Leavers names the SQL that says why rows have left: (key, reason).
	Leavers string `yaml:"leavers" json:"-"`
	// Display is how pages and files show it.
	Display `yaml:",inline" json:"-"`
	// Shared is for YAML's anchors alone: columns that several views have.
	Shared map[string]map[string]ViewColumn `yaml:"shared" json:"-"`

	sql map[string]string // by file name
}

// Column is one column of a report.
type Column struct {
	Name  string `yaml:"name" json:"name"`
	Title string `yaml:"title" json:"title"` // heading in files and pages; unique in the report
	About string `yaml:"about" json:"about"`
	// Type is text, integer, decimal, boolean, date, timestamp or text[].
	Type     string   `yaml:"type" json:"type"`
	Unit     string   `yaml:"unit" json:"unit,omitempty"`
	Sources  []string `yaml:"sources" json:"sources"` // schema.table.column of what it is made from
	Personal bool     `yaml:"personal" json:"personal"`
	// Labels are the words for its values, in the order in which they are listed: text, text[] (of each item) and integer.
	Labels Labels `yaml:"labels" json:"labels,omitempty"`
	// Link is an address that a value leads to, once it is put at its end.
	Link string `yaml:"link" json:"link,omitempty"`
	// Person is how a personal column says whom a row is about, for erasing that person's rows; most do not.
	Person Person `yaml:"person" json:"person,omitempty"`
}

// Person is what of a person a column holds.
type Person string

// What columns hold of a person. A row with a subject is deleted with that person; a mention of somebody else in it is
// emptied.
const (
	Subject    Person = "subject"     // id of the user that the row is about
	Mention    Person = "mention"     // id of another user
	Email      Person = "email"       // the subject's
	ExternalID Person = "external_id" // the subject's, by which lead providers know a participant
)

// Protection is how files of a report are kept from those who must not see them.
type Protection string

// How files are protected. Encrypted ones are restricted too.
const (
	Unprotected Protection = ""
	Restricted  Protection = "restricted" // for those who may see personal data
	Encrypted   Protection = "encrypted"  // and never stored in clear
)

// Order is one term of the order of rows. Text is ordered by code point; Numeric text as numbers.
type Order struct {
	Column     string `yaml:"column" json:"column"`
	Numeric    bool   `yaml:"numeric" json:"numeric,omitempty"`
	Descending bool   `yaml:"descending" json:"descending,omitempty"`
}

// Settings are values that the report's SQL refers to as :'name', computed first: the columns of one row of text.
type Settings struct {
	SQL string `yaml:"sql"`
	// None is why a refresh is refused where there is no row, Hint what to do about it.
	None string `yaml:"none"`
	Hint string `yaml:"hint"`
}

// View is a view over the report that is made with it, in its schema.
type View struct {
	Name    string                `yaml:"name" json:"name"`
	Title   string                `yaml:"title" json:"title"`
	About   string                `yaml:"about" json:"about"`
	SQL     string                `yaml:"sql" json:"-"`
	Columns map[string]ViewColumn `yaml:"columns" json:"columns"` // by name
	// Keep is empty for a view. With "day" it is a table: what the SQL said after the last refresh of each day, beside
	// the day, version and as_of of that refresh.
	Keep string `yaml:"keep" json:"keep,omitempty"`
}

// keepDaily is the only value of [View].Keep.
const keepDaily = "day"

// columnTypes are PostgreSQL's types by ours.
var columnTypes = map[string]string{
	"text":      "text",
	"integer":   "integer",
	"decimal":   "numeric",
	"boolean":   "boolean",
	"date":      "date",
	"timestamp": "timestamp with time zone",
	"text[]":    "text[]",
}

const (
	// File is the name of the definition's own file, QueryFile that of the query beside it.
	File      = "definition.yml"
	QueryFile = "query.sql"
	// AsOfColumn holds the instant of the refresh that last changed the row; it takes no part in comparing rows.
	AsOfColumn = "as_of"
)

// SQLType is the column's type as PostgreSQL's format_type spells it.
func (c Column) SQLType() string { return columnTypes[c.Type] }

// SQL is the text of one of the folder's SQL files, "" if there is none of that name.
func (d *Definition) SQL(file string) string { return d.sql[file] }

// SQLFiles lists the names of the folder's SQL files.
func (d *Definition) SQLFiles() []string { return slices.Sorted(maps.Keys(d.sql)) }

// ComputedFrom lists the SQL files by which rows are computed, are checked and leave. Views may read other reports.
func (d *Definition) ComputedFrom() []string {
	files := []string{QueryFile}
	for _, file := range []string{d.Settings.SQL, d.Leavers} {
		if file != "" {
			files = append(files, file)
		}
	}
	for _, c := range d.Checks {
		if c.SQL != "" {
			files = append(files, c.SQL)
		}
	}
	return files
}

// Table is the report's table, changed only by a refresh.
func (d *Definition) Table() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name} }

// Changes is the table of what each refresh added, removed and changed.
func (d *Definition) Changes() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name + "_changes"} }

// AllViews are the views and then the lists.
func (d *Definition) AllViews() []View { return slices.Concat(d.Views, d.Lists) }

// At is the function of an instant that returns the report exactly as it was published then.
func (d *Definition) At() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name + "_at"} }

// AtVersion is the same of a version's number.
func (d *Definition) AtVersion() pgx.Identifier {
	return pgx.Identifier{d.Schema, d.Name + "_at_version"}
}

// RowType is the type of the rows of both: the report's columns and those that it once had.
func (d *Definition) RowType() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name + "_row"} }

// View is the view, or the table of a kept one.
func (d *Definition) View(v View) pgx.Identifier { return pgx.Identifier{d.Schema, v.Name} }

// Restricted says that the report may hold personal data.
func (d *Definition) Restricted() bool { return d.Schema == "restricted" }

// RequireHistory refuses what needs the change log of a report that has none, as Invalid.
func (d *Definition) RequireHistory() error {
	if d.Restricted() {
		return run.Invalid("", "report %s holds personal data: no history of it is kept", d.Name)
	}
	return nil
}

// Column finds a column by name.
func (d *Definition) Column(name string) (Column, bool) {
	for _, c := range d.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// ColumnsOf lists the columns that hold something of a person.
func (d *Definition) ColumnsOf(what Person) (names []string) {
	for _, c := range d.Columns {
		if c.Person == what {
			names = append(names, c.Name)
		}
	}
	return names
}

// OrderBy is the total order of the rows as SQL, without the words ORDER BY, for columns of the alias t ("" for none).
func (d *Definition) OrderBy(t string) string {
	terms := make([]string, len(d.Order))
	for i, o := range d.Order {
		terms[i] = d.orderTerm(o, t)
	}
	return strings.Join(terms, ", ")
}

func (d *Definition) orderTerm(o Order, alias string) string {
	name := pg.Ident(o.Column)
	if alias != "" {
		name = alias + "." + name
	}
	c, _ := d.Column(o.Column)
	switch {
	case o.Numeric:
		name = "(" + name + "::bigint)"
	case c.Type == "text":
		name += ` COLLATE "C"`
	}
	if o.Descending {
		name += " DESC"
	}
	return name
}

// orderOfKey orders what has a key and nothing else of a row, under the name d.key.
func (d *Definition) orderOfKey() string {
	for _, o := range d.Order {
		if o.Column == d.Key && o.Numeric {
			return "d.key::bigint"
		}
	}
	if c, _ := d.Column(d.Key); c.Type == "text" {
		return `d.key COLLATE "C"`
	}
	return "d.key"
}
