package export

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

// snapshot is one moment of the database, in which a version's record and its rows belong together.
type snapshot struct {
	tx      pgx.Tx
	def     *definition.Definition
	version versions.Version
	// past says that another version is live by now.
	past bool
}

// find finds the version to read: the one of a moment, where that is not nil, or else the live one.
func (s *snapshot) find(ctx context.Context, asOf *time.Time) error {
	list, err := versions.List(ctx, s.tx, s.def.Name, 1)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return run.Blocked("refresh it first", "report %s was never refreshed: there is nothing to export", s.def.Name)
	}
	live := list[0]
	s.version = live
	if asOf != nil {
		if s.version, err = versions.At(ctx, s.tx, s.def, *asOf); err != nil {
			return err
		}
	}
	s.past = s.version.Version != live.Version
	if s.past && s.def.Restricted() {
		return run.Invalid("leave as_of out", "report %s has personal data: no earlier version of it is kept", s.def.Name)
	}
	if v := s.version; v.Withdrawn != nil {
		return run.Blocked("export the latest version", "version %d of %s was withdrawn: %s", v.Version, v.Report, *v.WithdrawnWhy)
	}
	return nil
}

// source is what the rows are selected from.
func (s *snapshot) source() string {
	if !s.past {
		return s.def.Table().Sanitize()
	}
	return s.def.At().Sanitize() + "('" + s.version.PublishedAt.UTC().Format(time.RFC3339Nano) + "')"
}

// summaries reads the report's views, and what it keeps of each day. Views are of the live version; of an earlier one
// only what was kept until then is known.
func (s *snapshot) summaries(ctx context.Context) ([]table.Summary, error) {
	var views []definition.View
	if !s.past {
		views = slices.Clone(s.def.Views)
	}
	for _, v := range s.def.Lists {
		if v.Keep != "" {
			views = append(views, v)
		}
	}
	var list []table.Summary
	for _, v := range views {
		summary, err := s.summary(ctx, v)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", v.Name, err)
		}
		if s.past && len(summary.Rows) == 0 {
			continue
		}
		summary.Charts = chartsOf(s.def, v, summary)
		list = append(list, summary)
	}
	return list, nil
}

func (s *snapshot) summary(ctx context.Context, v definition.View) (table.Summary, error) {
	summary := table.Summary{Name: v.Name, Sheet: sheetOf(s.def, v), Title: v.Title, About: v.About}
	view := pgx.Identifier{s.def.Schema, v.Name}.Sanitize()
	prepared, err := s.tx.Prepare(ctx, "", "SELECT * FROM "+view)
	if err != nil {
		return summary, err
	}
	for _, f := range prepared.Fields {
		summary.Columns = append(summary.Columns, table.Column{Name: f.Name, Title: s.def.ViewTitle(v, f.Name), About: v.Columns[f.Name].About, Type: typeOf(f.DataTypeOID)})
	}
	names := make([]string, len(summary.Columns))
	for i, c := range summary.Columns {
		names[i] = pg.Ident(c.Name)
	}
	sql := "SELECT " + strings.Join(names, ", ") + " FROM " + view
	if s.past {
		sql += " WHERE version <= " + strconv.FormatInt(s.version.Version, 10)
	}
	sql += " ORDER BY " + summaryOrder(s.def, summary.Columns)
	err = s.each(ctx, sql, nil, func(row []table.Value) error {
		summary.Rows = append(summary.Rows, slices.Clone(row))
		return nil
	})
	return summary, err
}

// summaryOrder goes from left to right, by the labels of a column that has some, and days follow each other within what
// is counted.
func summaryOrder(def *definition.Definition, columns []table.Column) string {
	if len(columns) > 0 && columns[0].Type == table.Date {
		columns = slices.SortedStableFunc(slices.Values(columns), func(a, b table.Column) int { return cmp.Compare(dayRank(a), dayRank(b)) })
	}
	var terms []string
	for _, c := range columns {
		term := pg.Ident(c.Name)
		if labels := labelsOf(def, c.Name); len(labels) > 0 && c.Type == table.Text {
			values := make([]string, len(labels))
			for i, l := range labels {
				values[i] = pg.Literal(l.Value)
			}
			terms = append(terms, "array_position(ARRAY["+strings.Join(values, ", ")+"], "+term+")")
		}
		if c.Type == table.Text {
			term += ` COLLATE "C"`
		}
		terms = append(terms, term)
	}
	return strings.Join(terms, ", ")
}

// labelsOf are the words for the values of a column of a view: those of the groups of rows, or of the report's column
// of that name.
func labelsOf(def *definition.Definition, name string) definition.Labels {
	if def.Groups != nil && def.Groups.Column == name {
		return def.Groups.Values
	}
	c, _ := def.Column(name)
	return c.Labels
}

func dayRank(c table.Column) int {
	if c.Type == table.Text {
		return 0
	}
	return 1
}

// sheetOf names the sheet of a view by what its name adds to the report's: Funnel.
func sheetOf(def *definition.Definition, v definition.View) string {
	rest, ok := strings.CutPrefix(v.Name, def.Name+"_")
	if !ok {
		return v.Title
	}
	return frontmatter.Capital(strings.ReplaceAll(rest, "_", " "))
}

// rows reads the selected part of the report in its order.
func (s *snapshot) rows(ctx context.Context, sel exports.Selection, add func([]table.Value) error) error {
	sql, args := selection.SQL(s.def, s.source(), sel.Selection)
	if err := s.each(ctx, sql, args, add); err != nil {
		return fmt.Errorf("read %s: %w", s.def.Table().Sanitize(), err)
	}
	return nil
}

// each hands over row by row; none is held.
func (s *snapshot) each(ctx context.Context, sql string, args []any, add func([]table.Value) error) error {
	rows, err := s.tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	c, err := newCells(s.tx.Conn().TypeMap(), rows.FieldDescriptions())
	if err != nil {
		return err
	}
	for rows.Next() {
		row, err := c.scan(rows)
		if err != nil {
			return err
		}
		if err := add(row); err != nil {
			return err
		}
	}
	return rows.Err()
}
