package web

import (
	"net/http"
	"strings"

	"github.com/swaggest/swgui/v5emb"
)

// docsPolicy is the policy of the API's page: Swagger UI has pictures within its style sheet. Its script is a file like
// any other, and nothing comes from another host.
var docsPolicy = strings.Replace(securityHeaders["Content-Security-Policy"], "default-src 'self';", "default-src 'self'; img-src 'self' data:;", 1)

// docsPage is the page of the API, which its own script fills.
type docsPage struct{}

func (docsPage) Page() Page {
	return Page{Template: "docs.html", Title: "API", Section: "/docs"}
}

// docs shows the API by its document. The page is ours: that of Swagger UI's module has a script within.
func (s *site) docs(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Security-Policy", docsPolicy) // which knows nothing of analytics: this page is not counted
	return s.render(w, r, http.StatusOK, docsPage{})
}

// newDocsFiles serves Swagger UI's own files.
func newDocsFiles() http.Handler {
	return v5emb.New("API", "/openapi.json", "/docs/")
}

// document is what programs read of the API.
func (s *site) document(w http.ResponseWriter, r *http.Request) error {
	body, err := s.api.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	_, _ = w.Write(body) // the visitor has gone: nothing to do about it
	return nil
}
