package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"cpd-jobs/reports/definition"
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

// differencesAsked is what somebody wants to see of the changes between two versions.
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
	if err := s.nameDifferences(r.Context(), def, asked, page.Lines); err != nil {
		return err
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
	err = s.DB.QueryRow(r.Context(), "SELECT coalesce(min(version), 0), coalesce(max(version), 0) FROM reports.refreshes WHERE report = $1", def.Name).Scan(&first, &last)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("read which versions of %s there are: %w", def.Name, err)
	}
	if last == 0 {
		return nil, 0, 0, notFound("There is nothing to compare before the report has been made.")
	}
	return def, first, last, nil
}
