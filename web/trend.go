package web

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/definition"
)

// trendDays is how far back the trend goes.
const trendDays = 90

// trend is the chart of how counts went day by day, and the table that says the same.
type trend struct {
	Lines   []trendLine
	Days    []trendDay // newest first
	Drawn   bool       // there are days enough for a chart
	Marks   []string   // what the horizontal lines stand for, the highest first
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

// trendDay is a row of the table.
type trendDay struct {
	Day    time.Time
	Counts []int64 // of each line
}

// trendLines are the counts that are shown, the largest first.
var trendLines = []string{"Contacted", "With a tutor", "Programme chosen", "Provision in place", "Participants registered"}

const trendSQL = `
	SELECT day, ARRAY[contacted, with_tutor, programme_chosen, provision_in_place, with_participants] AS counts
	FROM reports.school_onboarding_trend
	WHERE eligibility = $1 AND day > (SELECT max(day) FROM reports.school_onboarding_trend) - $2::integer
	ORDER BY day DESC`

// trendOf reads the trend of a report for one group of schools; nil where the report has none.
func (s *site) trendOf(ctx context.Context, def *definition.Definition, group string) (*trend, error) {
	if def.Name != schoolOnboarding {
		return nil, nil
	}
	return remember(ctx, s, def, "trend "+group, func(ctx context.Context) (*trend, error) {
		found, _ := s.DB.Query(ctx, trendSQL, group, trendDays)
		days, err := pgx.CollectRows(found, pgx.RowToStructByName[trendDay])
		if err != nil {
			return nil, fmt.Errorf("read the trend of %s: %w", def.Name, err)
		}
		if len(days) == 0 {
			return nil, nil
		}
		return newTrend(days), nil
	})
}

// newTrend lays the chart out. It has at least one day.
func newTrend(days []trendDay) *trend {
	t := &trend{Days: days, Drawn: len(days) > 1, Last: days[0].Day, First: days[len(days)-1].Day}
	var top int64
	for _, d := range days {
		top = max(top, slices.Max(d.Counts))
	}
	top = roundUp(top)
	t.Marks = []string{count(top), count(top / 2), "0"}
	for i, title := range trendLines {
		t.Lines = append(t.Lines, trendLine{Title: title, Number: i + 1, Points: t.points(i, top)})
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
	for i, title := range trendLines {
		parts = append(parts, fmt.Sprintf("%s from %s to %s", title, count(first.Counts[i]), count(last.Counts[i])))
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
