package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/versions"
)

// rowPage is all that is known of one row of a report.
type rowPage struct {
	Name           string
	Key, KeyTitle  string
	Noun           string // what a row is
	Report         string // address of the report
	Back           option
	Gone           bool // not in the report, or no longer
	Absent         string
	AsOf           *time.Time
	Columns        []columnLine
	History        []changeLine
	Register       []fact
	Links          []linkLine
	RegisterChange []changeLine
}

// columnLine is a value with what it means.
type columnLine struct {
	Title, About string
	HTML         template.HTML
}

// changeLine is a cell that changed.
type changeLine struct {
	At       time.Time
	What     string
	Old, New string
	Version  int64 // of the report; 0 for the register
}

// linkLine leads to a school that this one is linked to in the register.
type linkLine struct{ Type, Name, Href, Day string }

func (p rowPage) Page() Page {
	return Page{Template: "row.html", Title: p.Name, Section: "/"}
}

// rowPath is the address of a row's own page; "" for a report with personal data, of which none is shown.
func rowPath(def *definition.Definition, key string) string {
	switch {
	case def.Restricted():
		return ""
	case def.RowPage.Address != "":
		return def.RowPage.Address + "/" + url.PathEscape(key)
	default:
		return reportPath(def.Name) + "/rows/" + url.PathEscape(key)
	}
}

// rowRoutes are the pages of rows that have addresses of their own.
func (s *site) rowRoutes() []route {
	var list []route
	for _, def := range reports.All() {
		if def.RowPage.Address != "" {
			page := func(w http.ResponseWriter, r *http.Request) error { return s.rowOf(w, r, def, r.PathValue(def.Key)) }
			list = append(list, route{pattern: "GET " + def.RowPage.Address + "/{" + def.Key + "}", needs: access.Analyst, page: page})
		}
	}
	return list
}

// row is the page of a row below its report, or leads to where it is instead.
func (s *site) row(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	if def.RowPage.Address != "" {
		http.Redirect(w, r, rowPath(def, r.PathValue("key")), http.StatusMovedPermanently) // #nosec G710 -- an address of ours
		return nil
	}
	return s.rowOf(w, r, def, r.PathValue("key"))
}

var keyForm = regexp.MustCompile(`^[0-9]{1,9}$`)

