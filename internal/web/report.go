package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
)

// How much of a report's past its page shows.
const (
	versionsShown = 20
	filesRead     = 5 * versionsShown // a file in each of a few formats for each version
)

// reportPage is one report: what it is, how fresh, its files, and what the latest version was made from.
type reportPage struct {
	Title, About string
	Explore      string // address of its rows; "" where they are not shown
	Freshness    freshness
	Warnings     []warning    // what the checks of the latest version found
	Files        []attachment // of the newest version that has any
	FilesNote    string       // what to know where that is not the latest version
	Funnel       *funnel      // nil where the report has none
	Inputs       []inputLine
	Versions     []versionLine
}

// inputLine is one input of the latest version.
type inputLine struct {
	Title   string
	AsAt    time.Time
	Rows    int64
	Version int64
}

// warning is a check that the latest version was published in spite of.
type warning struct {
	About         string
	Offending, Of int64
}

// versionLine is one version of the report with the files that are kept of it.
type versionLine struct {
	reports.Refreshed
	Files []attachment
}

func (p reportPage) Page() Page {
	return Page{Template: "report.html", Title: p.Title, Section: "/"}
}

func (s *site) report(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.PathValue("name"))
	if err != nil {
		return err
	}
	refreshes, err := reports.Refreshes(r.Context(), s.DB, def.Name, versionsShown)
	if err != nil {
		return err
	}
	files, err := exports.List(r.Context(), s.DB, def.Name, filesRead)
	if err != nil {
		return err
	}
	page := newReportPage(def, refreshes, files, s.Now())
	if page.Warnings, err = s.warnings(r.Context(), def, refreshes); err != nil {
		return err
	}
	if len(refreshes) > 0 {
		page.Funnel, err = s.funnelOf(r.Context(), def, r.URL.Query().Get("schools"))
	}
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

func newReportPage(def *reports.Definition, refreshes []reports.Refreshed, files []exports.Export, now time.Time) reportPage {
	p := reportPage{Title: def.Title, Explore: explorePath(def), About: def.About, Freshness: newFreshness(def, nil, now)}
	byVersion := map[int64][]attachment{}
	for _, e := range files {
		if !e.Selection.Whole() {
			continue // somebody's part of the report would pass for all of it here
		}
		byVersion[e.Version] = append(byVersion[e.Version], newAttachment(def, e))
	}
	for _, kept := range byVersion {
		slices.SortFunc(kept, func(a, b attachment) int {
			return slices.Index(def.Formats, a.FormatKey) - slices.Index(def.Formats, b.FormatKey)
		})
	}
	for _, ref := range refreshes {
		p.Versions = append(p.Versions, versionLine{Refreshed: ref, Files: byVersion[ref.Version]})
		if p.Files == nil {
			p.Files = byVersion[ref.Version]
		}
	}
	if len(refreshes) > 0 {
		p.Freshness = newFreshness(def, &refreshes[0], now)
		p.Inputs = inputLines(refreshes[0].Inputs)
		p.FilesNote = filesNote(refreshes[0], p.Files)
	}
	return p
}

// filesNote says how files of an earlier version stand to the latest: a version that changed nothing gets no files of its own.
func filesNote(latest reports.Refreshed, files []attachment) string {
	switch {
	case len(files) == 0 || files[0].Version == latest.Version:
		return ""
	case files[0].Version >= latest.ContentVersion:
		return "Nothing in the report has changed since these files were made."
	default:
		return fmt.Sprintf("Files of version %d have not been made yet: these are of version %d.", latest.Version, files[0].Version)
	}
}

func (s *site) warnings(ctx context.Context, def *reports.Definition, refreshes []reports.Refreshed) ([]warning, error) {
	if len(refreshes) == 0 || refreshes[0].Warnings == 0 {
		return nil, nil
	}
	found, err := reports.Warnings(ctx, s.DB, def.Name, refreshes[0].Version)
	if err != nil {
		return nil, err
	}
	list := make([]warning, len(found))
	for i, c := range found {
		list[i] = warning{About: c.About, Offending: c.Offending, Of: c.Of}
	}
	return list, nil
}

// inputTitles are the inputs in the words of the report's users.
var inputTitles = map[string]string{
	"cpd":    "CPD service",
	"gias":   "Register of schools (GIAS)",
	"uplift": "Uplift files",
}

func inputLines(used []reports.InputUsed) []inputLine {
	lines := make([]inputLine, len(used))
	for i, in := range used {
		title := inputTitles[string(in.Input)]
		if title == "" {
			title = words(string(in.Input))
		}
		lines[i] = inputLine{Title: title, AsAt: in.AsAt, Rows: in.Rows, Version: in.Version}
	}
	return lines
}
