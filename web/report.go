package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// reportPage is one report: what it is, how fresh, its files, how things stand, and what the latest version was made
// from.
type reportPage struct {
	Title, About, Href string
	Noun               string // what the rows are, for the table of versions
	Explore            string // address of its rows; "" where they are not shown
	Freshness          freshness
	Restricted         bool           // it has personal data
	Runs               bool           // the visitor may see runs
	Stopped            *versions.Stop // the refresh since the latest version that a check stopped
	Withdrawn          *withdraw      // why the latest version is an earlier one again
	Checks             checksOf       // of the latest version
	Files              []attachment
	FilesNote          string   // what to know where the files are not of the latest version
	Missing            []choice // formats that it can be made in and has not been
	Contact            *option  // who makes other formats; nil where CONTACT is not set
	Latest             latestChanges
	Groups             []option // of rows, for the charts
	Funnel             *funnel
	Trend              *trend
	Figures            *figureTable // of the first breakdown
	Ways               []option     // all ways in which it is divided
	Inputs             []inputLine
	Versions           []versionLine
	Older              string // address of earlier versions; "" if these are all
}

// latestChanges is what the latest version changed, and where that is told in full.
type latestChanges struct {
	Href                    string // "" where there is nothing before it to compare with
	Added, Removed, Changed int64
}

func (p reportPage) Page() Page {
	return Page{Template: "report.html", Title: p.Title, Section: "/"}
}

func (s *site) report(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	group, err := groupOf(def, r)
	if err != nil {
		return err
	}
	latest, err := versions.List(r.Context(), s.DB, def.Name, 1)
	if err != nil {
		return err
	}
	p := reportPage{
		Title: def.Title, About: def.About, Href: reportPath(def.Name), Noun: words(def.Row) + "s", Explore: explorePath(def), Restricted: def.Restricted(),
		Freshness: newFreshness(def, nil, s.Now()), Runs: access.Of(r.Context()).Can(access.Developer),
		Contact: s.contact(),
	}
	if len(latest) == 0 {
		p.Stopped, err = versions.LatestStop(r.Context(), s.DB, def.Name, time.Time{})
	} else {
		err = s.fillReport(r.Context(), def, latest[0], group, &p)
	}
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, p)
}

// fillReport reads all that a page says of a report that has been made.
func (s *site) fillReport(ctx context.Context, def *definition.Definition, latest versions.Version, group string, p *reportPage) error {
	p.Freshness = newFreshness(def, &latest, s.Now())
	p.Inputs = inputLines(latest.Inputs)
	p.Latest = latestChanges{Added: latest.Added, Removed: latest.Removed, Changed: latest.Changed}
	if latest.Version > 1 && !def.Restricted() {
		p.Latest.Href = differencesPath(def, latest.Version-1, latest.Version)
	}
	files, err := s.filesByVersion(ctx, def)
	if err != nil {
		return err
	}
	if p.Versions, p.Older, err = s.versions(ctx, def, files, 0); err != nil {
		return err
	}
	p.Files = newestFiles(files)
	p.FilesNote = filesNote(latest, p.Files)
	if s.Queue != nil {
		p.Missing = missingFormats(def, latest, p.Files)
	}
	if p.Withdrawn, err = s.withdrawnBefore(ctx, def, latest); err != nil {
		return err
	}
	var warnings []versions.CheckResult
	if latest.Warnings > 0 {
		if warnings, err = versions.Warnings(ctx, s.DB, def.Name, latest.Version); err != nil {
			return err
		}
	}
	p.Checks = newChecks(def.Checks, warnings)
	if p.Stopped, err = versions.LatestStop(ctx, s.DB, def.Name, latest.PublishedAt); err != nil {
		return err
	}
	return s.fillCharts(ctx, def, group, p)
}

func (s *site) fillCharts(ctx context.Context, def *definition.Definition, group string, p *reportPage) (err error) {
	if p.Funnel, err = s.funnelOf(ctx, def, group); err != nil {
		return err
	}
	if p.Trend, err = s.trendOf(ctx, def, group); err != nil {
		return err
	}
	p.Groups = groups(def, func(group string) string { return p.Href + "?" + groupParam(def) + "=" + group + "#funnel" }, group)
	if len(def.Breakdowns) == 0 {
		return nil
	}
	for _, b := range def.Breakdowns {
		p.Ways = append(p.Ways, option{Text: b.Title, Href: breakdownPath(def, b, group)})
	}
	first, err := s.figuresOf(ctx, def, def.Breakdowns[0], group)
	p.Figures = &first
	return err
}

// WaysText says in what ways the report is divided: "By region, phase, provider and more".
func (p reportPage) WaysText() string {
	const named = 3
	var list []string
	for _, w := range p.Ways[:min(named, len(p.Ways))] {
		list = append(list, strings.ToLower(w.Text))
	}
	text := "By " + strings.Join(list, ", ")
	if len(p.Ways) > named {
		text += " and more"
	}
	return text
}

// inputLine is one input of the latest version.
type inputLine struct {
	Title string
	versions.InputUsed
}

// Behind is how far the source was behind when it was read, "" where it was not.
func (l inputLine) Behind() string {
	if l.BehindSeconds == 0 {
		return ""
	}
	return max(time.Duration(l.BehindSeconds*float64(time.Second)).Round(time.Second), time.Second).String()
}

// inputTitles are the inputs in the words of the report's users.
var inputTitles = map[string]string{
	"cpd":    "CPD service",
	"gias":   "Register of schools (GIAS)",
	"uplift": "Uplift files",
}

func inputTitle(name string) string {
	if title := inputTitles[name]; title != "" {
		return title
	}
	return words(name)
}

func inputLines(used []versions.InputUsed) []inputLine {
	lines := make([]inputLine, len(used))
	for i, in := range used {
		lines[i] = inputLine{Title: inputTitle(string(in.Input)), InputUsed: in}
	}
	return lines
}

// checksOf is what the checks of a version found, and all that were made.
type checksOf struct {
	Found []checkLine // those that found something
	All   []checkLine
}

// checkLine is one check and what it found.
type checkLine struct {
	Name, About   string
	Stops         bool // what it finds stops a refresh
	Offending, Of int64
}

// newChecks puts results to the checks of a definition. A result of a check that is no longer there shows beside them.
func newChecks(checks []definition.Check, found []versions.CheckResult) checksOf {
	var c checksOf
	results := map[string]versions.CheckResult{}
	for _, r := range found {
		results[r.Name] = r
		c.Found = append(c.Found, checkLine{Name: r.Name, About: r.About, Offending: r.Offending, Of: r.Of})
	}
	for _, check := range checks {
		r := results[check.Name]
		c.All = append(c.All, checkLine{Name: check.Name, About: check.About, Stops: check.Level == "error", Offending: r.Offending, Of: r.Of})
	}
	return c
}
