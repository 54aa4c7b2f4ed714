package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
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
	return Page{Template: "link.html", Title: "Share link", Section: "/"}
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
		Title: "Make a share link", Section: "/",
		Text: []string{
			"The link leads to " + e.Name + ". Anyone who has it can download this file without signing in, until the link expires.",
			"We record that you made it, and each time that it is used.",
		},
		Fields: []field{how}, Method: "post", Action: filePath(e) + "/link", Button: "Make the link",
		Back: reportPath(def.Name), Problem: problem,
	}
}

func (s *site) linkForm(w http.ResponseWriter, r *http.Request) error {
	def, e, err := s.exportToShare(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, linkQuestion(def, e, "24h", ""))
}

func (s *site) makeLink(w http.ResponseWriter, r *http.Request) error {
	def, e, err := s.exportToShare(r)
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
	address, until, err := s.shareLink(r.Context(), e, life)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, linkPage{Title: def.Title, Name: e.Name, Address: s.publicURL(r) + address, Until: until, Back: reportPath(def.Name)})
}

func (s *site) exportToShare(r *http.Request) (*definition.Definition, exports.Export, error) {
	e, err := s.export(r)
	if err != nil {
		return nil, e, err
	}
	def, err := findReport(r.Context(), e.Report)
	return def, e, err
}

// shareLink makes a link to a file that is valid for life, and records who made it. One to personal data is refused:
// nothing would tell who has it, and such files are for people who are known to have the role.
func (s *site) shareLink(ctx context.Context, e exports.Export, life time.Duration) (address string, until time.Time, err error) {
	l, wrong := access.NewShareLink(e.ID, s.Now(), life)
	detail := map[string]any{"name": e.Name, "link": l.ID, "until": l.Until.UTC()}
	err = s.audited(ctx, "share", fmt.Sprintf("export %d", e.ID), detail, func(ctx context.Context) error {
		if isPersonal(e.Report) {
			return run.Blocked("people who need it sign in with the role "+string(access.Personal), "a file with personal data is not shared by link")
		}
		if wrong != nil {
			return wrong
		}
		signed, err := access.SignLink(ctx, s.Control, l)
		address = "/shared/" + signed + "/" + url.PathEscape(e.Name)
		return err
	})
	return address, l.Until, err
}

// publicURL is where people find these pages, without a slash at the end.
func (s *site) publicURL(r *http.Request) string {
	if s.gate != nil {
		return s.gate.PublicURL
	}
	return "http://" + r.Host // which was found to be this machine
}

// shared answers with the file of a share link, to anyone who has the link.
func (s *site) shared(w http.ResponseWriter, r *http.Request) error {
	l, err := access.OpenLink(r.Context(), s.Control, r.PathValue("link"), s.Now())
	if errors.Is(err, access.ErrNoLink) {
		return notFound(err.Error())
	}
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
		return notFound(access.ErrNoLink.Error())
	}
	v := access.Of(r.Context())
	if !v.Known() {
		v.Name, v.ID, v.Via = "holder of link "+l.ID, "link "+l.ID, access.ViaLink
		r = withVisitor(r, v)
	}
	w.Header().Set("X-Robots-Tag", "noindex")
	return s.serveFile(w, r, e, l.ID)
}
