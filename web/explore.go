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
	"strings"
	"sync"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/figures"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

// explorePage lists the rows of a report that the visitor asks for.
type explorePage struct {
	Title, Href string
	Report      string // address of the report
	Noun        string // what a row is: "school"
	SearchLabel string // what is searched
	Search      string
	Filters     []filter
	Filtered    bool
	Problem     string // what was wrong with what was asked for
	Rows        int64
	Heads       []sortHead
	Lines       []rowLine
	First, Next string   // addresses of other pages; "" where there is none
	CSV         string   // address of the selection as a file
	Asks        []hidden // the selection as a form has it
	Formats     []choice // what else it can be made in; none where it cannot
	Sort        string
}

// filter is one question of the form.
type filter struct {
	Name, Label string
	Choices     []choice
}

// sortHead is a column's heading, which orders the rows by it.
type sortHead struct {
	Title, Href string
	Order       string // ascending, descending or none, as ARIA has it
	Numeric     bool
}

// rowLine is a row as the list shows it.
type rowLine struct {
	Href  string // of the row's own page
	Title string
	Cells []cell
}

// cell is one value.
type cell struct {
	HTML    template.HTML
	Numeric bool
}

const rowsPerPage = 50

func (p explorePage) Page() Page {
	title := "Explore " + p.Title
	if p.Problem != "" {
		title = "Error: " + title
	}
	return Page{Template: "explore.html", Title: title, Section: "/"}
}

// explorePath is the address at which a report is explored; "" where it is not.
func explorePath(def *definition.Definition) string {
	if def.Explore == nil {
		return ""
	}
	return reportPath(def.Name) + "/explore"
}

// findExplored finds a report that can be explored.
func findExplored(ctx context.Context, name string) (*definition.Definition, error) {
	def, err := findReport(ctx, name)
	if err == nil && def.Explore == nil {
		err = notFound("This report cannot be explored here.")
	}
	return def, err
}

func (s *site) explore(w http.ResponseWriter, r *http.Request) error {
	def, err := findExplored(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	facets, err := cached(r.Context(), s, def, "facets", func(ctx context.Context) (map[string][]figures.Facet, error) {
		return figures.Facets(ctx, s.DB, def, def.Explore.Filters)
	})
	if err != nil {
		return err
	}
	sel, problem := selection.Parse(def, r.URL.Query(), selection.ParamAfter, selection.ParamColumns)
	if problem != nil {
		sel = selection.Selection{}
	}
	page, err := s.explorePage(r.Context(), def, sel, r.URL.Query().Get(selection.ParamAfter))
	if err != nil {
		return err
	}
	page.Filters = filtersOf(def, facets, sel)
	status := http.StatusOK
	if problem != nil {
		page.Problem, status = problem.Error(), http.StatusBadRequest
	}
	return s.render(w, r, status, page)
}

func (s *site) explorePage(ctx context.Context, def *definition.Definition, sel selection.Selection, after string) (explorePage, error) {
	p := explorePage{Title: def.Title, Href: explorePath(def), Report: reportPath(def.Name), Noun: def.Row, SearchLabel: searchLabel(def), Search: sel.Search, Filtered: len(sel.Where) > 0 || sel.Search != ""}
	listed := sel
	listed.Columns = def.Explore.Columns
	found, err := selection.Read(ctx, s.DB, def, listed, after, rowsPerPage)
	if err != nil {
		return p, err
	}
	if p.Rows, err = s.counter.Count(ctx, s.DB, def, sel, found, after == ""); err != nil {
		return p, err
	}
	asked := sel.Query()
	columns := selection.ColumnsOf(def, listed)
	for i, values := range found.Rows {
		p.Lines = append(p.Lines, newRowLine(def, found.Keys[i], columns, values))
	}
	p.Heads = sortHeads(p.Href, columns, sel)
	p.CSV = reportPath(def.Name) + "/explore.csv?" + asked.Encode()
	if after != "" {
		p.First = p.Href + "?" + asked.Encode()
	}
	if found.Next != "" {
		next := sel.Query()
		next.Set(selection.ParamAfter, found.Next)
		p.Next = p.Href + "?" + next.Encode()
	}
	p.Sort = asked.Get(selection.ParamSort)
	if s.Queue != nil && p.Rows > 0 {
		p.Asks, p.Formats = hiddens(asked), formatChoices(def)
	}
	return p, nil
}

// sortHeads are the headings of a list: each orders the rows by its column, the one that does already the other way
// round.
func sortHeads(href string, columns []definition.Column, sel selection.Selection) []sortHead {
	var heads []sortHead
	for _, c := range columns {
		next := sel
		next.Sort = c.Name
		h := sortHead{Title: c.Title, Order: "none", Numeric: isNumber(c)}
		switch sel.Sort {
		case c.Name:
			h.Order, next.Sort = "ascending", "-"+c.Name
		case "-" + c.Name:
			h.Order = "descending"
		}
		h.Href = href + "?" + next.Query().Encode()
		heads = append(heads, h)
	}
	return heads
}

// filtersOf are the questions of the form, each with the values that its column has.
func filtersOf(def *definition.Definition, facets map[string][]figures.Facet, sel selection.Selection) []filter {
	var list []filter
	for _, name := range def.Explore.Filters {
		c, _ := def.Column(name)
		f := filter{Name: name, Label: c.Title, Choices: []choice{{Text: "Any"}}}
		asked := sel.Value(name)
		for _, facet := range facets[name] {
			value, text := cmp.Or(facet.Value, selection.None), cmp.Or(valueText(c, facet.Value), "None")
			f.Choices = append(f.Choices, choice{Value: value, Text: text, Selected: value == asked})
		}
		list = append(list, f)
	}
	return list
}

// searchLabel is what the field for a search is called.
func searchLabel(def *definition.Definition) string {
	key, _ := def.Column(def.Key)
	return cmp.Or(def.Search.Label, key.Title)
}

// hiddens is a selection as hidden fields of a form.
func hiddens(q url.Values) []hidden {
	var list []hidden
	for name, values := range q {
		for _, v := range values {
			list = append(list, hidden{name, v})
		}
	}
	slices.SortFunc(list, func(a, b hidden) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) })
	return list
}

