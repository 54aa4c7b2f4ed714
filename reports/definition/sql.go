package definition

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"text/template"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// variable is psql's notation, so that a report's SQL also runs by hand with psql -v. Values are put in as literals and
// not bound: CREATE TABLE AS takes no parameters, and the planner sees a literal's worth.
var variable = regexp.MustCompile(`:'([a-z][a-z0-9_]*)'|:"([a-z][a-z0-9_]*)"`)

// Fill puts values in for :'name' and tables in for :"name". A name that has none is an error.
func Fill(sql string, values map[string]string, tables map[string]pgx.Identifier) (string, error) {
	var missing []string
	filled := variable.ReplaceAllStringFunc(sql, func(found string) string {
		name := found[2 : len(found)-1]
		if found[1] == '\'' {
			if value, ok := values[name]; ok {
				return pg.Literal(value)
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

// Statement is what templates of statements on a report's tables are filled from: names quoted, ready to be put in.
type Statement struct {
	Live, Changes, Staged, Diff string
	Key, AsOf                   string
	Columns                     []StatementColumn
	OrderOfDiff                 string

	Name, NameLiteral, AsOfLiteral string
	// Of the functions that rebuild earlier versions: their names, that of the type of their rows, and the columns that
	// such a row takes from a live one.
	At, AtVersion, Row string
	RowColumns         []string
	// OrderOfKey is the order of rows as far as it goes by the key, which is called d.key there.
	OrderOfKey string
}

// StatementColumn is a column of a [Statement].
type StatementColumn struct {
	Name    string // as SQL writes it
	Literal string // as a text
	Type    string
	// Compared is false for the one column that a row may differ in and still be the same.
	Compared bool
}

// NewStatement names the report's tables, and those that a refresh computes and compares into; nil where there is none.
func NewStatement(d *Definition, staged, diff pgx.Identifier) Statement {
	s := Statement{
		Live: d.Table().Sanitize(), Changes: d.Changes().Sanitize(), Staged: staged.Sanitize(), Diff: diff.Sanitize(),
		Key: pg.Ident(d.Key), AsOf: AsOfColumn, OrderOfDiff: d.OrderBy("d"),
		Name: d.Name, NameLiteral: pg.Literal(d.Name), AsOfLiteral: pg.Literal(AsOfColumn),
		At: d.At().Sanitize(), AtVersion: d.AtVersion().Sanitize(), Row: d.RowType().Sanitize(),
		OrderOfKey: d.orderOfKey(),
	}
	for _, c := range d.Columns {
		s.Columns = append(s.Columns, StatementColumn{
			Name: pg.Ident(c.Name), Literal: pg.Literal(c.Name), Type: c.SQLType(),
			Compared: c.Name != AsOfColumn && c.Name != d.Key,
		})
	}
	return s
}

// Render fills the template of that name in files' folder sql.
func (s Statement) Render(files fs.FS, name string) (string, error) {
	t, err := template.ParseFS(files, "sql/"+name)
	if err != nil {
		return "", err
	}
	var sql strings.Builder
	if err := t.Execute(&sql, s); err != nil {
		return "", err
	}
	return sql.String(), nil
}
