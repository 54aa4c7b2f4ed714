package definition

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
)

var (
	breakdownPattern = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	addressPattern   = regexp.MustCompile(`^/[a-z][a-z0-9-]*$`)
)

// maxLines is how many lines of a trend can be told apart.
const maxLines = 6

// display checks that what pages show is in the report and in its views, and that no two things are called the same.
func (p *problems) display(d *Definition) {
	for i, c := range d.Columns {
		at := p.at("columns", i, "labels")
		at.labels("column "+c.Name, c.Labels)
		at.is(len(c.Labels) == 0 || c.Type == "text" || c.Type == "text[]" || c.Type == "integer",
			"column %s: labels are for columns of type text, text[] or integer", c.Name)
		link, err := url.Parse(c.Link)
		p.at("columns", i, "link").is(c.Link == "" || err == nil && link.Scheme == "https" && link.Host != "",
			"column %s: link %q is not an https address", c.Name, c.Link)
	}
	p.at("place").is(d.Place >= 0, "place %d is not 1 or more", d.Place)
	p.at("heading").columns(d, "heading", some(d.Heading)...)
	p.at("search", "words").columns(d, "search: words", d.Search.Words...)
	p.at("search", "starts").columns(d, "search: starts", d.Search.Starts...)
	p.at("search").is(d.Search.Label != "" || len(d.Search.Words)+len(d.Search.Starts) == 0, "search: label must be given")
	p.rowPage(d)
	if d.Explore != nil {
		p.at("explore").is(!d.Restricted(), "explore: rows with personal data are in files alone")
		p.at("explore", "columns").is(len(d.Explore.Columns) > 0, "explore: columns must be given")
		p.at("explore", "columns").columns(d, "explore: columns", d.Explore.Columns...)
		p.at("explore", "filters").columns(d, "explore: filters", d.Explore.Filters...)
	}
	if d.Groups != nil {
		p.at("groups", "column").columns(d, "groups", d.Groups.Column)
		p.at("groups", "values").is(len(d.Groups.Values) > 1, "groups: there must be two values at least, the first of all rows")
		p.at("groups", "values").labels("groups", d.Groups.Values)
	}
	p.figures(d)
}

func (p *problems) rowPage(d *Definition) {
	at := p.at("row_page")
	at.is(d.RowPage == RowPage{} || !d.Restricted(), "row_page: rows with personal data are in files alone")
	p.at("row_page", "address").is(d.RowPage.Address == "" || addressPattern.MatchString(d.RowPage.Address),
		"row_page: address %q is not a / and one word of small letters", d.RowPage.Address)
	key, _ := d.Column(d.Key)
	p.at("row_page", "register").is(!d.RowPage.Register || key.Type == "text", "row_page: register is for a report whose key is a URN, of type text")
}

// figures checks funnel, trend and breakdowns against the views that they are read from.
func (p *problems) figures(d *Definition) {
	if f := d.Funnel; f != nil {
		p.at("funnel").is(f.Title != "" && f.About != "", "funnel: title and about must be given")
		p.viewColumns(d, "funnel", f.View, map[string][]string{"stage": {f.Stage}, "here": {f.Here}, "reached": some(f.Reached), "share": some(f.Share)}, "funnel")
		stage, _ := d.Column(f.Stage)
		p.at("funnel", "stage").is(len(stage.Labels) > 0, "funnel: the report has no column %q with labels, which give the stages their order", f.Stage)
		p.at("funnel").is((f.Reached == "") == (f.Share == ""), "funnel: reached and share go together")
	}
	if t := d.Trend; t != nil {
		p.viewColumns(d, "trend", t.View, map[string][]string{"lines": t.Lines}, "trend")
		v, _ := d.FindView(t.View)
		p.at("trend", "view").is(v.Name == "" || v.Keep == keepDaily, "trend: of view %s nothing is kept: it needs keep: %s", t.View, keepDaily)
		p.at("trend", "days").is(t.Days > 1, "trend: days must be 2 or more")
		p.at("trend", "lines").is(len(t.Lines) > 0 && len(t.Lines) <= maxLines, "trend: there must be 1 to %d lines", maxLines)
		p.at("trend").is(t.About != "", "trend: about must be given")
	}
	names, titles := map[string]bool{}, map[string]bool{}
	for i, b := range d.Breakdowns {
		what := "breakdown " + b.Name
		p.at("breakdowns", i).is(breakdownPattern.MatchString(b.Name), "%s: the name is not made of small letters, digits and -", what)
		p.at("breakdowns", i).is(!names[b.Name], "%s is there twice", what)
		p.at("breakdowns", i, "title").is(b.Title != "" && !titles[b.Title], "%s: the title %q is missing or another's too", what, b.Title)
		names[b.Name], titles[b.Title] = true, true
		p.at("breakdowns", i).is(len(b.Rows) > 0 && len(b.Figures) > 0, "%s: rows and figures must be given", what)
		p.viewColumns(d, what, b.View, map[string][]string{
			"rows": b.Rows, "figures": b.Figures, "where": slices.Sorted(maps.Keys(b.Where)),
		}, "breakdowns", i)
		p.at("breakdowns", i, "filter").columns(d, what+": filter", some(b.Filter)...)
		p.at("breakdowns", i, "empty").is(b.Empty == "" || b.Filter != "", "%s: empty goes with filter", what)
	}
}

// viewColumns checks that a view is there, with the column that names groups and with those of each key.
func (p *problems) viewColumns(d *Definition, what, view string, keys map[string][]string, path ...any) {
	v, ok := d.FindView(view)
	p.at(append(path, "view")...).is(ok, "%s: there is no view %q", what, view)
	if !ok {
		return
	}
	if d.Groups != nil {
		keys["view"] = []string{d.Groups.Column}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at, seen := p.at(append(path, key)...), map[string]bool{}
		for _, name := range keys[key] {
			_, ok := v.Columns[name]
			at.is(ok, "%s: view %s does not describe a column %q", what, view, name)
			at.is(!seen[name], "%s: column %s is there twice", what, name)
			seen[name] = true
		}
	}
}

// some is a list of a name, empty where there is none.
func some(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// columns checks that the report has the columns, each named once.
func (s spot) columns(d *Definition, what string, names ...string) {
	seen := map[string]bool{}
	for _, name := range names {
		_, ok := d.Column(name)
		s.is(ok, "%s: there is no column %q", what, name)
		s.is(!seen[name], "%s: column %s is there twice", what, name)
		seen[name] = true
	}
}

// labels checks that every value has words and no two the same.
func (s spot) labels(what string, list Labels) {
	seen := map[string]string{}
	for _, l := range list {
		s.is(l.Text != "" && l.Value != "", "%s: label %q of value %q is empty", what, l.Text, l.Value)
		other, taken := seen[l.Text]
		s.is(!taken, "%s: values %s and %s have the same label %q", what, other, l.Value, l.Text)
		seen[l.Text] = l.Value
	}
}
