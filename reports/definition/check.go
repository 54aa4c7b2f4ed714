package definition

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/inputs"
)

// Check is something that must hold of the rows before they are published. Exactly one of the fields from Bad on says
// what. That the key is unique and not null need not be said.
type Check struct {
	Name string `yaml:"name" json:"name"`
	// Level is error (the last good report stays) or warn (published, and shown).
	Level string `yaml:"level" json:"level"`
	About string `yaml:"about" json:"about"`
	// Allow is the share of offending rows up to which an error is only a warning and a warning nothing.
	Allow Share `yaml:"allow" json:"allow,omitempty"`

	// Bad is an SQL condition on the columns of one row, true for a row that offends.
	Bad string `yaml:"bad" json:"bad,omitempty"`
	// Column's values, as text, must be among Accepted; nulls only if it is not Required.
	Column   string   `yaml:"column" json:"column,omitempty"`
	Accepted []string `yaml:"accepted" json:"accepted,omitempty"`
	Required bool     `yaml:"required" json:"required,omitempty"`
	// NotNull columns have a value in every row.
	NotNull []string `yaml:"not_null" json:"not_null,omitempty"`
	// Unique columns have no two rows with the same values; one that is null is like no other.
	Unique []string `yaml:"unique" json:"unique,omitempty"`
	// Relation says where the values of a column must be found.
	Relation *Relation `yaml:"relation" json:"relation,omitempty"`
	// SQL is a file: it returns what offends, one row each, its first column the key. It may read the synced tables, and
	// the computed rows as :"staged".
	SQL string `yaml:"sql" json:"sql,omitempty"`
	// Fall is how far the number of rows may fall from the last refresh: it offends beyond both the share and the rows.
	Fall *Fall `yaml:"fall" json:"fall,omitempty"`
	// Least is the least number of rows.
	Least int64 `yaml:"least" json:"least,omitempty"`
	// Fresh is how far another input's instant may lie behind the report's. One that was never synced does not offend.
	Fresh *Fresh `yaml:"fresh" json:"fresh,omitempty"`
}

// Relation is a column of the report whose values, where it has any, are among those of a synced column.
type Relation struct {
	Column string `yaml:"column" json:"column"`
	In     string `yaml:"in" json:"in"` // schema.table.column
}

// Fall bounds how far a number of rows may fall.
type Fall struct {
	Share Share `yaml:"share" json:"share"`
	Rows  int64 `yaml:"rows" json:"rows"`
}

// Fresh bounds the age of an input.
type Fresh struct {
	Input  inputs.Input  `yaml:"input" json:"input"`
	Within time.Duration `yaml:"within" json:"within"`
}

// Share is a part of a whole, 0 to 1, written "2%".
type Share float64

// UnmarshalYAML reads a percentage.
func (s *Share) UnmarshalYAML(text []byte) error {
	number, found := strings.CutSuffix(strings.Trim(strings.TrimSpace(string(text)), `"'`), "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !found || err != nil || percent < 0 || percent > 100 {
		return fmt.Errorf("%s is no percentage from 0%% to 100%%", text)
	}
	*s = Share(percent / 100)
	return nil
}

// KeyCheck is the name of the check that every report has.
const KeyCheck = "key_unique"

// KeyCheck says of every report that its key names one row.
func (d *Definition) KeyCheck() Check {
	return Check{Name: KeyCheck, Level: LevelError, About: "Every " + d.Row + " has a " + d.Key + ", and is there once."}
}

// Levels of a check.
const (
	LevelError = "error"
	LevelWarn  = "warn"
)

// kinds counts the ways in which the check says what must hold.
func (c Check) kinds() int {
	n := 0
	for _, set := range []bool{
		c.Bad != "", c.Column != "", len(c.NotNull) > 0, len(c.Unique) > 0, c.Relation != nil,
		c.SQL != "", c.Fall != nil, c.Least > 0, c.Fresh != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// Condition is the SQL that is true for a row that offends, "" for a check that is not about single rows.
func (c Check) Condition() string {
	switch {
	case c.Bad != "":
		return c.Bad
	case c.Column != "":
		return c.notAccepted()
	case len(c.NotNull) > 0:
		terms := make([]string, len(c.NotNull))
		for i, name := range c.NotNull {
			terms[i] = pg.Ident(name) + " IS NULL"
		}
		return strings.Join(terms, " OR ")
	default:
		return ""
	}
}

// Concerned are the key and the columns that the check's condition mentions, quoted.
func (d *Definition) Concerned(c Check) []string {
	columns := []string{pg.Ident(d.Key)}
	for _, col := range d.Columns {
		if col.Name != d.Key && regexp.MustCompile(`\b`+col.Name+`\b`).MatchString(c.Condition()) {
			columns = append(columns, pg.Ident(col.Name))
		}
	}
	return columns
}

func (c Check) notAccepted() string {
	values := make([]string, len(c.Accepted))
	for i, v := range c.Accepted {
		values[i] = pg.Literal(v)
	}
	condition := fmt.Sprintf("%s::text NOT IN (%s)", pg.Ident(c.Column), strings.Join(values, ", "))
	if c.Required {
		condition = pg.Ident(c.Column) + " IS NULL OR " + condition
	}
	return condition
}
