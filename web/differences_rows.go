package web

import (
	"context"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// fill makes the page of what was asked for.
func (p *differencesPage) fill(def *definition.Definition, asked differencesAsked) {
	at := func(change func(*differencesAsked)) string {
		next := asked
		change(&next)
		return p.Href + "?" + next.values().Encode()
	}
	p.Came, p.Left, p.Changed = int64(p.Between.Added), int64(p.Between.Removed), int64(p.Between.Changed)
	p.Counts = columnCounts(def, p.Between.Rows, func(column string) string {
		return at(func(a *differencesAsked) { a.action, a.column, a.start = "", column, 0 })
	})
	p.Actions = actionChoices(asked.action)
	p.Columns = columnChoices(p.Counts, def, asked.column)
	rows := filterDifferences(p.Between.Rows, asked)
	p.Found = int64(len(rows))
	p.CSV = p.Href + ".csv?" + url.Values{"from": {p.From}, "to": {p.To}}.Encode()
	from := min(max(asked.start, 0), len(rows))
	to := min(from+differencesPerPage, len(rows))
	for _, row := range rows[from:to] {
		p.Lines = append(p.Lines, newDifferenceLine(def, row, asked.column))
	}
	if from > 0 {
		p.Start = at(func(a *differencesAsked) { a.start = 0 })
	}
	if to < len(rows) {
		p.Next = at(func(a *differencesAsked) { a.start = to })
	}
}

func filterDifferences(rows []versions.RowDifference, asked differencesAsked) []versions.RowDifference {
	var list []versions.RowDifference
	for _, row := range rows {
		changed := asked.column == "" || slices.ContainsFunc(row.Cells, func(c versions.Cell) bool { return c.Column == asked.column })
		if changed && (asked.action == "" || row.Action == asked.action) {
			list = append(list, row)
		}
	}
	return list
}

// actionTexts are what may have happened to a row, in words.
var actionTexts = []struct{ value, text string }{{"", "Anything"}, {"added", "Came"}, {"removed", "Left"}, {"changed", "Changed"}}

func actionChoices(selected string) []choice {
	var list []choice
	for _, a := range actionTexts {
		list = append(list, choice{Value: a.value, Text: a.text, Selected: a.value == selected})
	}
	return list
}

// columnCounts counts in how many rows each column changed, in the order of the report.
func columnCounts(def *definition.Definition, rows []versions.RowDifference, href func(column string) string) []columnCount {
	counts := map[string]int64{}
	for _, row := range rows {
		for _, c := range row.Cells {
			counts[c.Column]++
		}
	}
	var list []columnCount
	for _, c := range def.Columns {
		if n := counts[c.Name]; n > 0 {
			list = append(list, columnCount{Title: c.Title, Href: href(c.Name), Rows: n})
		}
	}
	return list
}

func columnChoices(counts []columnCount, def *definition.Definition, selected string) []choice {
	list := []choice{{Text: "Any column"}}
	for _, n := range counts {
		at := slices.IndexFunc(def.Columns, func(c definition.Column) bool { return c.Title == n.Title })
		name := def.Columns[at].Name
		list = append(list, choice{Value: name, Text: n.Title, Selected: name == selected})
	}
	return list
}

// newDifferenceLine shows all cells of a row that changed, or only that of the column that was asked for.
func newDifferenceLine(def *definition.Definition, row versions.RowDifference, column string) differenceLine {
	l := differenceLine{Key: row.Key, Name: row.Key, Href: rowPath(def, row.Key), Action: row.Action}
	if row.Reason != "" {
		l.Action += ": " + strings.ToLower(words(row.Reason))
	}
	for _, c := range row.Cells {
		if column != "" && c.Column != column {
			continue
		}
		known, ok := def.Column(c.Column)
		if !ok {
			known = definition.Column{Name: c.Column, Title: words(c.Column)} // one that the report once had
		}
		l.Cells = append(l.Cells, differenceCell{Title: known.Title, Old: jsonText(known, c.Old), New: jsonText(known, c.New)})
	}
	return l
}

// Tag is what happened to the row, as a tag; why it left stands beside it.
func (l differenceLine) Tag() template.HTML {
	action, _, _ := strings.Cut(l.Action, ":")
	tag := map[string]struct{ text, colour string }{"added": {"Came", "green"}, "removed": {"Left", "red"}, "changed": {"Changed", "blue"}}[action]
	return template.HTML(`<strong class="govuk-tag govuk-tag--` + tag.colour + `">` + tag.text + `</strong>`)
}

// Why is why a row left.
func (l differenceLine) Why() string {
	_, why, _ := strings.Cut(l.Action, ": ")
	return why
}

// nameDifferences gives rows the names that they have, or had before they left.
func (s *site) nameDifferences(ctx context.Context, def *definition.Definition, asked differencesAsked, lines []differenceLine) error {
	keys := make([]string, len(lines))
	for i, l := range lines {
		keys[i] = l.Key
	}
	names, err := versions.Headings(ctx, s.DB, def, keys, asked.from, asked.to)
	for i, l := range lines {
		if known := names[l.Key]; known != "" {
			lines[i].Name = known
		}
	}
	return err
}
