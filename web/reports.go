package web

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// reportsPage is the front page: every report and how fresh it is.
type reportsPage struct{ Reports []reportLine }

// reportLine is one report of the list.
type reportLine struct {
	Name, Title, About, Href string
	Freshness                freshness
	Files                    []attachment // of the newest version that has any
	place                    int
}

// freshness is how old a report's data are, against its target.
type freshness struct {
	Refreshed   bool // false: no refresh has been published, and nothing else is known
	AsOf        time.Time
	PublishedAt time.Time
	Age         time.Duration // of the data, by the clock of this machine
	Target      time.Duration // 0: the report has none
	Late        bool
	Rows        int64
	Noun        string // what the rows are: "Schools"
}

func (reportsPage) Page() Page {
	return Page{Template: "reports.html", Title: "Reports", Section: "/"}
}

func (s *site) reportList(w http.ResponseWriter, r *http.Request) error {
	overviews, err := reports.Summaries(r.Context(), s.DB)
	if err != nil {
		return err
	}
	var page reportsPage
	now := s.Now()
	for _, o := range overviews {
		def, err := findReport(r.Context(), o.Name)
		if err != nil {
			continue // not for everybody
		}
		files, err := s.filesByVersion(r.Context(), def)
		if err != nil {
			return err
		}
		page.Reports = append(page.Reports, reportLine{
			Name:      o.Name,
			Title:     o.Title,
			About:     o.About,
			Href:      reportPath(o.Name),
			Freshness: newFreshness(def, o.Latest, now),
			Files:     newestFiles(files),
			place:     place(def),
		})
	}
	slices.SortStableFunc(page.Reports, func(a, b reportLine) int { return cmp.Compare(a.place, b.place) })
	return s.render(w, r, http.StatusOK, page)
}

// place is where a report stands in the list: those that declare none come last.
func place(def *definition.Definition) int {
	if def.Place > 0 {
		return def.Place
	}
	return math.MaxInt
}

var errNoReport = notFound("There is no report of that name.")

// findReport takes a report's name with hyphens or underscores. A report with personal data is not there for those who
// may not see it.
func findReport(ctx context.Context, name string) (*definition.Definition, error) {
	def, err := reports.Find(strings.ReplaceAll(name, "-", "_"))
	if err != nil {
		return nil, errNoReport
	}
	if def.Restricted() && !access.Of(ctx).Can(access.Personal) {
		return nil, hiddenError{errNoReport}
	}
	return def, nil
}

// findOpen finds a report whose rows pages and the API show. Those of a report with personal data are in its files
// alone, each download of which is recorded.
func findOpen(name string) (*definition.Definition, error) {
	def, err := reports.Find(strings.ReplaceAll(name, "-", "_"))
	if err != nil || def.Restricted() {
		return nil, errNoReport
	}
	return def, nil
}

// fileStem begins the names of files of a report: with hyphens, as in addresses.
func fileStem(def *definition.Definition) string { return strings.ReplaceAll(def.Name, "_", "-") }

// newFreshness judges by the age of the data, not of the refresh: a refresh of old inputs does not make a report fresh.
func newFreshness(def *definition.Definition, latest *versions.Version, now time.Time) freshness {
	f := freshness{Noun: words(def.Row) + "s", Target: def.Freshness}
	if latest == nil {
		return f
	}
	f.Refreshed = true
	f.AsOf, f.PublishedAt, f.Rows = latest.AsOf, latest.PublishedAt, latest.Rows
	f.Age = max(0, now.Sub(latest.AsOf))
	f.Late = f.Target > 0 && f.Age > f.Target
	return f
}

// reportPath is the address of a report: with hyphens, as people type addresses.
func reportPath(name string) string { return "/reports/" + strings.ReplaceAll(name, "_", "-") }
