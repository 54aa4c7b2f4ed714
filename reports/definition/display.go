package definition

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Display is what a definition declares of how pages and files show its report. Each part may be left out: then the
// pages leave it out too.
type Display struct {
	// Place is where the report stands in lists of reports, from 1; those without a place come after, by name.
	Place int `yaml:"place" json:"-"`
	// Heading is the column that names a row to people; the key, where there is none.
	Heading    string      `yaml:"heading" json:"-"`
	Search     Search      `yaml:"search" json:"-"`
	Explore    *Explore    `yaml:"explore" json:"-"`
	RowPage    RowPage     `yaml:"row_page" json:"-"`
	Groups     *Groups     `yaml:"groups" json:"-"`
	Funnel     *Funnel     `yaml:"funnel" json:"-"`
	Trend      *Trend      `yaml:"trend" json:"-"`
	Breakdowns []Breakdown `yaml:"breakdowns" json:"-"`
}

// Search says what a search looks at besides the beginning of the key.
type Search struct {
	// Label is what the field for it is called: "Name, URN or postcode".
	Label string `yaml:"label"`
	// Words are columns that have every word of the search somewhere.
	Words []string `yaml:"words"`
	// Starts are columns that begin with the search, spaces and case aside.
	Starts []string `yaml:"starts"`
}

// Explore says how people explore the rows: by which columns they filter, and which of them are listed.
type Explore struct {
	Filters []string `yaml:"filters"`
	// Columns are listed; the first of them leads to the row's own page.
	Columns []string `yaml:"columns"`
}

// RowPage is the page of one row.
type RowPage struct {
	// Address is what the key is put after: /schools. Where it is not given, the page is below the report's own.
	Address string `yaml:"address"`
	// Register says that the key is a URN, so that the page says too what the register of schools has of it.
	Register bool `yaml:"register"`
	// Absent says why a row may not be in the report: "it is not open".
	Absent string `yaml:"absent"`
}

// Groups are parts of the rows for which figures are shown. Views of figures have a row of each group.
type Groups struct {
	// Column names the group in views of figures, and in the report itself.
	Column string `yaml:"column"`
	// Values are the groups as links call them ("schools eligible for funding"). The first is of all rows.
	Values Labels `yaml:"values"`
}

// Funnel is how many rows are at each stage, and how many came so far or further. The stages are listed in the order of
// the labels of their column.
type Funnel struct {
	Title string `yaml:"title"`
	About string `yaml:"about"`
	View  string `yaml:"view"`
	// Columns of the view: Stage names the stage, as the report's column of that name does; Here counts the rows at it,
	// Reached those at it or further, and Share is theirs of all that can get anywhere. The last two are empty for a stage
	// that stands apart.
	Stage   string `yaml:"stage"`
	Here    string `yaml:"here"`
	Reached string `yaml:"reached"`
	Share   string `yaml:"share"`
}

// Trend is how counts went day by day.
type Trend struct {
	About string `yaml:"about"`
	// View is one of which something is kept of each day.
	View string `yaml:"view"`
	// Days is how far back it goes.
	Days int `yaml:"days"`
	// Lines are columns of the view, the largest count first.
	Lines []string `yaml:"lines"`
}

// Breakdown is one way in which the rows are divided, and the view that counts them.
type Breakdown struct {
	Name  string `yaml:"name"` // in addresses
	Title string `yaml:"title"`
	View  string `yaml:"view"`
	// Where are values of columns of the view that its rows must have; without any, all are taken.
	Where map[string]string `yaml:"where"`
	// Rows are columns that name what is counted; the first is what the rows are divided by.
	Rows []string `yaml:"rows"`
	// Figures are columns of counts and shares, in the order in which they are shown.
	Figures []string `yaml:"figures"`
	// Filter is the report's column by which the rows that were counted are found, "" where none does.
	Filter string `yaml:"filter"`
	// Empty is what the view has for rows that have nothing in that column.
	Empty string `yaml:"empty"`
}

// Label is a value of a column and the words for it.
type Label struct {
	Value string `json:"value"`
	Text  string `json:"text"`
}

// Labels are the words for values, in the order in which they are listed.
type Labels []Label

// UnmarshalYAML reads a mapping of values to words; its order is kept.
func (l *Labels) UnmarshalYAML(unmarshal func(any) error) error {
	var pairs yaml.MapSlice
	if err := unmarshal(&pairs); err != nil {
		return err
	}
	for _, p := range pairs {
		*l = append(*l, Label{Value: fmt.Sprint(p.Key), Text: fmt.Sprint(p.Value)})
	}
	return nil
}

// Text is the words for a value; a value without any speaks for itself.
func (l Labels) Text(value string) string {
	if at := l.place(value); at < len(l) {
		return l[at].Text
	}
	return value
}

// Compare orders values as they are listed: those that have words before others, which go by code point.
func (l Labels) Compare(a, b string) int {
	if d := l.place(a) - l.place(b); d != 0 {
		return d
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (l Labels) place(value string) int {
	if at := slices.IndexFunc(l, func(l Label) bool { return l.Value == value }); at >= 0 {
		return at
	}
	return len(l)
}

// ViewColumn is what a column of a view means.
type ViewColumn struct {
	Title string `yaml:"title"` // heading in files and pages; see [Definition.ViewTitle]
	About string `yaml:"about"`
	Unit  Unit   `yaml:"unit"`
}

// Unit is how a figure is written.
type Unit string

// Units of figures: as it is, or a share of 1 as a percentage.
const (
	Plain   Unit = ""
	Percent Unit = "percent"
)

// UnmarshalYAML takes the meaning alone too.
func (c *ViewColumn) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&c.About) == nil {
		return nil
	}
	type plain ViewColumn
	return unmarshal((*plain)(c))
}

// MarshalJSON writes the meaning.
func (c ViewColumn) MarshalJSON() ([]byte, error) { return json.Marshal(c.About) }

// FindView finds a view or list by name.
func (d *Definition) FindView(name string) (View, bool) {
	for _, v := range d.AllViews() {
		if v.Name == name {
			return v, true
		}
	}
	return View{}, false
}

// ViewTitle is the heading of a column of a view: its own, that of the report's column of the same name, or the name in
// words.
func (d *Definition) ViewTitle(v View, column string) string {
	if title := v.Columns[column].Title; title != "" {
		return title
	}
	if c, ok := d.Column(column); ok {
		return c.Title
	}
	return Sentence(column)
}

// HeadingColumn is the column that names a row to people.
func (d *Definition) HeadingColumn() string {
	if d.Heading != "" {
		return d.Heading
	}
	return d.Key
}

// Sentence is a name in words: "tutor_signed_in" to "Tutor signed in".
func Sentence(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}
