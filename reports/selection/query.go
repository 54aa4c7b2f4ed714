package selection

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

// query builds the statements of one selection.
type query struct {
	def   *definition.Definition
	sel   Selection
	from  string // what the rows are selected from
	args  []any
	terms []string
}

func newQuery(def *definition.Definition, from string, s Selection) *query {
	q := &query{def: def, sel: s, from: from}
	for _, name := range slices.Sorted(maps.Keys(s.Where)) {
		q.where(name, s.Where[name])
	}
	if s.Search != "" {
		q.terms = append(q.terms, search(def, s.Search, q.arg))
	}
	return q
}

// arg makes a value a parameter.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

// quoted is a column of the report's table, which every statement calls r: what is selected may have the same names.
func quoted(column string) string { return pgx.Identifier{"r", column}.Sanitize() }

// sqlTypes are PostgreSQL's types by those of definitions.
var sqlTypes = map[table.Type]string{
	table.Text: "text", table.Integer: "bigint", table.Decimal: "numeric", table.Boolean: "boolean",
	table.Date: "date", table.Timestamp: "timestamptz", table.List: "text[]",
}

func (q *query) where(name string, values Values) {
	column, op, _ := strings.Cut(name, ".")
	c, ok := q.def.Column(column)
	if !ok || len(values) == 0 {
		q.terms = append(q.terms, "false") // unchecked: nothing rather than everything
		return
	}
	quoted, kind := quoted(c.Name), table.Type(c.Type)
	switch op {
	case from:
		q.terms = append(q.terms, fmt.Sprintf("%s >= %s::text::%s", ordered(c), q.arg(values[0]), sqlTypes[kind]))
	case to:
		q.terms = append(q.terms, fmt.Sprintf("%s <= %s::text::%s", ordered(c), q.arg(values[0]), sqlTypes[kind]))
		if kind == table.Text {
			q.terms = append(q.terms, quoted+" <> ''") // an empty cell is not at most anything
		}
	default:
		var either []string
		if slices.Contains(values, "") {
			either = append(either, emptyTerm(quoted, kind))
		}
		if filled := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" }); len(filled) > 0 {
			either = append(either, q.anyTerm(quoted, kind, filled))
		}
		term := "(" + strings.Join(either, " OR ") + ")"
		if op == not {
			term += " IS NOT TRUE"
		}
		q.terms = append(q.terms, term)
	}
}

func (q *query) anyTerm(name string, kind table.Type, values []string) string {
	if kind == table.List {
		return name + " && " + q.arg(values) + "::text[]"
	}
	return fmt.Sprintf("%s = ANY (%s::text[]::%s[])", name, q.arg(values), sqlTypes[kind])
}

// emptyTerm is true of a cell that is empty in a file.
func emptyTerm(name string, kind table.Type) string {
	switch kind {
	case table.Text:
		return "coalesce(" + name + ", '') = ''"
	case table.List:
		return "coalesce(" + name + ", '{}') = '{}'"
	default:
		return name + " IS NULL"
	}
}

// ordered is a column as it is ordered: text by code point, as everywhere in reports.
func ordered(c definition.Column) string {
	if table.Type(c.Type) == table.Text {
		return "(" + quoted(c.Name) + ` COLLATE "C")`
	}
	return quoted(c.Name)
}

// key is the column that tells rows apart, as it is ordered, and its type.
func (q *query) key() (expression, kind string) {
	for _, o := range q.def.Order {
		if o.Column == q.def.Key && o.Numeric {
			return "(" + quoted(q.def.Key) + "::bigint)", "bigint"
		}
	}
	c, _ := q.def.Column(q.def.Key)
	return ordered(c), sqlTypes[table.Type(c.Type)]
}

// sort is what the rows are ordered by before the key; false where the key alone orders them.
func (q *query) sort() (expression, kind string, ok bool) {
	name, _ := q.sel.Order()
	c, found := q.def.Column(name)
	if !found || name == q.def.Key {
		return "", "", false
	}
	return ordered(c), sqlTypes[table.Type(c.Type)], true
}

// after leaves out all rows up to a place. Empty cells come last, either way round.
func (q *query) after(c cursor) {
	key, keyType := q.key()
	_, descending := q.sel.Order()
	beyond := map[bool]string{false: " > ", true: " < "}[descending]
	nextKey := func(beyond string) string { return key + beyond + q.arg(c.Key) + "::text::" + keyType }
	sort, sortType, ok := q.sort()
	switch {
	case !ok:
		q.terms = append(q.terms, nextKey(beyond))
	case c.Sort == nil:
		q.terms = append(q.terms, sort+" IS NULL", nextKey(" > "))
	default:
		value := q.arg(*c.Sort) + "::text::" + sortType
		q.terms = append(q.terms, fmt.Sprintf("(%s OR %s = %s AND %s OR %s IS NULL)", sort+beyond+value, sort, value, nextKey(" > "), sort))
	}
}

// rows are the rows of all conditions.
func (q *query) rows() string {
	sql := " FROM " + q.from + " AS r"
	if len(q.terms) > 0 {
		sql += " WHERE " + strings.Join(q.terms, " AND ")
	}
	return sql
}

func (q *query) count() string { return "SELECT count(*)" + q.rows() }

// page selects the columns, then the row's place in the order and the version that is live.
func (q *query) page(limit int) string {
	place, order := q.order()
	live := "(SELECT live_version FROM reports.definitions WHERE report = " + q.arg(q.def.Name) + ")"
	return fmt.Sprintf("SELECT %s, %s, %s::text, %s%s ORDER BY %s LIMIT %d",
		q.columns(), place, quoted(q.def.Key), live, q.rows(), order, limit)
}

func (q *query) columns() string {
	var names []string
	for _, c := range ColumnsOf(q.def, q.sel) {
		names = append(names, quoted(c.Name))
	}
	return strings.Join(names, ", ")
}

// order is what the rows are ordered by, and the value of a row that it goes by before the key.
func (q *query) order() (place, order string) {
	_, descending := q.sel.Order()
	direction := map[bool]string{true: " DESC"}[descending]
	key, _ := q.key()
	if sort, _, ok := q.sort(); ok {
		return sort + "::text", sort + direction + " NULLS LAST, " + key
	}
	return "NULL::text", key + direction
}

// SQL is the statement that reads a selection that has been checked, all of it, from the report or what has its
// columns.
func SQL(def *definition.Definition, source string, s Selection) (sql string, args []any) {
	q := newQuery(def, source, s)
	order := def.OrderBy("r")
	if s.Sort != "" {
		_, order = q.order()
	}
	return "SELECT " + q.columns() + q.rows() + " ORDER BY " + order, q.args
}