func (s *site) rowOf(w http.ResponseWriter, r *http.Request, def *definition.Definition, key string) error {
	none := notFound("There is no " + def.Row + " of that name in the report or its history.")
	if def.Restricted() || len(key) > 200 || strings.ContainsRune(key, 0) {
		return none
	}
	c, _ := def.Column(def.Key)
	if (def.RowPage.Register || c.Type == "integer") && !keyForm.MatchString(key) {
		return none
	}
	p := rowPage{
		Name: definition.Sentence(def.Row) + " " + key, Key: key, KeyTitle: c.Title, Noun: def.Row, Report: reportPath(def.Name), Absent: def.RowPage.Absent,
		Back: option{Text: def.Title, Href: reportPath(def.Name)},
	}
	if path := explorePath(def); path != "" {
		p.Back = option{Text: "Explore " + def.Title, Href: path}
	}
	for _, part := range []func(context.Context, *definition.Definition, *rowPage) error{s.rowNow, s.rowHistory, s.rowRegister} {
		if err := part(r.Context(), def, &p); err != nil {
			return err
		}
	}
	if p.Gone && len(p.History) == 0 && len(p.Register) == 0 {
		return none
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *site) rowNow(ctx context.Context, def *definition.Definition, p *rowPage) error {
	sel := selection.Selection{Where: selection.Where{def.Key: {p.Key}}}
	found, err := selection.Read(ctx, s.DB, def, sel, "", 1)
	if err != nil {
		return err
	}
	if p.Gone = len(found.Rows) == 0; p.Gone {
		return nil
	}
	for i, c := range def.Columns {
		value := found.Rows[0][i]
		if at, ok := value.(time.Time); ok && c.Name == definition.AsOfColumn {
			p.AsOf = &at
		}
		if name, ok := value.(string); ok && c.Name == def.Heading {
			p.Name = name
		}
		p.Columns = append(p.Columns, columnLine{Title: c.Title, About: c.About, HTML: showValue(c, value)})
	}
	return nil
}

// changesShown is how many changes a row's page shows.
const changesShown = 200

func (s *site) rowHistory(ctx context.Context, def *definition.Definition, p *rowPage) error {
	list, err := versions.OfRow(ctx, s.DB, def, p.Key, changesShown)
	if err != nil {
		return err
	}
	for _, h := range list {
		p.History = append(p.History, newChangeLine(def, h))
		if p.Gone && h.Action == "removed" {
			var row map[string]any
			if _ = json.Unmarshal(h.Old, &row); row[def.Heading] != nil { // a row without is called by its key
				p.Name, _ = row[def.Heading].(string)
			}
		}
	}
	return nil
}

func newChangeLine(def *definition.Definition, h versions.RowChange) changeLine {
	l := changeLine{At: h.PublishedAt, Version: h.Version}
	switch {
	case h.Action == "added":
		l.What = "Came into the report"
	case h.Action == "removed":
		l.What = "Left the report"
		if h.Reason != nil {
			l.What += ": " + words(*h.Reason)
		}
	case h.ColumnName != nil:
		c, ok := def.Column(*h.ColumnName)
		if l.What = c.Title; !ok {
			l.What = words(*h.ColumnName)
		}
		l.Old, l.New = jsonText(c, h.Old), jsonText(c, h.New)
	}
	return l
}

// rowRegister says what the register of schools has of a row whose key is a URN.
func (s *site) rowRegister(ctx context.Context, def *definition.Definition, p *rowPage) error {
	if !def.RowPage.Register {
		return nil
	}
	e, err := gias.Find(ctx, s.DB, p.Key)
	if errors.Is(err, gias.ErrNoEstablishment) {
		return nil
	}
	if err != nil {
		return err
	}
	value := func(heading string) string {
		at := slices.IndexFunc(e.Values, func(v gias.Value) bool { return v.Heading == heading })
		return text(e.Values[at].Value)
	}
	if p.Gone && len(p.History) == 0 {
		p.Name = value("EstablishmentName")
	}
	p.Register = known([]fact{
		{Key: "Name", Text: value("EstablishmentName")}, {Key: "Status", Text: value("EstablishmentStatus (name)")},
		{Key: "Type", Text: value("TypeOfEstablishment (name)")},
		{Key: "Opened", Text: registerDay(value("OpenDate"))}, {Key: "Closed", Text: registerDay(value("CloseDate"))},
		{Key: "Last changed here", At: &e.LastChanged}, {Key: "No longer in the register since", At: e.GoneSince},
	})
	for _, l := range e.Links {
		if l.URN == p.Key {
			p.Links = append(p.Links, linkLine{Type: l.Type, Name: cmp.Or(text(l.Name), l.LinkURN), Href: rowPath(def, l.LinkURN), Day: day(l.Established)})
		}
	}
	for _, c := range e.Changes {
		if c.URN == p.Key {
			p.RegisterChange = append(p.RegisterChange, changeLine{At: c.ChangedAt, What: c.Field, Old: unmasked(c.Old), New: unmasked(c.New)})
		}
	}
	return nil
}

// registerDay is a day of the register as people read it; it writes 1 January 1900 where it does not know.
func registerDay(text string) string {
	at, err := time.Parse("02-01-2006", text)
	if err != nil || at.Year() == 1900 {
		return ""
	}
	return day(&at)
}

// unmasked says in words that an address was left out: it may name somebody.
func unmasked(value *string) string {
	if text(value) == "***" {
		return "(an address)"
	}
	return text(value)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2 January 2006")
}