// formatChoices are the formats that a selection can be made in besides CSV, which is downloaded at once.
func formatChoices(def *definition.Definition) []choice {
	var list []choice
	for _, f := range def.Formats {
		if f != "csv" {
			list = append(list, choice{Value: f, Text: formatOf(f).Title, Selected: len(list) == 0})
		}
	}
	return list
}

func newRowLine(def *definition.Definition, key string, columns []definition.Column, values []any) rowLine {
	l := rowLine{Href: rowPath(def, key)}
	for i, c := range columns {
		shown := showValue(c, values[i])
		if i == 0 {
			l.Title = cmp.Or(valueText(c, values[i]), key)
			continue
		}
		l.Cells = append(l.Cells, cell{HTML: shown, Numeric: isNumber(c)})
	}
	return l
}

func isNumber(c definition.Column) bool {
	return table.Type(c.Type) == table.Integer || table.Type(c.Type) == table.Decimal
}

// selectionCSV streams a selection as a file, from its first rows on.
func (s *site) selectionCSV(w http.ResponseWriter, r *http.Request) error {
	def, err := findExplored(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	sel, err := selection.Parse(def, r.URL.Query())
	if err != nil {
		return err
	}
	return s.streamCSV(w, r, def, sel)
}

// streamCSV writes a selection. An error before the first row is an error page; after it the connection is cut, so that
// half a file is not taken for a whole one.
func (s *site) streamCSV(w http.ResponseWriter, r *http.Request, def *definition.Definition, sel selection.Selection) error {
	done, err := s.streams.begin(access.Of(r.Context()))
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(r.Context(), s.within)
	defer cancel()
	first, err := selection.Read(ctx, s.DB, def, sel, "", selection.AtOnce)
	if err != nil {
		return err
	}
	latest, err := versions.List(ctx, s.DB, def.Name, 1)
	if err != nil {
		return err
	}
	name := fileStem(def)
	if len(latest) > 0 {
		name += "-" + latest[0].AsOf.UTC().Format("2006-01-02T1504Z")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a long download outlives the limit on reading the request
	h := w.Header()
	h.Set("Content-Type", formatOf("csv").MediaType)
	h.Set("Content-Disposition", attachmentNamed(name+"-selection.csv"))
	h.Set("Cache-Control", "no-store")
	begun := false
	err = s.audited(r.Context(), "download rows", "report "+def.Name, map[string]any{"query": sel.Query().Encode()}, func(context.Context) error {
		begun = true
		return selection.WriteCSV(r.Context(), w, s.DB, def, sel, first)
	})
	if err != nil && begun {
		if r.Context().Err() == nil {
			s.Log.ErrorContext(r.Context(), "selection cut off", "report", def.Name, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return err
}

// askForFile has a selection made in a format that takes time.
func (s *site) askForFile(w http.ResponseWriter, r *http.Request) error {
	def, err := findExplored(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	values, err := form(w, r)
	if err != nil {
		return err
	}
	sel, err := selection.Parse(def, values, "format")
	if err != nil {
		return err
	}
	return s.startExport(w, r, def, map[string]any{
		"formats": []string{values.Get("format")}, "where": sel.Where, "search": sel.Search, "columns": sel.Columns, "sort": sel.Sort,
	})
}

// askForWhole has a whole report made in a format that it was not made in yet.
func (s *site) askForWhole(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	values, err := form(w, r)
	if err != nil {
		return err
	}
	return s.startExport(w, r, def, map[string]any{"formats": []string{values.Get("format")}})
}

// startExport enqueues an export and leads to the page that waits for it.
func (s *site) startExport(w http.ResponseWriter, r *http.Request, def *definition.Definition, args map[string]any) error {
	args["report"] = def.Name
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	ticket, err := s.enqueue(r.Context(), "export", "report "+def.Name, queue.Request{Kind: exportKind, Args: raw})
	if err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("%s/files/%d", reportPath(def.Name), ticket.ID), http.StatusSeeOther) // #nosec G710 -- an address of ours, of a report that there is
	return nil
}

// streams bounds how many selections are being downloaded. Each holds rows in memory for as long as its reader takes,
// and a reader may take nothing for as long as [pieceWithin].
type streams struct {
	mu    sync.Mutex
	total int
	by    map[string]int // by visitor
}

// Limits on downloads of selections at the same time: by each visitor, and by all.
const (
	streamsOfVisitor = 4
	streamsOfAll     = 24
)

// begin takes a place for a download of the visitor, which done gives back.
func (t *streams) begin(v access.Visitor) (done func(), err error) {
	key := v.Via + " " + v.Name
	if v.Via == access.ViaThisMachine {
		key += " " + v.Address
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.by[key] >= streamsOfVisitor:
		return nil, tooManyRequests(fmt.Sprintf("You are downloading %d selections already. Wait until one is complete.", streamsOfVisitor))
	case t.total >= streamsOfAll:
		return nil, httpError{http.StatusServiceUnavailable, run.Unreachable("", "Too many selections are being downloaded. Try again in a minute.")}
	}
	if t.by == nil {
		t.by = map[string]int{}
	}
	t.by[key]++
	t.total++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.total--
		if t.by[key]--; t.by[key] == 0 {
			delete(t.by, key)
		}
	}, nil
}
