package rows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/table"
)

// query builds the statements of one selection.
type query struct {
	def   *definition.Definition
	sel   Selection
	args  []any
	terms []string
}

func newQuery(def *definition.Definition, s Selection) *query {
	q := &query{def: def, sel: s}
	for _, c := range s.Where {
		q.where(c)
	}
	if s.Search != "" {
		q.terms = append(q.terms, selection.Search(def, s.Search, "r", q.arg))
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

func (q *query) where(c Condition) {
	column, ok := q.def.Column(c.Column)
	if !ok {
		q.terms = append(q.terms, "false") // unchecked: nothing rather than everything
		return
	}
	name, kind := quoted(column.Name), table.Type(column.Type)
	switch c.Op {
	case From:
		q.terms = append(q.terms, fmt.Sprintf("%s >= %s::text::%s", ordered(column), q.arg(c.Values[0]), sqlTypes[kind]))
	case To:
		q.terms = append(q.terms, fmt.Sprintf("%s <= %s::text::%s", ordered(column), q.arg(c.Values[0]), sqlTypes[kind]))
	default:
		var either []string
		if slices.Contains(c.Values, None) {
			either = append(either, emptyTerm(name, kind))
		}
		if values := slices.DeleteFunc(slices.Clone(c.Values), func(v string) bool { return v == None }); len(values) > 0 {
			either = append(either, q.anyTerm(name, kind, values))
		}
		term := "(" + strings.Join(either, " OR ") + ")"
		if c.Op == Not {
			term = term + " IS NOT TRUE"
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
	c, found := q.def.Column(q.sel.Sort)
	if !found || q.sel.Sort == q.def.Key {
		return "", "", false
	}
	return ordered(c), sqlTypes[table.Type(c.Type)], true
}

// after leaves out all rows up to a place. Empty cells come last, either way round.
func (q *query) after(c cursor) {
	key, keyType := q.key()
	more := func(expression, value string) string {
		if q.sel.Down {
			return expression + " < " + value
		}
		return expression + " > " + value
	}
	beyond := func(down bool) string {
		value := q.arg(c.Key) + "::text::" + keyType
		if down {
			return key + " < " + value
		}
		return key + " > " + value
	}
	sort, sortType, ok := q.sort()
	switch {
	case !ok:
		q.terms = append(q.terms, beyond(q.sel.Down))
	case c.Sort == nil:
		q.terms = append(q.terms, sort+" IS NULL", beyond(false))
	default:
		value := q.arg(*c.Sort) + "::text::" + sortType
		q.terms = append(q.terms, fmt.Sprintf("(%s OR %s = %s AND %s OR %s IS NULL)", more(sort, value), sort, value, beyond(false), sort))
	}
}

func (q *query) from() string {
	sql := " FROM " + q.def.Table().Sanitize() + " AS r"
	if len(q.terms) > 0 {
		sql += " WHERE " + strings.Join(q.terms, " AND ")
	}
	return sql
}

func (q *query) count() string { return "SELECT count(*)" + q.from() }

// page selects the columns, then the row's place in the order and the version that is live.
func (q *query) page(limit int) string {
	var names []string
	for _, c := range ColumnsOf(q.def, q.sel) {
		names = append(names, quoted(c.Name))
	}
	key, _ := q.key()
	place, order := "NULL::text", key
	down := ""
	if q.sel.Down {
		down = " DESC"
	}
	if sort, _, ok := q.sort(); ok {
		place, order = sort+"::text", sort+down+" NULLS LAST, "+key
	} else {
		order += down
	}
	live := "(SELECT live_version FROM reports.definitions WHERE report = " + q.arg(q.def.Name) + ")"
	return fmt.Sprintf("SELECT %s, %s, %s::text, %s%s ORDER BY %s LIMIT %d",
		strings.Join(names, ", "), place, quoted(q.def.Key), live, q.from(), order, limit)
}
