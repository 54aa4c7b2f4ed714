// Package figures reads the figures that a report's definition declares: its funnel, trend and breakdowns, from the
// views that hold them, and the values of its columns. Names of views and columns are those of the definition, and
// values are parameters.
package figures

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

// Stage is how many rows are at a stage of a funnel.
type Stage struct {
	Value string
	Here  int64
	// Reached counts those at it or further, Share is theirs of all that can get anywhere; nil for a stage that stands
	// apart, and a share of no rows at all.
	Reached *int64
	Share   *float64
}

// Funnel reads the funnel of one group of rows ("" where the report has no groups), in the order of the stages. A stage
// that the view leaves out has no rows. Where the definition names no columns for them, Reached and Share are counted
// in that order.
func Funnel(ctx context.Context, db pg.Querier, def *definition.Definition, group string) ([]Stage, error) {
	f := def.Funnel
	columns := []string{pg.Ident(f.Stage) + ` AS value`, pg.Ident(f.Here) + `::bigint AS here`, `NULL::bigint AS reached`, `NULL::float8 AS share`}
	if f.Reached != "" {
		columns[2], columns[3] = pg.Ident(f.Reached)+`::bigint AS reached`, pg.Ident(f.Share)+`::float8 AS share`
	}
	sql, args := selectSQL(def, f.View, columns, nil, group)
	rows, _ := db.Query(ctx, sql, args...)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Stage])
	if err != nil {
		return nil, fmt.Errorf("read the funnel of %s: %w", def.Name, err)
	}
	stage, _ := def.Column(f.Stage)
	for _, l := range stage.Labels {
		if !slices.ContainsFunc(list, func(s Stage) bool { return s.Value == l.Value }) {
			list = append(list, Stage{Value: l.Value})
		}
	}
	slices.SortFunc(list, func(a, b Stage) int { return stage.Labels.Compare(a.Value, b.Value) })
	if f.Reached == "" {
		count(list)
	}
	return list, nil
}

// count counts who came as far as each stage or further.
func count(list []Stage) {
	var all int64
	for i := range list {
		all += list[i].Here
	}
	reached := all
	for i := range list {
		n, share := reached, float64(reached)/float64(max(all, 1))
		list[i].Reached, list[i].Share = &n, &share
		reached -= list[i].Here
	}
}

// Day is the counts of one day, in the order of the trend's lines.
type Day struct {
	Day    time.Time
	Counts []int64
}

// Trend reads the trend of one group of rows, newest day first, as far back from the last day as the definition says.
func Trend(ctx context.Context, db pg.Querier, def *definition.Definition, group string) ([]Day, error) {
	t := def.Trend
	lines := make([]string, len(t.Lines))
	for i, name := range t.Lines {
		lines[i] = "coalesce(" + pg.Ident(name) + ", 0)::bigint"
	}
	sql, args := selectSQL(def, t.View, []string{"day", "ARRAY[" + strings.Join(lines, ", ") + "] AS counts"}, nil, group)
	args = append(args, t.Days)
	sql = fmt.Sprintf("SELECT * FROM (%s) AS days WHERE day > (SELECT max(day) FROM %s) - $%d::integer ORDER BY day DESC", sql, view(def, t.View), len(args))
	rows, _ := db.Query(ctx, sql, args...)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Day])
	if err != nil {
		return nil, fmt.Errorf("read the trend of %s: %w", def.Name, err)
	}
	return list, nil
}

// Row is the figures of one thing that is counted.
type Row struct {
	Names []string // in the order of the breakdown's rows
	// Figures are int64 or float64, in the order of the breakdown's; nil for one that the view leaves empty.
	Figures []any
}

// Breakdown reads a breakdown of one group of rows, in the order of the labels of what it is divided by, or else by
// name; what has no name comes last.
func Breakdown(ctx context.Context, db pg.Querier, def *definition.Definition, b definition.Breakdown, group string) ([]Row, error) {
	var columns []string
	for _, name := range b.Rows {
		columns = append(columns, pg.Ident(name)+"::text")
	}
	for _, name := range b.Figures {
		columns = append(columns, pg.Ident(name))
	}
	sql, args := selectSQL(def, b.View, columns, b.Where, group)
	found, _ := db.Query(ctx, sql, args...)
	list, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (r Row, err error) {
		values, err := row.Values()
		if err != nil {
			return r, err
		}
		for i, v := range values {
			if i < len(b.Rows) {
				text, _ := v.(string)
				r.Names = append(r.Names, text)
				continue
			}
			r.Figures = append(r.Figures, number(v))
		}
		return r, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", b.View, def.Name, err)
	}
	by, _ := def.Column(b.Filter)
	slices.SortFunc(list, func(x, y Row) int {
		if d := min(len(y.Names[0]), 1) - min(len(x.Names[0]), 1); d != 0 {
			return d
		}
		if d := by.Labels.Compare(x.Names[0], y.Names[0]); d != 0 {
			return d
		}
		return slices.Compare(x.Names, y.Names)
	})
	return list, nil
}

// number is a figure as [Row] promises it.
func number(v any) any {
	switch v := v.(type) {
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case pgtype.Numeric:
		if f, err := v.Float64Value(); err == nil && f.Valid {
			return f.Float64
		}
		return nil
	default:
		return v
	}
}

// selectSQL selects from a view the rows of a group, and those that have the values of where.
func selectSQL(def *definition.Definition, from string, columns []string, where map[string]string, group string) (sql string, args []any) {
	var terms []string
	equal := func(column, value string) {
		args = append(args, value)
		terms = append(terms, fmt.Sprintf("%s = $%d", pg.Ident(column), len(args)))
	}
	if def.Groups != nil {
		equal(def.Groups.Column, group)
	}
	for _, column := range slices.Sorted(maps.Keys(where)) {
		equal(column, where[column])
	}
	sql = "SELECT " + strings.Join(columns, ", ") + " FROM " + view(def, from)
	if terms != nil {
		sql += " WHERE " + strings.Join(terms, " AND ")
	}
	return sql, args
}

func view(def *definition.Definition, name string) string {
	return pgx.Identifier{def.Schema, name}.Sanitize()
}
