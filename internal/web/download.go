package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
)

// errNoFile is what a visitor reads when the file is no more, or never was.
const errNoFile = notFound("There is no such file. Older files are removed after a time: the report's page has the latest.")

// download streams a file from the store: whole or in parts, or only that the visitor's copy is still right.
func (s *site) download(w http.ResponseWriter, r *http.Request) error {
	e, err := s.export(r)
	if err != nil {
		return err
	}
	return s.serveFile(w, r, e)
}

// serveFile answers with an export's file. Who takes a whole file is in the audit; a part of one, or the news that nothing
// has changed, follows one that was taken before.
func (s *site) serveFile(w http.ResponseWriter, r *http.Request, e exports.Export) error {
	if r.Method != http.MethodGet || r.Header.Get("Range") != "" || r.Header.Get("If-None-Match") != "" {
		return s.sendFile(w, r, e)
	}
	return s.audited(r.Context(), deed{Action: "download", Target: fmt.Sprintf("export %d", e.ID), Detail: map[string]any{"name": e.Name}}, func(context.Context) error {
		return s.sendFile(w, r, e)
	})
}

func (s *site) sendFile(w http.ResponseWriter, r *http.Request, e exports.Export) error {
	file, err := s.Store.Open(r.Context(), e.Key)
	if errors.Is(err, store.ErrNotFound) {
		s.Log.ErrorContext(r.Context(), "exported file is not in the store", "export", e.ID, "name", e.Name)
		return errNoFile
	}
	if err != nil {
		return fmt.Errorf("open the file of export %d: %w", e.ID, err)
	}
	defer file.Close()
	if got := file.Info().Size; got != e.Size {
		return fmt.Errorf("the file of export %d has %d bytes in the store, not %d", e.ID, got, e.Size)
	}
	h := w.Header()
	h.Set("Content-Type", formatOf(e.Format).mediaType)
	h.Set("Content-Disposition", attachmentNamed(e.Name))
	h.Set("ETag", `"`+e.SHA256+`"`)
	h.Set("Cache-Control", "private, no-cache") // the browser asks each time, and mostly hears that nothing changed
	http.ServeContent(w, r, "", e.CreatedAt, file)
	return nil
}

// export finds the file that the address names. All three parts must agree, so that an address always says what it gives.
func (s *site) export(r *http.Request) (exports.Export, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return exports.Export{}, errNoFile
	}
	def, err := findReport(r.PathValue("name"))
	if err != nil {
		return exports.Export{}, err
	}
	e, err := exports.Find(r.Context(), s.DB, id)
	switch {
	case errors.Is(err, exports.ErrNone):
		return e, errNoFile
	case err != nil:
		return e, err
	case e.Report != def.Name || e.Name != r.PathValue("filename"):
		return e, errNoFile
	}
	return e, nil
}

// attachmentNamed is a Content-Disposition with the name in both forms: plain for old programs, RFC 5987 for the rest.
func attachmentNamed(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
