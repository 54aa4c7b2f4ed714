package web

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/definition"
)

// funnel is the chart of how far schools have got and the table that says the same.
type funnel struct {
	About  string
	Stages []funnelStage
	Total  int64
	// Height and BarHeight of the chart are in pixels; its widths are in per cent, so that its text keeps its size on any screen.
	Height, BarHeight int
	Summary           string
}

// funnelStage is one stage: a row of the table and a bar of the chart.
type funnelStage struct {
	Title   string
	Schools int64 // that are here now
	// Reached counts those that got this far or further, Share of those that can; neither is counted where Ranked is false.
	Reached int64
	Share   float64
	Ranked  bool

	TextY, BarY             int
	HereWidth, ReachedWidth string
}

// stageTitles say the stages in the words of the report's users.
var stageTitles = map[string]string{
	"not_contacted":           "Not contacted",
	"contacted":               "Contacted",
	"email_opened":            "Email opened",
	"tutor_nominated":         "Tutor nominated",
	"tutor_signed_in":         "Tutor signed in",
	"programme_chosen":        "Programme chosen",
	"partnership_challenged":  "Partnership challenged",
	"provision_in_place":      "Provision in place",
	"participants_registered": "Participants registered",
	"no_ects":                 "No early career teachers",
}

// Of each stage the chart has a line of text above a bar.
const (
	stageHeight = 52
	textHeight  = 18
	barHeight   = 22
)

// draw lays the chart out and sums it up in a sentence. The widest bar is all schools that can get anywhere.
func (f *funnel) draw() {
	var widest int64 = 1
	f.Total = 0
	for _, st := range f.Stages {
		f.Total += st.Schools
		widest = max(widest, st.Reached, st.Schools)
	}
	for i := range f.Stages {
		st := &f.Stages[i]
		st.TextY = i*stageHeight + textHeight - 4
		st.BarY = i*stageHeight + textHeight
		st.HereWidth = width(st.Schools, widest)
		st.ReachedWidth = width(st.Reached, widest)
	}
	f.Height, f.BarHeight = len(f.Stages)*stageHeight, barHeight
	f.Summary = f.sumUp()
}

func width(n, of int64) string {
	return strconv.FormatFloat(100*float64(n)/float64(of), 'f', 2, 64) + "%"
}

// sumUp is the chart in words, for those who do not see it.
func (f *funnel) sumUp() string {
	text := "A bar chart of " + counted(f.Total, "school") + "."
	var furthest *funnelStage
	for i := range f.Stages {
		if f.Stages[i].Ranked {
			furthest = &f.Stages[i]
		}
	}
	if furthest != nil {
		text += fmt.Sprintf(" The furthest stage, %s, was reached by %s of them (%s).", furthest.Title, count(furthest.Reached), percent(furthest.Share))
	}
	return text
}

// schoolOnboarding is the report that has a funnel.
const schoolOnboarding = "school_onboarding"

// funnelOf reads the funnel of a report for one group of schools; nil where the report has none.
func (s *site) funnelOf(ctx context.Context, def *definition.Definition, group string) (*funnel, error) {
	if def.Name != schoolOnboarding {
		return nil, nil
	}
	return remember(ctx, s, def, "funnel "+group, func(ctx context.Context) (*funnel, error) { return s.readFunnel(ctx, group) })
}

func (s *site) readFunnel(ctx context.Context, group string) (*funnel, error) {
	f := &funnel{About: "How far schools have got this year. Of each bar the dark part is the schools that are at the stage now, and all that is coloured those that got to it or further. Schools without early career teachers stand apart."}
	rows, _ := s.DB.Query(ctx, funnelSQL, group)
	stages, err := pgx.CollectRows(rows, pgx.RowToStructByName[stageRow])
	if err != nil {
		return nil, fmt.Errorf("read the funnel of %s: %w", schoolOnboarding, err)
	}
	for _, st := range stages {
		f.Stages = append(f.Stages, st.stage())
	}
	f.draw()
	return f, nil
}

// funnelSQL puts the stages in the order that schools go through them, those that have no rank last.
const funnelSQL = `
	SELECT stage, schools, cumulative, share::float8 AS share FROM reports.school_onboarding_funnel
	WHERE eligibility = $1 ORDER BY stage_rank NULLS LAST, stage_order DESC`

// stageRow is a row of reports.school_onboarding_funnel.
type stageRow struct {
	Stage      string
	Schools    int64
	Cumulative *int64
	Share      *float64
}

func (r stageRow) stage() funnelStage {
	st := funnelStage{Title: stageTitles[r.Stage], Schools: r.Schools}
	if st.Title == "" {
		st.Title = words(r.Stage)
	}
	if r.Cumulative != nil {
		st.Reached, st.Ranked = *r.Cumulative, true
	}
	if r.Share != nil {
		st.Share = *r.Share // of no schools at all there is none
	}
	return st
}
