// Package selection is a part of a report: which rows, which columns, in which order. It reads one from an address,
// from a job's arguments or from flags, checks it against the report's definition, says it in words and reads its rows:
// page by page, or as the statement of a file. Names of columns are those of the definition and values are always
// parameters, so nothing that a visitor writes becomes SQL.
package selection

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

// Selection is a part of a report. Its zero value is all of it, in its own order.
type Selection struct {
	Where   Where    `json:"where,omitempty"`   // all conditions hold
	Search  string   `json:"search,omitempty"`  // words of a name, or the beginning of a postcode or key
	Columns []string `json:"columns,omitempty"` // empty: all
	Sort    string   `json:"sort,omitempty"`    // a column; with a hyphen in front the other way round; "" is the report's own order
}

// Where are conditions. The name of one is a column's, alone or with a comparison after a dot: contacts.from. Of a list
// (text[]) each item is compared.
type Where map[string]Values

// Values are what a condition compares with: equal to any of them, with .not to none; .from (at least) and .to (at
// most) have one. "" is an empty cell. In JSON a single one is a text, several are a list; numbers, true, false and
// null (an empty cell) are read too.
type Values []string

// Comparisons of a condition beside being equal.
const (
	not  = "not"
	from = "from"
	to   = "to"
)

// None stands for an empty cell in an address, where a value of "" asks for nothing.
const None = "(none)"

// Parameters of an address that are not columns.
const (
	ParamSearch  = "q"
	ParamSort    = "sort"
	ParamColumns = "columns"
	ParamAfter   = "after"
)

// Limits on what may be asked for: more is no question that a person has, and would cost the database time.
const (
	maxValues = 100
	maxSearch = 100
	maxWords  = 8
)

// Parse reads a selection from an address: column=value, several times for any of several values, column.not, .from and
// .to; q, sort and columns. A value of "" asks for nothing. Parameters that others name are for them to read; any other
// is refused. Errors are of class Invalid.
func Parse(def *definition.Definition, q url.Values, others ...string) (Selection, error) {
	s := Selection{Where: Where{}}
	for name, list := range q {
		values := slices.DeleteFunc(slices.Clone(list), func(v string) bool { return strings.TrimSpace(v) == "" })
		if slices.Contains(others, name) || len(values) == 0 {
			continue
		}
		switch name {
		case ParamSearch:
			s.Search = strings.Join(strings.Fields(values[0]), " ")
		case ParamSort:
			s.Sort = values[0]
		case ParamColumns:
			for column := range strings.SplitSeq(strings.Join(values, ","), ",") {
				s.Columns = append(s.Columns, strings.TrimSpace(column))
			}
		default:
			for i, v := range values {
				if v == None {
					values[i] = ""
				}
			}
			s.Where[name] = values
		}
	}
	for _, problem := range slices.Concat(s.Where.problems(def), s.otherProblems(def)) {
		return Selection{}, problem
	}
	return s, nil
}

// ParseFlags reads conditions of the form column=value; of one column and comparison several add up.
func ParseFlags(flags []string) (Where, error) {
	w := Where{}
	for _, flag := range flags {
		name, value, ok := strings.Cut(flag, "=")
		if !ok {
			return nil, run.Invalid("", "--where %s: write COLUMN=VALUE", flag)
		}
		w[name] = append(w[name], value)
	}
	return w, nil
}

// Query is the selection as an address has it: [Parse] gives the same.
func (s Selection) Query() url.Values {
	q := url.Values{}
	for name, values := range s.Where {
		for _, v := range values {
			if v == "" {
				v = None
			}
			q.Add(name, v)
		}
	}
	for name, value := range map[string]string{ParamSearch: s.Search, ParamSort: s.Sort, ParamColumns: strings.Join(s.Columns, ",")} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// UnmarshalJSON reads one value or a list of them.
func (v *Values) UnmarshalJSON(raw []byte) error {
	list := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
	}
	*v = make(Values, len(list))
	for i, value := range list {
		switch {
		case value[0] == '"':
			if err := json.Unmarshal(value, &(*v)[i]); err != nil {
				return err
			}
		case value[0] == '{' || value[0] == '[':
			return fmt.Errorf("where: %s is no value", value)
		case string(value) != "null":
			(*v)[i] = string(value)
		}
	}
	return nil
}

// MarshalJSON writes a single value as a text.
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

// Check lists what is wrong with the selection, each of class Invalid.
func (s Selection) Check(def *definition.Definition) error {
	var problems []error
	for _, problem := range s.Where.problems(def) {
		problems = append(problems, fmt.Errorf("where: %w", problem))
	}
	return errors.Join(append(problems, s.otherProblems(def)...)...)
}

