// Package table is what a report's file holds, whatever its format: what it says of itself, columns and typed values,
// and the checksum by which a file that was read back is compared with what was written. It knows neither the
// database nor any format.
package table

import (
	"strings"
	"time"
)

// Type is what the values of a column are. The names are those of report definitions.
type Type string

const (
	Text      Type = "text"
	Integer   Type = "integer"
	Decimal   Type = "decimal"
	Boolean   Type = "boolean"
	Timestamp Type = "timestamp"
	Date      Type = "date"
	List      Type = "text[]" // shown as one text, "; " between its items
)

// ListSeparator stands between the items of a list.
const ListSeparator = "; "

// Known says that t is one of the types above.
func (t Type) Known() bool {
	switch t {
	case Text, Integer, Decimal, Boolean, Timestamp, Date, List:
		return true
	}
	return false
}

// Words says what t is to a reader.
func (t Type) Words() string {
	switch t {
	case Integer:
		return "Whole number"
	case Decimal:
		return "Number"
	case Boolean:
		return "True or false"
	case Timestamp:
		return "Date and time (UTC)"
	case Date:
		return "Date"
	case List:
		return "Text: a list with semicolons"
	default:
		return "Text"
	}
}

// Column describes the values that stand below each other.
type Column struct {
	Name   string // as in the database: school_type_name
	Title  string // as people read it: School type
	About  string // what a value means, and what it means that there is none
	Source string // where it comes from
	Type   Type
	// Link, where there is one, is an address to which the value is added: a value then leads to the page about it.
	Link string
}

// Heading is the title, which for times says that they are in UTC.
func (c Column) Heading() string {
	title := c.Title
	if title == "" {
		title = c.Name
	}
	if c.Type == Timestamp && !strings.Contains(title, "UTC") {
		return title + " (UTC)"
	}
	return title
}

// Line is one line that a file says of itself.
type Line struct {
	Text string
	Link string // where there is one, Text leads there
}

// Section is some lines under a heading.
type Section struct {
	Heading string
	Lines   []Line
}

// Document is what a file says of itself. Nothing in it may depend on when or by whom the file was made: files of the
// same data are the same to the byte.
type Document struct {
	Name      string // school_onboarding: names the table
	Title     string // School onboarding
	About     string
	Row       string // what a row is: school
	Publisher string
	Source    string // one line on where the data come from
	Licence   Line
	// AsAt is the moment that the data describe; Made is when they were published.
	AsAt, Made time.Time
	Cover      []Section
	Notes      []string
	Columns    []Column
	Key        []string // names of the columns that tell rows apart
	Layout     Layout
	// Facts are what programs may want to know of the data, for formats that can hold it apart from the values.
	Facts []Fact
}

// Fact is a name and a value: version, 17.
type Fact struct{ Name, Value string }

// Layout is what people may choose about how a file is written. Its zero value is what the guidance on accessible
// spreadsheets advises, with charts on a sheet of their own, which it does not forbid.
type Layout struct {
	NoCharts bool `json:"no_charts,omitempty"`
	// FreezePanes keeps the headings in view, and FilterButtons puts a button on each: handy, and in the way of some
	// assistive technology.
	FreezePanes   bool `json:"freeze_panes,omitempty"`
	FilterButtons bool `json:"filter_buttons,omitempty"`
	// Raw is for programs: CSV without the apostrophes that keep spreadsheet programs from running a text as a formula.
	Raw bool `json:"raw,omitempty"`
}

// Summary is a small table that goes with the report.
type Summary struct {
	Name    string // school_onboarding_funnel
	Sheet   string // Funnel
	Title   string
	About   string
	Columns []Column
	Rows    [][]Value
	Charts  []Chart
}

// Chart draws a column of numbers of a summary against a column that names them.
type Chart struct {
	Title string
	Alt   string // what the chart shows, for those who cannot see it
	// Label and Value are the columns' indexes, First and Last those of the rows that are drawn.
	Label, Value, First, Last int
	// Line joins the values, which follow each other in time; bars stand beside each other.
	Line bool
}

// ColumnLetters are those that spreadsheets give the n-th column, from 1: A, Z, AA.
func ColumnLetters(n int) string {
	var name string
	for ; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
