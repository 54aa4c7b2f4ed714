package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
)

// linkPage shows a link, once.
type linkPage struct {
	Title, Name string
	Address     string
	Until       time.Time
	Back        string
}

func (linkPage) Page() Page {
	return Page{Template: "link.html", Title: "Link to hand on", Section: "/"}
}

// linkLives are how long a link may be good for.
func linkLives() field {
	return field{Name: "for", Label: "How long should the link work?", Choices: []choice{
		{Value: "1h", Text: "1 hour"}, {Value: "24h", Text: "1 day"}, {Value: "168h", Text: "7 days"},
	}}
}

func linkQuestion(def *definition.Definition, e exports.Export, life, problem string) confirmPage {
	how := linkLives()
	how.choose(life)
	return confirmPage{
		Title: "Make a link to hand on", Section: "/",
		Text: []string{
			"The link leads to " + e.Name + ". Whoever has it can take this file without signing in, until the link ends.",
			"That you made it is recorded, and each time that somebody uses it.",
		},
		Fields: []field{how}, Method: "post", Action: filePath(e) + "/link", Button: "Make the link",
		Back: reportPath(def.Name), Problem: problem,
	}
}

func (s *site) linkForm(w http.ResponseWriter, r *http.Request) error {
	def, e, err := s.exportToHandOn(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, linkQuestion(def, e, "24h", ""))
}

func (s *site) makeLink(w http.ResponseWriter, r *http.Request) error {
	def, e, err := s.exportToHandOn(r)
	if err != nil {
		return err
	}
	values, err := form(w, r)
	if err != nil {
		return err
	}
	how := linkLives()
	if !how.choose(values.Get("for")) {
		return s.render(w, r, http.StatusBadRequest, linkQuestion(def, e, "24h", "Choose how long the link should work"))
	}
	life, err := time.ParseDuration(values.Get("for"))
	if err != nil {
		return err
	}
	address, until, err := s.handOn(r.Context(), e, life)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, linkPage{Title: def.Title, Name: e.Name, Address: s.publicURL(r) + address, Until: until, Back: reportPath(def.Name)})
}

func (s *site) exportToHandOn(r *http.Request) (*definition.Definition, exports.Export, error) {
	e, err := s.export(r)
	if err != nil {
		return nil, e, err
	}
	def, err := findReport(r.Context(), e.Report)
	return def, e, err
}

// publicURL is where people find these pages, without a slash at the end.
func (s *site) publicURL(r *http.Request) string {
	if s.gate != nil {
		return s.gate.PublicURL
	}
	return "http://" + r.Host // which was found to be this machine
}

// shared gives the file of a link to whoever has the link.
func (s *site) shared(w http.ResponseWriter, r *http.Request) error {
	key, err := linkKey(r.Context(), s.DB)
	if err != nil {
		return err
	}
	l, err := readLink(r.PathValue("link"), key, s.Now())
	if err != nil {
		return err
	}
	e, err := exports.Find(r.Context(), s.DB, l.Export)
	switch {
	case errors.Is(err, exports.ErrNone):
		return errNoFile
	case err != nil:
		return err
	case isPersonal(e.Report) || e.Name != r.PathValue("filename"):
		return errNoLink
	}
	v := visitorOf(r.Context())
	if !v.Known() {
		v.Name, v.Via = fmt.Sprintf("whoever has link %s", l.ID), viaLink
		r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, v))
	}
	w.Header().Set("X-Robots-Tag", "noindex")
	return s.serveFile(w, r, e, l.ID)
}
