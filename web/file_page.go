package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"cpd-jobs/queue"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
)

// filePage is a file that somebody asked for: being made, or here.
type filePage struct {
	Title, Href string
	Report      string
	Explore     string // "" where the report is not explored
	Part        []fact // which part of the report it has; none where it has all of it
	Finished    bool
	Failed      bool
	Files       []attachment
}

func (p filePage) Page() Page {
	return Page{Template: "file.html", Title: "Your file of " + p.Title, Section: "/"}
}

// file shows an export that was asked for, by its job: analysts need not see runs.
func (s *site) file(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PathValue("job"), 10, 64)
	if err != nil {
		return errNoFile
	}
	job, err := queue.FindJob(r.Context(), s.DB, id)
	if errors.Is(err, queue.ErrNoJob) {
		return errNoFile
	}
	if err != nil {
		return err
	}
	if job, err = queue.Successor(r.Context(), s.DB, job); err != nil {
		return err
	}
	var args struct {
		Report string            `json:"report"`
		Where  map[string]string `json:"where"`
		Search string            `json:"search"`
	}
	if err := json.Unmarshal(job.Args, &args); err != nil || job.Kind != "report_export" || args.Report != def.Name {
		return errNoFile
	}
	page := filePage{
		Title: def.Title, Href: fmt.Sprintf("%s/files/%d", reportPath(def.Name), id), Report: reportPath(def.Name), Explore: explorePath(def),
		Finished: job.Finished(), Failed: job.Finished() && job.State != "completed", Part: partFacts(def, args.Where, args.Search),
	}
	if page.Files, err = s.filesOf(r.Context(), def, job); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

func partFacts(def *definition.Definition, where map[string]string, search string) []fact {
	list := known([]fact{{Key: searchLabel(def), Text: search}})
	for _, c := range def.Columns {
		if value, ok := where[c.Name]; ok {
			list = append(list, fact{Key: c.Title, Text: cmp.Or(valueText(c, value), "None")})
		}
	}
	return list
}

// filesOf lists the files that an export made, or found made before.
func (s *site) filesOf(ctx context.Context, def *definition.Definition, job queue.Job) ([]attachment, error) {
	var result struct {
		Summary struct {
			Files []struct {
				ID int64 `json:"id"`
			} `json:"files"`
		} `json:"summary"`
	}
	if err := json.Unmarshal(job.Result, &result); err != nil || job.Kind != "report_export" {
		return nil, nil // not a result of an export: there are no files
	}
	var list []attachment
	for _, f := range result.Summary.Files {
		e, err := exports.Find(ctx, s.DB, f.ID)
		if errors.Is(err, exports.ErrNone) || err == nil && e.Report != def.Name {
			continue // kept no longer
		}
		if err != nil {
			return nil, err
		}
		list = append(list, newAttachment(def, e))
	}
	return list, nil
}
