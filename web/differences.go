package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/reports/csvfile"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

// differencesPage is what lies between two versions of a report.
type differencesPage struct {
	Title, Report, Href string
	Noun                string // what a row is
	First, Last         int64  // versions that can be compared
	From, To            string // as they were asked for
	Problem             string
	Between             *versions.Difference // nil where nothing was compared
	Came, Left, Changed int64
	Actions             []choice
	Columns             []choice // columns that changed
	Counts              []columnCount
	Found               int64 // rows that are left by the filter
	Lines               []differenceLine
	Next, Start         string // addresses of other pages
	CSV                 string
}

// columnCount is a column and in how many rows it changed.
type columnCount struct {
	Title, Href string
	Rows        int64
}

// differenceLine is a row that came, went or changed.
type differenceLine struct {
	Key, Name, Href string
	Action          string
	Cells           []differenceCell
}

// differenceCell is a cell before and after.
type differenceCell struct{ Title, Old, New string }

func (p differencesPage) Page() Page {
	title := "What changed in " + p.Title
	if p.Problem != "" {
		title = "Error: " + title
	}
	return Page{Template: "differences.html", Title: title, Section: "/"}
}

func differencesPath(def *definition.Definition, from, to int64) string {
	return fmt.Sprintf("%s/changes?from=%d&to=%d", reportPath(def.Name), from, to)
}

const differencesPerPage = 50

// differencesAsked is what the visitor wants to see of the changes between two versions.
type differencesAsked struct {
	from, to       int64
	action, column string
	start          int
}

// askedDifferences reads an address: the live version with the one before it unless it says otherwise.
func askedDifferences(q url.Values, first, last int64) (a differencesAsked, problem string) {
	a = differencesAsked{to: last, action: q.Get("action"), column: q.Get("column")}
	a.start, _ = strconv.Atoi(q.Get("start")) // anything else is from the start
	if text := q.Get("to"); text != "" {
		a.to, _ = strconv.ParseInt(text, 10, 64)
	}
	a.from = max(a.to-1, first)
	if text := q.Get("from"); text != "" {
		a.from, _ = strconv.ParseInt(text, 10, 64)
	}
	switch {
	case a.from < first || a.from > last || a.to < first || a.to > last:
		return a, fmt.Sprintf("Enter versions from %d to %d", first, last)
	case a.from > a.to:
		return a, "Enter the earlier version first"
	}
	return a, ""
}

func (a differencesAsked) values() url.Values {
	q := url.Values{"from": {strconv.FormatInt(a.from, 10)}, "to": {strconv.FormatInt(a.to, 10)}}
	for name, value := range map[string]string{"action": a.action, "column": a.column} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if a.start > 0 {
		q.Set("start", strconv.Itoa(a.start))
	}
	return q
}

func (s *site) differences(w http.ResponseWriter, r *http.Request) error {
	def, first, last, err := s.comparable(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	page := differencesPage{Title: def.Title, Report: reportPath(def.Name), Href: reportPath(def.Name) + "/changes", Noun: def.Row, First: first, Last: last}
	asked, problem := askedDifferences(q, first, last)
	page.From, page.To = strconv.FormatInt(asked.from, 10), strconv.FormatInt(asked.to, 10)
	if problem != "" {
		page.Problem, page.From, page.To = problem, q.Get("from"), q.Get("to")
		return s.render(w, r, http.StatusBadRequest, page)
	}
	between, err := versions.Diff(r.Context(), s.DB, def, versions.DiffOptions{From: asked.from, To: asked.to})
	if err != nil {
		return err
	}
	page.Between = &between
	page.fill(def, asked)
	keys := make([]string, len(page.Lines))
	for i, l := range page.Lines {
		keys[i] = l.Key
	}
	names, err := versions.Headings(r.Context(), s.DB, def, keys, asked.from, asked.to)
	if err != nil {
		return err
	}
	for i, key := range keys {
		page.Lines[i].Name = cmp.Or(names[key], key)
	}
	return s.render(w, r, http.StatusOK, page)
}

// comparable finds a report whose versions can be compared, and the first and last of them.
func (s *site) comparable(r *http.Request) (def *definition.Definition, first, last int64, err error) {
	if def, err = findReport(r.Context(), r.PathValue("name")); err != nil {
		return nil, 0, 0, err
	}
	if def.Restricted() {
		return nil, 0, 0, notFound("No history is kept of reports with personal data.")
	}
	if first, last, err = versions.Kept(r.Context(), s.DB, def.Name); err != nil {
		return nil, 0, 0, err
	}
	if last == 0 {
		return nil, 0, 0, notFound("There is nothing to compare before the report has been made.")
	}
	return def, first, last, nil
}

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

// differencesColumns are those of a file of what lies between two versions: one row for each cell that changed, and one
// for each row that came or left.
var differencesColumns = []table.Column{
	{Name: "key", Title: "key", Type: table.Text}, {Name: "action", Title: "action", Type: table.Text}, {Name: "reason", Title: "reason", Type: table.Text},
	{Name: "column", Title: "column", Type: table.Text}, {Name: "old", Title: "old", Type: table.Text}, {Name: "new", Title: "new", Type: table.Text},
}

// differencesCSV is what lies between two versions as a file.
func (s *site) differencesCSV(w http.ResponseWriter, r *http.Request) error {
	def, first, last, err := s.comparable(r)
	if err != nil {
		return err
	}
	asked, problem := askedDifferences(r.URL.Query(), first, last)
	if problem != "" {
		return notFound(problem + ".")
	}
	between, err := versions.Diff(r.Context(), s.DB, def, versions.DiffOptions{From: asked.from, To: asked.to})
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a long download outlives the limit on reading the request
	h := w.Header()
	h.Set("Content-Type", formatOf("csv").MediaType)
	h.Set("Content-Disposition", attachmentNamed(fmt.Sprintf("%s-changes-%d-to-%d.csv", strings.ReplaceAll(def.Name, "_", "-"), asked.from, asked.to)))
	begun, detail := false, map[string]any{"from": asked.from, "to": asked.to}
	err = s.audited(r.Context(), "download changes", "report "+def.Name, detail, func(context.Context) error {
		begun = true
		return writeDifferences(w, between)
	})
	if err != nil && begun {
		panic(http.ErrAbortHandler) // the visitor has gone: half a file must not pass for a whole one
	}
	return err
}

func writeDifferences(w http.ResponseWriter, between versions.Difference) error {
	out, err := csvfile.NewWriter(w, table.Document{Columns: differencesColumns})
	if err != nil {
		return err
	}
	for _, row := range between.Rows {
		cells := row.Cells
		if row.Action != "changed" {
			cells = []versions.Cell{{}}
		}
		for _, c := range cells {
			line := []string{row.Key, row.Action, row.Reason, c.Column, plainJSON(c.Old), plainJSON(c.New)}
			values := make([]table.Value, len(line))
			for i, text := range line {
				values[i] = table.String(text)
			}
			if err := out.Add(values); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// plainJSON is a value of the log of changes as files have it: lists with their separator, anything else as it is
// written.
func plainJSON(raw json.RawMessage) string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, table.ListSeparator)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
