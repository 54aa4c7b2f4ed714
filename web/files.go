package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/store"
)

// errNoFile is what a visitor reads when the file is no more, or never was.
var errNoFile = notFound("There is no such file. Older files are removed after a time: the report's page has the latest.")

// descriptionSuffix ends the name of what describes a CSV file (CSV on the Web), beside the file as readers look for
// it.
const descriptionSuffix = "-metadata.json"

// download streams a file from the store: whole or in parts, or only that the visitor's copy is still right.
func (s *site) download(w http.ResponseWriter, r *http.Request) error {
	e, err := s.export(r)
	if err != nil {
		return err
	}
	if e.Name != r.PathValue("filename") {
		return s.sendDescription(w, r, e)
	}
	if descriptionOf(e) != "" {
		describedBy(w, filePath(e)+descriptionSuffix)
	}
	return s.serveFile(w, r, e, "")
}

// export finds the file that the address names. All three parts must agree, so that an address always says what it
// gives; the name may be that of the file's description.
func (s *site) export(r *http.Request) (exports.Export, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return exports.Export{}, errNoFile
	}
	e, err := s.findExport(r.Context(), id)
	if err != nil {
		return e, err
	}
	name := r.PathValue("filename")
	if reportPath(e.Report) != reportPath(r.PathValue("name")) || name != e.Name && (name != e.Name+descriptionSuffix || descriptionOf(e) == "") {
		return exports.Export{}, errNoFile
	}
	return e, nil
}

// findExport finds an export whose report the visitor may see; the error is errNoFile where there is none.
func (s *site) findExport(ctx context.Context, id int64) (exports.Export, error) {
	e, err := exports.Find(ctx, s.DB, id)
	if errors.Is(err, exports.ErrNone) {
		return e, errNoFile
	}
	if err != nil {
		return e, err
	}
	if _, err := findReport(ctx, e.Report); err != nil {
		return exports.Export{}, hiddenError{errNoFile}
	}
	return e, nil
}

// serveFile answers with an export's file, and records who downloads it, or a part of it, and by which link. An answer
// that a copy is still right is not recorded.
func (s *site) serveFile(w http.ResponseWriter, r *http.Request, e exports.Export, link string) error {
	have := strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/")
	if r.Method != http.MethodGet || have == etagOf(e) {
		return s.sendFile(w, r, e)
	}
	if part := r.Header.Get("Range"); s.Downloaded != nil && (part == "" || strings.HasPrefix(part, "bytes=0-")) {
		s.Downloaded(e.Report, e.Format)
	}
	detail := map[string]any{"name": e.Name}
	for name, value := range map[string]string{"link": link, "part": r.Header.Get("Range")} {
		if value != "" {
			detail[name] = value
		}
	}
	if isPersonal(e.Report) {
		detail["personal"] = true
	}
	// The holders of one link take a file in as many parts as they like: that they do is recorded once a minute.
	if access.Of(r.Context()).Via == access.ViaLink && !s.linkReads.allow(link, s.Now()) {
		return s.sendFile(w, r, e)
	}
	return s.audited(r.Context(), "download", fmt.Sprintf("export %d", e.ID), detail, func(context.Context) error {
		return s.sendFile(w, r, e)
	})
}

func (s *site) sendFile(w http.ResponseWriter, r *http.Request, e exports.Export) error {
	file, err := s.stored(r.Context(), e, e.Key)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := s.verified(r.Context(), e, file.Info()); err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // else a long download ends with the limit on reading the request
	h := w.Header()
	h.Set("Content-Type", mediaTypeOf(e))
	h.Set("Content-Disposition", attachmentNamed(e.Name))
	h.Set("ETag", etagOf(e))
	h.Set("Cache-Control", "private, no-cache") // the browser asks each time, and mostly hears that nothing changed
	if isPersonal(e.Report) {
		h.Set("Cache-Control", "no-store")
	}
	http.ServeContent(w, r, "", e.CreatedAt, file)
	return nil
}

// errDamaged is what a visitor reads whose file is not the one that was published.
var errDamaged = httpError{http.StatusConflict, run.Unreachable("", "This file was damaged in the store. It is being made again: the report's page has it in a few minutes.")}

// verified reads an export's file, the first time that this process gives it out as it is now, and compares it with what
// was published. One that is damaged is given out no more and made again.
func (s *site) verified(ctx context.Context, e exports.Export, info store.Info) error {
	as := fmt.Sprint(e.SHA256, info.Size, info.Modified.UnixNano())
	if known, ok := s.knownFiles.Load(e.ID); ok && known == as {
		return nil
	}
	err := exports.Copy(ctx, s.Store, e, io.Discard)
	if !errors.Is(err, exports.ErrDamaged) {
		if err == nil {
			s.knownFiles.Store(e.ID, as)
		}
		return err
	}
	s.Log.ErrorContext(ctx, "exported file is damaged", "export", e.ID, "name", e.Name, "error", err)
	first, err := exports.MarkDamaged(ctx, s.Control, e.ID)
	if err != nil || !first || s.Queue == nil {
		return errors.Join(err, errDamaged)
	}
	args, err := json.Marshal(map[string]any{"report": e.Report, "formats": []string{e.Format}, "where": e.Selection.Where,
		"search": e.Selection.Search, "columns": e.Selection.Columns, "sort": e.Selection.Sort})
	if err == nil {
		_, err = s.Queue.Enqueue(ctx, queue.Request{Kind: exportKind, Args: args, By: fmt.Sprintf("the pages (export %d was damaged)", e.ID)})
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "a damaged file is not made again", "export", e.ID, "error", err)
	}
	return errDamaged
}

