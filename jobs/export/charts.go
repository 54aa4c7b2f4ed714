package export

import (
	"fmt"
	"slices"
	"strings"

	"cpd-jobs/reports/table"
)

// Of charts. More bars than that cannot be read, and a longer description cannot be listened to.
const (
	maxBars      = 40
	maxPoints    = 400
	maxDescribed = 15
)

// chartsOf draws a summary where it can be drawn: counts by one name, or by day. Where what is counted stands in front (all,
// eligible), the first of these is drawn.
func chartsOf(s table.Summary) []table.Chart {
	label, group, ok := naming(s.Columns)
	if !ok || len(s.Rows) == 0 {
		return nil
	}
	last := len(s.Rows) - 1
	if group >= 0 {
		last = 0
		for last+1 < len(s.Rows) && s.Rows[last+1][group] == s.Rows[0][group] {
			last++
		}
	}
	byDay := s.Columns[label].Type == table.Date
	if n := last + 1; n < 2 || !byDay && n > maxBars || byDay && n > maxPoints {
		return nil
	}
	var list []table.Chart
	for _, value := range valuesOf(s.Columns, byDay) {
		c := table.Chart{Label: label, Value: value, Last: last, Line: byDay}
		c.Title = titleOf(s.Columns[value], s.Columns[label])
		if group >= 0 {
			c.Title += " (" + s.Rows[0][group].String() + ")"
		}
		c.Alt = describe(s, c)
		list = append(list, c)
	}
	return list
}

// naming finds the column that names rows, a day before all others, and the one that says what is counted, -1 for none. Of
// rows with more names than these no plain chart can be drawn.
func naming(columns []table.Column) (label, group int, ok bool) {
	label = slices.IndexFunc(columns, func(c table.Column) bool { return c.Type == table.Date })
	var names []int
	for i, c := range columns {
		if c.Type == table.Text && !ordinal(c.Name) {
			names = append(names, i)
		}
	}
	if label < 0 && len(names) > 0 {
		label, names = names[len(names)-1], names[:len(names)-1]
	}
	switch len(names) {
	case 0:
		return label, -1, label >= 0
	case 1:
		return label, names[0], label >= 0
	}
	return 0, 0, false
}

// trends are the counts of a day that are drawn, each in a chart of its own: lines in one chart could be told apart only by
// colour.
var trends = []string{"with_tutor", "programme_chosen", "provision_in_place", "with_participants"}

// cumulative is the column of a funnel that counts who came as far as a stage, or further.
const cumulative = "cumulative"

func titleOf(value, label table.Column) string {
	by := strings.ToLower(label.Heading())
	if value.Name == cumulative {
		return "How many have reached each " + by
	}
	return value.Heading() + " by " + by
}

// valuesOf are the columns to draw: of a trend those above, else the first count, and of a funnel the other one.
func valuesOf(columns []table.Column, byDay bool) []int {
	var list []int
	for i, c := range columns {
		if c.Type != table.Integer || ordinal(c.Name) {
			continue
		}
		if byDay && slices.Contains(trends, c.Name) || !byDay && (list == nil || c.Name == cumulative) {
			list = append(list, i)
		}
	}
	return list
}

// ordinal says that a column only puts rows in order, or repeats a name as a code.
func ordinal(name string) bool {
	return name == "version" || strings.HasSuffix(name, "_order") || strings.HasSuffix(name, "_rank") || strings.HasSuffix(name, "_code")
}

// describe says in words what a chart shows: every value, or where there are many the first, the highest and the last.
func describe(s table.Summary, c table.Chart) string {
	kind := "Bar chart"
	if c.Line {
		kind = "Line chart"
	}
	rows := s.Rows[c.First : c.Last+1]
	of := func(row []table.Value) string {
		name := row[c.Label].String()
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
