package export

import (
	"fmt"
	"slices"
	"strings"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

// Of charts. More bars than that cannot be read, and a longer description cannot be listened to.
const (
	maxBars      = 40
	maxPoints    = 400
	maxDescribed = 15
)

// plot is what the definition declares to be drawn of a view.
type plot struct {
	label  string   // the column that names bars or points
	values []string // a chart each: lines in one chart could be told apart only by colour
	line   bool
}

// plotOf finds what is drawn of a view: the funnel, the trend, or a breakdown by one column.
func plotOf(def *definition.Definition, v definition.View) plot {
	if f := def.Funnel; f != nil && f.View == v.Name {
		return plot{label: f.Stage, values: slices.DeleteFunc([]string{f.Here, f.Reached}, func(name string) bool { return name == "" })}
	}
	if t := def.Trend; t != nil && t.View == v.Name {
		return plot{label: "day", values: t.Lines, line: true}
	}
	for _, b := range def.Breakdowns {
		if b.View == v.Name && len(b.Rows) == 1 && len(b.Where) == 0 {
			return plot{label: b.Rows[0], values: b.Figures[:1]}
		}
	}
	return plot{}
}

// chartsOf draws a summary as the definition says. Where the report has groups of rows, which stand in front, the first
// is drawn.
func chartsOf(def *definition.Definition, v definition.View, s table.Summary) []table.Chart {
	p := plotOf(def, v)
	at := func(name string) int {
		return slices.IndexFunc(s.Columns, func(c table.Column) bool { return c.Name == name })
	}
	label := at(p.label)
	if label < 0 || len(s.Rows) == 0 {
		return nil
	}
	last, of := len(s.Rows)-1, ""
	if def.Groups != nil {
		all := def.Groups.Values[0]
		group := at(def.Groups.Column)
		other := slices.IndexFunc(s.Rows, func(row []table.Value) bool { return row[group].String() != all.Value })
		if other >= 0 {
			last = other - 1
		}
		of = " (" + all.Text + ")"
	}
	if n := last + 1; n < 2 || !p.line && n > maxBars || n > maxPoints {
		return nil
	}
	var list []table.Chart
	for _, name := range p.values {
		value := at(name)
		c := table.Chart{Label: label, Value: value, Last: last, Line: p.line}
		by := strings.ToLower(s.Columns[label].Heading())
		c.Title = s.Columns[value].Heading() + " by " + by + of
		if f := def.Funnel; f != nil && f.View == v.Name && f.Reached == name {
			c.Title = "How many have reached each " + by + of
		}
		c.Alt = describe(def, s, c)
		list = append(list, c)
	}
	return list
}

// describe says in words what a chart shows: every value, or where there are many the first, the highest and the last.
func describe(def *definition.Definition, s table.Summary, c table.Chart) string {
	kind := "Bar chart"
	if c.Line {
		kind = "Line chart"
	}
	label, _ := def.Column(s.Columns[c.Label].Name)
	rows := s.Rows[c.First : c.Last+1]
	of := func(row []table.Value) string {
		name := label.Labels.Text(row[c.Label].String())
		if row[c.Label].Empty() {
			name = "without a name"
		}
		n, counted := row[c.Value].AsInt()
		if !counted {
			return name + " not counted"
		}
		return name + " " + table.Thousands(n)
	}
	if len(rows) > maxDescribed {
		highest := slices.MaxFunc(rows, func(a, b []table.Value) int {
			x, _ := a[c.Value].AsInt()
			y, _ := b[c.Value].AsInt()
			return int(x - y)
		})
		return fmt.Sprintf("%s of %s, %d values: first %s; highest %s; last %s.", kind, c.Title, len(rows), of(rows[0]), of(highest), of(rows[len(rows)-1]))
	}
	values := make([]string, len(rows))
	for i, row := range rows {
		values[i] = of(row)
	}
	return kind + " of " + c.Title + ": " + strings.Join(values, "; ") + "."
}