func (w Where) problems(def *definition.Definition) (problems []error) {
	for _, name := range slices.Sorted(maps.Keys(w)) {
		if err := checkCondition(def, name, w[name]); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

func checkCondition(def *definition.Definition, name string, values Values) error {
	column, op, dotted := strings.Cut(name, ".")
	c, err := columnOf(def, "", column)
	if err != nil {
		return err
	}
	kind := table.Type(c.Type)
	switch {
	case !dotted || op == not:
		if len(values) == 0 || len(values) > maxValues {
			return run.Invalid("", "%s: give one value, or up to %d", name, maxValues)
		}
	case op == from || op == to:
		if len(values) != 1 || values[0] == "" || kind == table.List || kind == table.Boolean {
			return run.Invalid("", "%s: give one value of a column that has an order", name)
		}
	default:
		return run.Invalid("there are not, from and to", "%s: no comparison is called %s", column, shown(op))
	}
	for _, v := range values {
		if v == "" {
			continue
		}
		if !isText(v) {
			return run.Invalid("", "%s: this is no text", shown(name))
		}
		if _, err := table.ParseStrict(v, kind); err != nil {
			return run.Invalid("", "%s: %w", name, err)
		}
		if kind == table.Integer && len(v) > 18 {
			return run.Invalid("", "%s: %s is too large a number", name, shown(v))
		}
	}
	return nil
}

// otherProblems are those of what is no condition.
func (s Selection) otherProblems(def *definition.Definition) (problems []error) {
	if utf8.RuneCountInString(s.Search) > maxSearch || len(strings.Fields(s.Search)) > maxWords {
		problems = append(problems, run.Invalid("", "search: at most %d words and %d characters", maxWords, maxSearch))
	}
	if !isText(s.Search) {
		problems = append(problems, run.Invalid("", "search: this is no text"))
	}
	for i, name := range s.Columns {
		if _, err := columnOf(def, "columns: ", name); err != nil {
			problems = append(problems, err)
		} else if slices.Contains(s.Columns[:i], name) {
			problems = append(problems, run.Invalid("", "columns: %s is there twice", name))
		}
	}
	if name, _ := s.Order(); name != "" {
		if _, err := columnOf(def, "sort: ", name); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// columnOf finds a column; the error names the nearest.
func columnOf(def *definition.Definition, prefix, name string) (definition.Column, error) {
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
	return definition.Column{}, run.Invalid(hint, "%s%s is no column of this report", prefix, shown(name))
}

// shown is what somebody wrote, short enough to be shown.
func shown(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:40]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// Order is the column that the rows are ordered by, "" for the report's own order, and whether the other way round.
func (s Selection) Order() (column string, descending bool) {
	column, descending = strings.CutPrefix(s.Sort, "-")
	return column, descending
}

// AllRows says that no row is left out.
func (s Selection) AllRows() bool { return len(s.Where) == 0 && s.Search == "" }

// Whole says that it is all of the report, in its own order.
func (s Selection) Whole() bool { return s.AllRows() && len(s.Columns) == 0 && s.Sort == "" }

// Value is what the selection asks of a column, as an address has it; "" where nothing or more than one value.
func (s Selection) Value(column string) string {
	switch values := s.Where[column]; {
	case len(values) != 1:
		return ""
	case values[0] == "":
		return None
	default:
		return values[0]
	}
}

// ColumnsOf are the selected columns.
func ColumnsOf(def *definition.Definition, s Selection) []definition.Column {
	if len(s.Columns) == 0 {
		return slices.Clone(def.Columns)
	}
	list := make([]definition.Column, 0, len(s.Columns))
	for _, name := range s.Columns {
		if c, ok := def.Column(name); ok {
			list = append(list, c)
		}
	}
	return list
}

// Words say what the selection has: all rows and columns, or rows where Region is London.
func (s Selection) Words(def *definition.Definition) string {
	if s.Whole() {
		return "all rows and columns"
	}
	var terms []string
	raw := func(_ definition.Column, value string) string { return cmp.Or(value, "empty") }
	for _, t := range s.Terms(def, raw) {
		terms = append(terms, t.Column.Title+" is "+t.Text)
	}
	if s.Search != "" {
		terms = append(terms, fmt.Sprintf("a search for %q finds them", s.Search))
	}
	text := "all rows"
	if terms != nil {
		text = "rows where " + strings.Join(terms, " and ")
	}
	if name, descending := s.Order(); name != "" {
		c, _ := def.Column(name)
		text += " in order of " + c.Title + map[bool]string{true: ", descending"}[descending]
	}
	if len(s.Columns) == 0 {
		return text + ", all columns"
	}
	return text + ", " + strconv.Itoa(len(s.Columns)) + " of " + strconv.Itoa(len(def.Columns)) + " columns"
}

// Term is a condition in words.
type Term struct {
	Column definition.Column
	Text   string // London or North, not London, at least 3, empty
}

// Terms are the conditions in words, by the names of their columns; text says a value, "" of an empty cell.
func (s Selection) Terms(def *definition.Definition, text func(definition.Column, string) string) (list []Term) {
	for _, name := range slices.Sorted(maps.Keys(s.Where)) {
		column, op, _ := strings.Cut(name, ".")
		c, _ := def.Column(column)
		values := slices.Clone(s.Where[name])
		for i, v := range values {
			values[i] = text(c, v)
		}
		prefix := map[string]string{not: "not ", from: "at least ", to: "at most "}[op]
		list = append(list, Term{Column: c, Text: prefix + strings.Join(values, " or ")})
	}
	return list
}
