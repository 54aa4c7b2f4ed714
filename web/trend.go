package web

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/figures"
)

// trend is the chart of how counts went day by day, and the table that says the same.
type trend struct {
	About   string
	Noun    string // what a row is
	Length  int    // how many days it goes back
	Lines   []trendLine
	Days    []figures.Day // newest first
	Drawn   bool          // there are days enough for a chart
	Marks   []string      // what the horizontal lines stand for, the highest first
	First   time.Time
	Last    time.Time
	Summary string
}

// trendLine is one count over time.
type trendLine struct {
	Title  string
	Number int    // tells lines apart where colours do not
	Points string // of the chart, in thousandths of its width and height
}

// trendOf reads the trend of a report for one group of its rows; nil where the report declares none or no day was kept
// yet.
func (s *site) trendOf(ctx context.Context, def *definition.Definition, group string) (*trend, error) {
	if def.Trend == nil {
		return nil, nil
	}
	return cached(ctx, s, def, "trend "+group, func(ctx context.Context) (*trend, error) {
		days, err := figures.Trend(ctx, s.DB, def, group)
		if err != nil || len(days) == 0 {
			return nil, err
		}
		return newTrend(def, days), nil
	})
}

// newTrend lays the chart out. It has at least one day.
func newTrend(def *definition.Definition, days []figures.Day) *trend {
	t := &trend{About: def.Trend.About, Noun: def.Row, Length: def.Trend.Days, Days: days, Drawn: len(days) > 1, Last: days[0].Day, First: days[len(days)-1].Day}
	var top int64
	for _, d := range days {
		top = max(top, slices.Max(d.Counts))
	}
	top = roundUp(top)
	t.Marks = []string{count(top), count(top / 2), "0"}
	view, _ := def.FindView(def.Trend.View)
	for i, name := range def.Trend.Lines {
		t.Lines = append(t.Lines, trendLine{Title: def.ViewTitle(view, name), Number: i + 1, Points: t.points(i, top)})
	}
	t.Summary = t.sumUp()
	return t
}

// points places each day by its date, so that a gap in the days is one in the chart.
func (t *trend) points(line int, top int64) string {
	span := max(t.Last.Sub(t.First), 1)
	list := make([]string, 0, len(t.Days))
	for _, d := range slices.Backward(t.Days) {
		x := 1000 * float64(d.Day.Sub(t.First)) / float64(span)
		y := 1000 - 1000*float64(d.Counts[line])/float64(top)
		list = append(list, strconv.FormatFloat(x, 'f', 0, 64)+","+strconv.FormatFloat(y, 'f', 0, 64))
	}
	return strings.Join(list, " ")
}

// sumUp is the chart in words, for those who do not see it.
func (t *trend) sumUp() string {
	var parts []string
	last, first := t.Days[0], t.Days[len(t.Days)-1]
	for i, l := range t.Lines {
		parts = append(parts, fmt.Sprintf("%s from %s to %s", l.Title, count(first.Counts[i]), count(last.Counts[i])))
	}
	return fmt.Sprintf("A line chart from %s to %s: %s.", day(&t.First), day(&t.Last), strings.Join(parts, ", "))
}

// roundUp is the next number that people count in, of which the half is whole: 2, 4, 10, 12, 16, 20, 24, 30 and so on.
func roundUp(n int64) int64 {
	if n < 10 {
		return max(2, n+n%2)
	}
	size := int64(math.Pow10(len(strconv.FormatInt(n, 10)) - 2))
	for _, step := range []int64{10, 12, 16, 20, 24, 30, 40, 50, 60, 80} {
		if step*size >= n {
			return step * size
		}
	}
	return 100 * size
}
