package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/figures"
)

// funnel is the chart of how far rows have got and the table that says the same.
type funnel struct {
	Title, About string
	Noun         string // what a row is
	Stages       []funnelStage
	Total        int64
	// Height and BarHeight of the chart are in pixels; its widths are in per cent, so that its text keeps its size on any
	// screen.
	Height, BarHeight int
	Summary           string
}

// funnelStage is one stage: a row of the table and a bar of the chart.
type funnelStage struct {
	figures.Stage
	Title, Href string // Href lists the rows that are here; "" where the report is not explored

	TextY, BarY             int
	HereWidth, ReachedWidth string
}

// Of each stage the chart has a line of text above a bar.
const (
	stageHeight = 52
	textHeight  = 18
	barHeight   = 22
)

// funnelOf reads the funnel of a report for one group of its rows; nil where the report declares none.
func (s *site) funnelOf(ctx context.Context, def *definition.Definition, group string) (*funnel, error) {
	if def.Funnel == nil {
		return nil, nil
	}
	return cached(ctx, s, def, "funnel "+group, func(ctx context.Context) (*funnel, error) {
		stages, err := figures.Funnel(ctx, s.DB, def, group)
		if err != nil {
			return nil, err
		}
		return newFunnel(def, stages, group), nil
	})
}

// newFunnel lays the chart out and sums it up in a sentence. The widest bar is all rows that can get anywhere.
func newFunnel(def *definition.Definition, stages []figures.Stage, group string) *funnel {
	f := &funnel{Title: def.Funnel.Title, About: def.Funnel.About, Noun: def.Row, Height: len(stages) * stageHeight, BarHeight: barHeight}
	column, _ := def.Column(def.Funnel.Stage)
	var widest int64 = 1
	for _, st := range stages {
		f.Total += st.Here
		widest = max(widest, st.Here)
		if st.Reached != nil {
			widest = max(widest, *st.Reached)
		}
	}
	f.Summary = "A bar chart of " + counted(f.Total, def.Row) + "."
	furthest := ""
	for i, st := range stages {
		row := funnelStage{
			Stage: st, Title: column.Labels.Text(st.Value), Href: exploredBy(def, column.Name, st.Value, group),
			TextY: i*stageHeight + textHeight - 4, BarY: i*stageHeight + textHeight, HereWidth: width(st.Here, widest),
		}
		if st.Reached != nil {
			row.ReachedWidth = width(*st.Reached, widest)
			furthest = fmt.Sprintf(" The furthest stage, %s, was reached by %s of them", row.Title, count(*st.Reached))
			if st.Share != nil {
				furthest += " (" + percent(*st.Share) + ")"
			}
		}
		f.Stages = append(f.Stages, row)
	}
	if furthest != "" {
		f.Summary += furthest + "."
	}
	return f
}

func width(n, of int64) string {
	return strconv.FormatFloat(100*float64(n)/float64(of), 'f', 2, 64) + "%"
}

// exploredBy is where the rows of a group that have a value are listed; "" where the report is not explored.
func exploredBy(def *definition.Definition, column, value, group string) string {
	path := explorePath(def)
	if path == "" || column == "" {
		return ""
	}
	q := url.Values{column: {value}}
	if groups := def.Groups; groups != nil && group != groups.Values[0].Value {
		q.Set(groups.Column, group)
	}
	return path + "?" + q.Encode()
}
