package web

import (
	"strings"

	"cpd-jobs/reports/definition"
	"cpd-jobs/web/rows"
)

// sortHeads are the headings of a list: each orders the rows by its column, the one that does already the other way round.
func sortHeads(href string, columns []definition.Column, sel rows.Selection) []sortHead {
	var heads []sortHead
	for _, c := range columns {
		next := sel
		next.Sort, next.Down = c.Name, false
		h := sortHead{Title: c.Title, Order: "none", Numeric: isNumber(c)}
		if sel.Sort == c.Name {
			h.Order = map[bool]string{true: "descending", false: "ascending"}[sel.Down]
			next.Down = !sel.Down
		}
		h.Href = href + "?" + next.Values().Encode()
		heads = append(heads, h)
	}
	return heads
}

// filtersOf are the questions of the form, each with the values that its column has.
func filtersOf(def *definition.Definition, e explored, facets map[string][]string, sel rows.Selection) []filter {
	var list []filter
	for _, name := range e.filters {
		c, _ := def.Column(name)
		f := filter{Name: name, Label: c.Title, Choices: []choice{{Text: "Any"}}}
		asked := sel.Value(name)
		for _, value := range facets[name] {
			text := value
			switch {
			case value == rows.None:
				text = "None"
			case !strings.HasSuffix(name, "_name") && !strings.HasSuffix(name, "_provider"):
				text = codeWords(value)
			}
			f.Choices = append(f.Choices, choice{Value: value, Text: text, Selected: value == asked})
		}
		list = append(list, f)
	}
	return list
}