// mediaTypeOf is that of the file as it is: one that is encrypted is an archive to all who see it.
func mediaTypeOf(e exports.Export) string {
	if e.Encrypted {
		return "application/zip"
	}
	return formatOf(e.Format).MediaType
}

func etagOf(e exports.Export) string { return `"` + e.SHA256 + `"` }

// stored opens a file of an export.
func (s *site) stored(ctx context.Context, e exports.Export, key string) (store.File, error) {
	file, err := s.Store.Open(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.Log.ErrorContext(ctx, "exported file is not in the store", "export", e.ID, "name", e.Name)
		return nil, errNoFile
	case err != nil:
		return nil, fmt.Errorf("open the file of export %d: %w", e.ID, err)
	}
	return file, nil
}

// descriptionOf is the key of what describes a CSV file, "" where there is none.
func descriptionOf(e exports.Export) string {
	at := slices.IndexFunc(e.Sidecars, func(key string) bool { return strings.HasSuffix(key, descriptionSuffix) })
	if at < 0 {
		return ""
	}
	return e.Sidecars[at]
}

// describedBy says where a file's description is, as CSV on the Web has it.
func describedBy(w http.ResponseWriter, address string) {
	w.Header().Add("Link", "<"+address+`>; rel="describedby"; type="application/csvm+json"`)
}

// sendDescription answers with what describes a CSV file.
func (s *site) sendDescription(w http.ResponseWriter, r *http.Request, e exports.Export) error {
	key := descriptionOf(e)
	if key == "" {
		return errNoFile
	}
	file, err := s.stored(r.Context(), e, key)
	if err != nil {
		return err
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/csvm+json")
	w.Header().Set("Cache-Control", "private, no-cache")
	http.ServeContent(w, r, "", e.CreatedAt, file)
	return nil
}

// filePath is the address of an exported file.
func filePath(e exports.Export) string {
	return fmt.Sprintf("%s/downloads/%d/%s", reportPath(e.Report), e.ID, url.PathEscape(e.Name))
}

// isPersonal says that a report has personal data; one that is no longer defined may have had.
func isPersonal(report string) bool {
	def, err := reports.Find(report)
	return err != nil || def.Restricted()
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

// attachment is a file that can be downloaded, as GOV.UK shows them.
type attachment struct {
	exports.Export
	As        format.Format
	Title     string // of the link
	Href      string
	ShareHref string // where a share link is made; "" where the file cannot be shared
}

// formatOf falls back on what is true of any file.
func formatOf(name string) format.Format {
	f, _ := format.Find(name)
	return f
}

func newAttachment(def *definition.Definition, e exports.Export) attachment {
	a := attachment{Export: e, As: formatOf(e.Format), Href: filePath(e)}
	a.Title = fmt.Sprintf("%s (%s)", def.Title, a.As.Label)
	if !def.Restricted() {
		a.ShareHref = a.Href + "/link"
	}
	if e.Encrypted {
		a.As.Note = "Opens with the passphrase for reports with personal data, in a program that knows AES-256 zip files. Inside: " + a.As.Title + "."
		a.As.Title, a.As.Short = "Encrypted zip file (AES-256)", false
	}
	return a
}

// filePage is a file that the visitor asked for: being made, or complete.
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
	job, err := queue.FindJob(r.Context(), s.Control, id)
	if errors.Is(err, queue.ErrNoJob) {
		return errNoFile
	}
	if err != nil {
		return err
	}
	var args struct {
		Report string `json:"report"`
		selection.Selection
	}
	if err := json.Unmarshal(job.Args, &args); err != nil || job.Kind != "report_export" || args.Report != def.Name {
		return errNoFile
	}
	page := filePage{
		Title: def.Title, Href: fmt.Sprintf("%s/files/%d", reportPath(def.Name), id), Report: reportPath(def.Name), Explore: explorePath(def),
		Finished: job.Finished(), Failed: job.Finished() && job.State != "completed", Part: partFacts(def, args.Selection),
	}
	if page.Files, err = s.filesOf(r.Context(), def, job); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

func partFacts(def *definition.Definition, s selection.Selection) []fact {
	list := known([]fact{{Key: searchLabel(def), Text: s.Search}})
	labelled := func(c definition.Column, value string) string { return cmp.Or(valueText(c, value), "None") }
	for _, t := range s.Terms(def, labelled) {
		list = append(list, fact{Key: t.Column.Title, Text: t.Text})
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
