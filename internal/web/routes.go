package web

import "net/http"

// routes is every address that the program answers. A route for people is a page, whose errors become pages too;
// one for machines answers for itself.
func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, page := range map[string]handler{
		"GET /{$}":            s.reportList,
		"GET /reports":        toFrontPage,
		"GET /reports/{name}": s.report,
		"GET /reports/{name}/downloads/{id}/{filename}": s.download,
		"GET /runs":      s.runList,
		"GET /runs/{id}": s.run,
		"GET /":          noSuchPage, // GET alone, so that another method on a known address is still told 405
	} {
		mux.HandleFunc(pattern, s.page(page))
	}
	mux.Handle("GET /assets/", s.assets)
	mux.HandleFunc("GET /ping", ping)
	mux.HandleFunc("GET /health/ready", s.ready)
	if s.Metrics != nil {
		mux.Handle("GET /metrics", s.Metrics)
	}
	return mux
}

// toFrontPage is for people who shorten an address by hand: the list of reports is the front page.
func toFrontPage(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/", http.StatusFound)
	return nil
}
