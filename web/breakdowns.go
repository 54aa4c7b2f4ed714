package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/figures"
	"cpd-jobs/reports/selection"
)

// figureTable is a table of counts and shares: a row for each thing that is counted.
type figureTable struct {
	By    string // what the rows of the report are divided by
	Noun  string // what a row of the report is
	Names []string
	Heads []string
	Lines []figureLine
}

// figureLine is a row: what is counted, and its figures.
type figureLine struct {
	Name, Href string
	More       []string // what else the row is named by
	Cells      []string
}

// breakdownPage is a report divided one way.
type breakdownPage struct {
	Title, Report string // of the report, and its address
	Noun          string // what a row is
	By            string
	About         string
	Ways          []option // other ways to divide it
	Groups        []option // of rows
	Figures       figureTable
}

// option is one of some links of which one is where the visitor is.
type option struct {
	Text, Href string
	Current    bool
}

func (p breakdownPage) Page() Page {
	return Page{Template: "breakdown.html", Title: p.Title + " by " + strings.ToLower(p.By), Section: "/"}
}

// groupParam is the parameter of addresses that names a group of rows: "schools".
func groupParam(def *definition.Definition) string {
	return strings.ReplaceAll(def.Row, " ", "-") + "s"
}

// groupOf is the group of rows that a request asks for: all of them unless it asks otherwise.
func groupOf(def *definition.Definition, r *http.Request) (string, error) {
	name := r.URL.Query().Get(groupParam(def))
	switch {
	case def.Groups == nil && name == "":
		return "", nil
	case def.Groups != nil && name == "":
		return def.Groups.Values[0].Value, nil
	case def.Groups != nil && slices.ContainsFunc(def.Groups.Values, func(l definition.Label) bool { return l.Value == name }):
		return name, nil
	}
	return "", notFound("There is no such group of " + def.Row + "s.")
}

// groups are links to every group, each at the address that href gives; none where the report has no groups.
func groups(def *definition.Definition, href func(group string) string, current string) []option {
	if def.Groups == nil {
		return nil
	}
	list := make([]option, len(def.Groups.Values))
	for i, l := range def.Groups.Values {
		list[i] = option{Text: l.Text, Href: href(l.Value), Current: l.Value == current}
	}
	return list
}

func breakdownPath(def *definition.Definition, b definition.Breakdown, group string) string {
	path := reportPath(def.Name) + "/by/" + b.Name
	if def.Groups != nil && group != def.Groups.Values[0].Value {
		path += "?" + groupParam(def) + "=" + group
	}
	return path
}

// breakdown shows a report divided one way.
func (s *site) breakdown(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	at := slices.IndexFunc(def.Breakdowns, func(b definition.Breakdown) bool { return b.Name == r.PathValue("by") })
	if at < 0 {
		return notFound("The report is not divided that way.")
	}
	group, err := groupOf(def, r)
	if err != nil {
		return err
	}
	shown := def.Breakdowns[at]
	view, _ := def.FindView(shown.View)
	page := breakdownPage{Title: def.Title, Report: reportPath(def.Name), Noun: def.Row, By: shown.Title, About: view.About}
	for _, b := range def.Breakdowns {
		page.Ways = append(page.Ways, option{Text: b.Title, Href: breakdownPath(def, b, group), Current: b.Name == shown.Name})
	}
	page.Groups = groups(def, func(group string) string { return breakdownPath(def, shown, group) }, group)
	if page.Figures, err = s.figuresOf(r.Context(), def, shown, group); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

// figuresOf reads a breakdown for one group of rows.
func (s *site) figuresOf(ctx context.Context, def *definition.Definition, b definition.Breakdown, group string) (figureTable, error) {
	return cached(ctx, s, def, "by "+b.Name+" "+group, func(ctx context.Context) (figureTable, error) {
		list, err := figures.Breakdown(ctx, s.DB, def, b, group)
		if err != nil {
			return figureTable{}, err
		}
		return newFigureTable(def, b, group, list), nil
	})
}

func newFigureTable(def *definition.Definition, b definition.Breakdown, group string, list []figures.Row) figureTable {
	view, _ := def.FindView(b.View)
	t := figureTable{By: b.Title, Noun: def.Row}
	for _, name := range b.Rows {
		t.Names = append(t.Names, def.ViewTitle(view, name))
	}
	if len(b.Rows) == 1 {
		t.Names[0] = b.Title
	}
	for _, name := range b.Figures {
		t.Heads = append(t.Heads, def.ViewTitle(view, name))
	}
	by, _ := def.Column(b.Filter)
	for _, row := range list {
		value := row.Names[0]
		l := figureLine{Name: by.Labels.Text(value), More: row.Names[1:]}
		if value == b.Empty && value != "" {
			value, l.Name = selection.None, definition.Sentence(value)
		}
		l.Href = exploredBy(def, b.Filter, value, group)
		for i, v := range row.Figures {
			l.Cells = append(l.Cells, figureText(view.Columns[b.Figures[i]].Unit, v))
		}
		t.Lines = append(t.Lines, l)
	}
	return t
}

// figureText is a count or a share as people read it; nothing for a share of no rows at all.
func figureText(unit definition.Unit, v any) string {
	switch v := v.(type) {
	case int64:
		return count(v)
	case float64:
		if unit == definition.Percent {
			return percent(v)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}
