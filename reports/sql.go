package reports

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/jackc/pgx/v5"
)

// variable is psql's notation, so that a report's SQL also runs by hand with psql -v. Values are put in as literals and
// not bound: CREATE TABLE AS takes no parameters, and the planner sees a literal's worth.
var variable = regexp.MustCompile(`:'([a-z][a-z0-9_]*)'|:"([a-z][a-z0-9_]*)"`)

// fill puts values in for :'name' and tables in for :"name". A name that has none is an error.
func fill(sql string, values map[string]string, tables map[string]pgx.Identifier) (string, error) {
	var missing []string
	filled := variable.ReplaceAllStringFunc(sql, func(found string) string {
		name := found[2 : len(found)-1]
		if found[1] == '\'' {
			if value, ok := values[name]; ok {
				return literal(value)
			}
		} else if table, ok := tables[name]; ok {
			return table.Sanitize()
		}
		missing = append(missing, found)
		return found
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("nothing to put in for %s", strings.Join(missing, ", "))
	}
	return filled, nil
}

// literal quotes a text for SQL. Backslashes are plain: standard_conforming_strings is on.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// instant writes a time as SQL reads it back, to the microsecond.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

// statement is what the templates in statements/ are filled from: names quoted, ready to be put in.
type statement struct {
	Live, Changes, Staged, Diff string
	Key, AsOf                   string
	Columns                     []statementColumn
	OrderOfDiff                 string

	Name, NameLiteral, AsOfLiteral string
	// Of the functions that rebuild earlier versions: their names, that of the type of their rows, and the columns that
	// such a row takes from a live one.
	At, AtVersion, Row string
	RowColumns         []string
	// OrderOfKey is the order of rows as far as it goes by the key, which is called d.key there.
	OrderOfKey string
}

type statementColumn struct {
	Name    string // as SQL writes it
	Literal string // as a text
	Type    string
	// Compared is false for the one column that a row may differ in and still be the same.
	Compared bool
}

func newStatement(d *Definition, staged, diff pgx.Identifier) statement {
	s := statement{
		Live: d.Table().Sanitize(), Changes: d.Changes().Sanitize(), Staged: staged.Sanitize(), Diff: diff.Sanitize(),
		Key: quoted(d.Key), AsOf: asOfColumn, OrderOfDiff: d.OrderBy("d"),
		Name: d.Name, NameLiteral: literal(d.Name), AsOfLiteral: literal(asOfColumn),
		At: d.At().Sanitize(), AtVersion: d.atVersion().Sanitize(), Row: d.rowType().Sanitize(),
		OrderOfKey: d.orderOfKey(),
	}
	for _, c := range d.Columns {
		s.Columns = append(s.Columns, statementColumn{
			Name: quoted(c.Name), Literal: literal(c.Name), Type: columnTypes[c.Type],
			Compared: c.Name != asOfColumn && c.Name != d.Key,
		})
	}
	return s
}

// render fills the template of that name.
func (s statement) render(name string) (string, error) {
	text, err := folders.ReadFile(path.Join("statements", name))
	if err != nil {
		return "", err
	}
	t, err := template.New(name).Parse(string(text))
	if err != nil {
		return "", err
	}
	var sql strings.Builder
	if err := t.Execute(&sql, s); err != nil {
		return "", err
	}
	return sql.String(), nil
}
