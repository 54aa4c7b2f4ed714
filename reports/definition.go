package reports

import (
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
	// Schema is reports, or restricted for a report with personal data: granted to nobody, without a change log.
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
	// Protection is of the files of a report with personal data, [Unprotected] for any other; Retention how long such files are
	// kept at most, 0 for as long as any other file.
	Protection Protection    `yaml:"protection" json:"protection,omitempty"`
	Retention  time.Duration `yaml:"retention" json:"-"`
	Formats    []string      `yaml:"formats" json:"formats"`
	Settings   Settings      `yaml:"settings" json:"-"`
	// Leavers names the SQL that says why rows have left: (key, reason).
	Leavers string `yaml:"leavers" json:"-"`

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
	// Person is how a personal column says whom a row is about, for [Erase]; most do not.
	Person Person `yaml:"person" json:"person,omitempty"`
}

// Person is what of a person a column holds.
type Person string

// What columns hold of a person. A row with a subject is deleted with that person; a mention of somebody else in it is emptied.
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
	Name    string            `yaml:"name" json:"name"`
	Title   string            `yaml:"title" json:"title"`
	About   string            `yaml:"about" json:"about"`
	SQL     string            `yaml:"sql" json:"-"`
	Columns map[string]string `yaml:"columns" json:"columns"` // meaning by name
	// Keep is empty for a view. With "day" it is a table: what the SQL said after the last refresh of each day, beside
	// the day, version and as_of of that refresh.
	Keep string `yaml:"keep" json:"keep,omitempty"`
}

// keepDaily is the only value of [View].Keep.
const keepDaily = "day"

// columnTypes are PostgreSQL's types by ours, as format_type spells them.
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
	definitionFile = "definition.yml"
	queryFile      = "query.sql"
	stagingSchema  = "reports_staging"
	// asOfColumn holds the instant of the refresh that last changed the row; it takes no part in comparing rows.
	asOfColumn = "as_of"
)

// Table is the report's table, changed only by [Refresh].
func (d *Definition) Table() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name} }

// Changes is the table of what each refresh added, removed and changed.
func (d *Definition) Changes() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name + "_changes"} }

// AllViews are the views and then the lists.
func (d *Definition) AllViews() []View { return slices.Concat(d.Views, d.Lists) }

// At is the function of an instant that returns the report exactly as it was published then.
func (d *Definition) At() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name + "_at"} }

// atVersion is the same of a version's number, and rowType the type of what both return: the report's columns and those
// that it once had.
func (d *Definition) atVersion() pgx.Identifier {
	return pgx.Identifier{d.Schema, d.Name + "_at_version"}
}
func (d *Definition) rowType() pgx.Identifier { return pgx.Identifier{d.Schema, d.Name + "_row"} }

// Restricted says that the report may hold personal data.
func (d *Definition) Restricted() bool { return d.Schema == "restricted" }

// Column finds a column by name.
func (d *Definition) Column(name string) (Column, bool) {
	for _, c := range d.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
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
	name := pgx.Identifier{o.Column}.Sanitize()
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
