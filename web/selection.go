package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
	"cpd-jobs/web/rows"
)

// selectionCSV streams a selection as a file, from its first rows on.
func (s *site) selectionCSV(w http.ResponseWriter, r *http.Request) error {
	def, err := findExplored(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	sel, err := rows.Parse(def, r.URL.Query())
	if err != nil {
		return err
	}
	latest, err := versions.List(r.Context(), s.DB, def.Name, 1)
	if err != nil {
		return err
	}
	if len(latest) == 0 {
		return notFound("There is nothing to download before the report has been made.")
	}
	name := strings.ReplaceAll(def.Name, "_", "-") + "-" + latest[0].AsOf.UTC().Format("2006-01-02T1504Z") + "-selection.csv"
	return s.streamCSV(w, r, def, sel, name)
}

// streamCSV writes a selection. An error before the first row is an error page; after it the connection is cut, so that
// half a file is not taken for a whole one.
func (s *site) streamCSV(w http.ResponseWriter, r *http.Request, def *definition.Definition, sel rows.Selection, name string) error {
	first, err := rows.Read(r.Context(), s.DB, def, sel, "", rows.AtOnce)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a long download outlives the limit on reading the request
	h := w.Header()
	h.Set("Content-Type", formatOf("csv").MediaType)
	h.Set("Content-Disposition", attachmentNamed(name))
	h.Set("Cache-Control", "no-store")
	if err := rows.WriteCSV(r.Context(), w, s.DB, def, sel, first); err != nil {
		if r.Context().Err() == nil {
			s.Log.ErrorContext(r.Context(), "selection cut off", "report", def.Name, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
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
	sel, err := rows.Parse(def, values, "format", rows.ParamSort)
	if err != nil {
		return err
	}
	where, exact := sel.Equal()
	switch {
	case s.Queue == nil:
		return errNoQueue
	case !exact:
		return run.Invalid("download it as CSV", "rows with other than equal values cannot be made into a file of this format")
	}
	return s.startExport(w, r, def, map[string]any{"formats": []string{values.Get("format")}, "where": where, "search": sel.Search, "columns": sel.Columns})
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
	if s.Queue == nil {
		return errNoQueue
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
	var ticket queue.Ticket
	err = s.audited(r.Context(), "export", "report "+def.Name, json.RawMessage(raw), func(ctx context.Context) (err error) {
		ticket, err = s.Queue.Enqueue(ctx, queue.Request{Kind: "report_export", Args: raw, By: access.Of(r.Context()).By()})
		return err
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("%s/files/%d", reportPath(def.Name), ticket.ID), http.StatusSeeOther) // #nosec G710 -- an address of ours, of a report that there is
	return nil
}
