package export

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

//go:embed changes.sql
var changesSQL string

// maxChanges are listed of a version. More than that is a new report rather than a changed one.
const maxChanges = 65_000

// changes lists what the version changed, for a sheet of its own. There is none where nothing changed, or where all is
// new.
func (s *snapshot) changes(ctx context.Context) ([]table.Summary, error) {
	v := s.version
	if s.def.Restricted() || v.Added+v.Removed+v.Changed == 0 || v.Added == v.Rows {
		return nil, nil
	}
	var total int64
	err := s.tx.QueryRow(ctx, "SELECT count(*) FROM "+s.def.Changes().Sanitize()+" WHERE version = $1", v.Version).Scan(&total)
	if err != nil {
		return nil, fmt.Errorf("count the changes of version %d: %w", v.Version, err)
	}
	if total == 0 {
		return nil, nil
	}
	summary := table.Summary{
		Name: s.def.Name + "_changes", Sheet: "Changes", Title: s.def.Title + ": changes",
		About:   fmt.Sprintf("What version %d added, removed and changed since the version before: %s rows added, %s removed, %s changed.", v.Version, table.Thousands(v.Added), table.Thousands(v.Removed), table.Thousands(v.Changed)),
		Columns: s.changeColumns(),
	}
	if total > maxChanges {
		summary.About += fmt.Sprintf(" This is the first %s of %s lines; all of them are in the database, in %s.", table.Thousands(maxChanges), table.Thousands(total), s.def.Changes().Sanitize())
	}
	summary.Rows, err = s.changeRows(ctx, v.Version)
	if err != nil {
		return nil, fmt.Errorf("read the changes of version %d: %w", v.Version, err)
	}
	return []table.Summary{summary}, nil
}

func (s *snapshot) changeColumns() []table.Column {
	key, _ := s.def.Column(s.def.Key)
	return []table.Column{
		{Name: s.def.Key, Title: key.Title, About: key.About, Type: table.Text, Link: key.Link},
		{Name: "name", Title: "Name", About: "What it is called now; of a row that was removed, what it was called.", Type: table.Text},
		{Name: "action", Title: "Change", About: "added, removed or changed", Type: table.Text},
		{Name: "column_name", Title: "Column", About: "Heading of the cell that changed; empty where a whole row was added or removed.", Type: table.Text},
		{Name: "old", Title: "Before", About: "The cell before; empty if it was, or where a whole row was added or removed.", Type: table.Text},
		{Name: "new", Title: "After", About: "The cell now; empty if it is, or where a whole row was added or removed.", Type: table.Text},
		{Name: "reason", Title: "Reason", About: "Why the row was removed, where that is known.", Type: table.Text},
	}
}

// changeRows reads them in the order of the rows, and of the columns within a row.
func (s *snapshot) changeRows(ctx context.Context, version int64) ([][]table.Value, error) {
	key := "c." + pg.Ident(s.def.Key)
	order := key + "::text COLLATE \"C\""
	if slices.ContainsFunc(s.def.Order, func(o definition.Order) bool { return o.Column == s.def.Key && o.Numeric }) {
		order = key + "::bigint"
	}
	name := "NULL::text"
	if heading := s.def.Heading; heading != "" {
		name = fmt.Sprintf("coalesce(t.%s, c.old ->> %s)", pg.Ident(heading), pg.Literal(heading))
	}
	sql := strings.NewReplacer("{{key}}", key, "{{rows}}", s.source(), "{{changes}}", s.def.Changes().Sanitize(),
		"{{row key}}", "t."+pg.Ident(s.def.Key), "{{name}}", name, "{{order}}", order).Replace(changesSQL)
	rows, _ := s.tx.Query(ctx, sql, pgx.NamedArgs{"version": version, "columns": columnNames(s.def), "most": maxChanges})
	var list [][]table.Value
	var id, called, action, column, before, after, reason string
	_, err := pgx.ForEachRow(rows, []any{&id, &called, &action, &column, &before, &after, &reason}, func() error {
		c, _ := s.def.Column(column)
		list = append(list, []table.Value{table.String(id), table.String(called), table.String(action), table.String(c.Title),
			table.String(shown(before, c.Type)), table.String(shown(after, c.Type)), table.String(reason)})
		return nil
	})
	return list, err
}

// shown is a value of the change log as files have it: the log's times have the zone of the session that wrote them.
func shown(text, kind string) string {
	if table.Type(kind) != table.Timestamp {
		return text
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return table.Time(at).String()
}
