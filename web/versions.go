package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/versions"
)

// versionsPerPage is how many versions a report's page shows, and each page of earlier ones.
const versionsPerPage = 20

// versionLine is one version with the files that are kept of it.
type versionLine struct {
	versions.Version
	Changes string // address of what it changed; "" where that is not known
	Files   []attachment
}

// versionsPage lists earlier versions of a report.
type versionsPage struct {
	Title, Report string
	Noun          string
	Runs          bool
	Versions      []versionLine
	Older         string
}

func (p versionsPage) Page() Page {
	return Page{Template: "versions.html", Title: "Versions of " + p.Title, Section: "/"}
}

func (s *site) versionList(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	before, err := positive(r.URL.Query().Get("before"))
	if err != nil {
		return err
	}
	page := versionsPage{Title: def.Title, Report: reportPath(def.Name), Noun: words(def.Row) + "s", Runs: access.Of(r.Context()).Can(access.Developer)}
	files, err := s.filesByVersion(r.Context(), def)
	if err != nil {
		return err
	}
	if page.Versions, page.Older, err = s.versions(r.Context(), def, files, before); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

// versions lists a page of versions, newest first, before one of them or 0, and gives the address of the next page.
func (s *site) versions(ctx context.Context, def *definition.Definition, files map[int64][]attachment, before int64) (lines []versionLine, older string, err error) {
	list, err := versions.ListBefore(ctx, s.DB, def.Name, before, versionsPerPage+1)
	if err != nil {
		return nil, "", err
	}
	if len(list) > versionsPerPage {
		list = list[:versionsPerPage]
		older = fmt.Sprintf("%s/versions?before=%d", reportPath(def.Name), list[versionsPerPage-1].Version)
	}
	for _, v := range list {
		line := versionLine{Version: v, Files: files[v.Version]}
		if v.Version > 1 && !def.Restricted() {
			line.Changes = differencesPath(def, v.Version-1, v.Version)
		}
		lines = append(lines, line)
	}
	return lines, older, nil
}

// filesRead is more files than are kept of a report.
const filesRead = 2000

// filesByVersion lists the files of whole versions: a selection would pass for all of the report here.
func (s *site) filesByVersion(ctx context.Context, def *definition.Definition) (map[int64][]attachment, error) {
	list, err := exports.List(ctx, s.DB, def.Name, filesRead)
	if err != nil {
		return nil, err
	}
	byVersion := map[int64][]attachment{}
	for _, e := range list {
		if e.Selection.Whole() {
			byVersion[e.Version] = append(byVersion[e.Version], newAttachment(def, e))
		}
	}
	for _, kept := range byVersion {
		slices.SortFunc(kept, func(a, b attachment) int {
			return slices.Index(def.Formats, a.Format) - slices.Index(def.Formats, b.Format)
		})
	}
	return byVersion, nil
}

// newestFiles are the files of the newest version that has any.
func newestFiles(files map[int64][]attachment) []attachment {
	if len(files) == 0 {
		return nil
	}
	return files[slices.Max(slices.Collect(maps.Keys(files)))]
}

// missingFormats are the formats in which a version has no file yet, those that stand for it since nothing changed
// included.
func missingFormats(def *definition.Definition, latest versions.Version, files []attachment) []choice {
	var list []choice
	for _, format := range def.Formats {
		made := slices.ContainsFunc(files, func(f attachment) bool { return f.Format == format && f.Version >= latest.ContentVersion })
		if !made {
			list = append(list, choice{Value: format, Text: formatOf(format).Title, Selected: len(list) == 0})
		}
	}
	return list
}

// filesNote says how files of an earlier version stand to the latest: a version that changed nothing gets no files of
// its own.
func filesNote(latest versions.Version, files []attachment) string {
	switch {
	case len(files) == 0 || files[0].Version == latest.Version:
		return ""
	case files[0].Version >= latest.ContentVersion:
		return "Nothing in the report has changed since these files were made."
	default:
		return fmt.Sprintf("Files of version %d have not been made yet: these are of version %d.", latest.Version, files[0].Version)
	}
}

// withdraw is a version that was found wrong, and the earlier one that is shown in its place.
type withdraw struct {
	Version, Restored int64
	At                time.Time
	Why               string
}

// withdrawnBefore says why the latest version is an earlier one again; nil where it is not.
func (s *site) withdrawnBefore(ctx context.Context, def *definition.Definition, latest versions.Version) (*withdraw, error) {
	if latest.Restores == nil {
		return nil, nil
	}
	v, err := versions.LatestWithdrawn(ctx, s.DB, def.Name, latest.Version)
	if v == nil || err != nil {
		return nil, err
	}
	w := &withdraw{Version: v.Version, Restored: *latest.Restores, At: *v.Withdrawn}
	if v.WithdrawnWhy != nil {
		w.Why = *v.WithdrawnWhy
	}
	return w, nil
}
