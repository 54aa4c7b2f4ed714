package rows

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

// Parameters of an address that are not columns.
const (
	ParamSearch  = "q"
	ParamSort    = "sort" // a column; with a hyphen in front the other way round
	ParamColumns = "columns"
	ParamAfter   = "after"
)

// Limits on what an address may ask for: more is no question that a person has, and would cost the database time.
const (
	maxValues = 100
	maxSearch = 100
	maxWords  = 8
)

// Parse reads a selection from an address: column=value, several times for any of several values, column.not, .from and
// .to; q, sort and columns. A value of "" asks for nothing. Parameters that others name are for them to read; any other is
// refused. Errors are of class Invalid.
func Parse(def *definition.Definition, q url.Values, others ...string) (Selection, error) {
	var s Selection
	for _, name := range slices.Sorted(maps.Keys(q)) {
		values := slices.DeleteFunc(slices.Clone(q[name]), func(v string) bool { return strings.TrimSpace(v) == "" })
		if slices.Contains(others, name) || len(values) == 0 {
			continue
		}
		if err := s.take(def, name, values); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Selection) take(def *definition.Definition, name string, values []string) error {
	for _, v := range values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return run.Invalid("", "%s: this is no text", shown(name))
		}
	}
	switch name {
	case ParamSearch:
		return s.takeSearch(values[0])
	case ParamSort:
		s.Sort, s.Down = strings.CutPrefix(values[0], "-")
		_, err := columnOf(def, "sort", s.Sort)
		return err
	case ParamColumns:
		return s.takeColumns(def, values)
	default:
		return s.takeCondition(def, name, values)
	}
}

func (s *Selection) takeSearch(text string) error {
	s.Search = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(s.Search) > maxSearch || strings.Count(s.Search, " ") >= maxWords {
		return run.Invalid("", "search for at most %d words and %d characters", maxWords, maxSearch)
	}
	return nil
}

func (s *Selection) takeColumns(def *definition.Definition, values []string) error {
	for _, list := range values {
		for name := range strings.SplitSeq(list, ",") {
			c, err := columnOf(def, "columns", strings.TrimSpace(name))
			if err != nil {
				return err
			}
			if slices.Contains(s.Columns, c.Name) {
				return run.Invalid("", "columns: %s is there twice", c.Name)
			}
			s.Columns = append(s.Columns, c.Name)
		}
	}
	return nil
}

func (s *Selection) takeCondition(def *definition.Definition, name string, values []string) error {
	column, op, _ := strings.Cut(name, ".")
	c, err := columnOf(def, "", column)
	if err != nil {
		return err
	}
	condition := Condition{Column: c.Name, Op: Op(op), Values: values}
	if err := condition.check(c); err != nil {
		return err
	}
	s.Where = append(s.Where, condition)
	return nil
}

func (c Condition) check(column definition.Column) error {
	kind := table.Type(column.Type)
	switch c.Op {
	case Is, Not:
		if len(c.Values) > maxValues {
			return run.Invalid("", "%s: give at most %d values", c.Column, maxValues)
		}
	case From, To:
		if len(c.Values) != 1 || c.Values[0] == None || kind == table.List || kind == table.Boolean {
			return run.Invalid("", "%s.%s: give one value of a column that has an order", c.Column, c.Op)
		}
	default:
		return run.Invalid("there are not, from and to", "%s: no comparison is called %s", c.Column, shown(string(c.Op)))
	}
	for _, v := range c.Values {
		if v == None {
			continue
		}
		if _, err := table.ParseStrict(v, kind); err != nil {
			return run.Invalid("", "%s: %w", c.Column, err)
		}
		if kind == table.Integer && len(v) > 18 {
			return run.Invalid("", "%s: %s is too large a number", c.Column, shown(v))
		}
	}
	return nil
}

// columnOf finds a column; the error names the nearest.
func columnOf(def *definition.Definition, parameter, name string) (definition.Column, error) {
	if c, ok := def.Column(name); ok {
		return c, nil
	}
	names := make([]string, len(def.Columns))
	for i, c := range def.Columns {
		names[i] = c.Name
	}
	hint := "the report's definition names the columns"
	if near := run.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	if parameter != "" {
		parameter += ": "
	}
	return definition.Column{}, run.Invalid(hint, "%s%s is no column of this report", parameter, shown(name))
}

// shown is what somebody wrote, short enough to be shown.
func shown(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:40]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// Values is the selection as an address has it: Parse gives the same.
func (s Selection) Values() url.Values {
	q := url.Values{}
	for _, c := range s.Where {
		name := c.Column
		if c.Op != Is {
			name += "." + string(c.Op)
		}
		q[name] = append(q[name], c.Values...)
	}
	if s.Search != "" {
		q.Set(ParamSearch, s.Search)
	}
	if s.Sort != "" {
		q.Set(ParamSort, map[bool]string{true: "-"}[s.Down]+s.Sort)
	}
	if len(s.Columns) > 0 {
		q.Set(ParamColumns, strings.Join(s.Columns, ","))
	}
	return q
}

// Value is what the selection asks of a column, "" where nothing or more than one value.
func (s Selection) Value(column string) string {
	for _, c := range s.Where {
		if c.Column == column && c.Op == Is && len(c.Values) == 1 {
			return c.Values[0]
		}
	}
	return ""
}

// Equal gives the selection's conditions as equal values by column, which is what exports know, beside a search; false where
// there is more than that.
func (s Selection) Equal() (map[string]string, bool) {
	where := map[string]string{}
	for _, c := range s.Where {
		if c.Op != Is || len(c.Values) != 1 {
			return nil, false
		}
		if where[c.Column] = c.Values[0]; c.Values[0] == None {
			where[c.Column] = ""
		}
	}
	return where, true
}
