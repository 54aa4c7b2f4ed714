package web

import (
	"net/http"

	"cpd-jobs/internal/metrics"
)

// route is one address that the program answers, and the role that it needs. A route for people is a page, whose errors
// become pages too; one for machines answers for itself.
type route struct {
	pattern string
	needs   Role
	page    handler
	machine http.Handler
}

// table is every route.
func (s *site) table() []route {
	list := []route{
		{pattern: "GET /{$}", needs: Analyst, page: s.reportList},
		{pattern: "GET /reports", needs: Analyst, page: toFrontPage},
		{pattern: "GET /reports/{name}", needs: Analyst, page: s.report},
		{pattern: "GET /reports/{name}/downloads/{id}/{filename}", needs: Analyst, page: s.download},
		{pattern: "GET /reports/{name}/downloads/{id}/{filename}/link", needs: Analyst, page: s.linkForm},
		{pattern: "POST /reports/{name}/downloads/{id}/{filename}/link", needs: Analyst, page: s.makeLink},
		{pattern: "GET /shared/{link}/{filename}", needs: Public, page: s.shared},
		{pattern: "GET /reports/{name}/versions", needs: Analyst, page: s.versionList},
		{pattern: "GET /reports/{name}/changes", needs: Analyst, page: s.differences},
		{pattern: "GET /reports/{name}/changes.csv", needs: Analyst, page: s.differencesCSV},
		{pattern: "GET /reports/{name}/by/{by}", needs: Analyst, page: s.breakdown},
		{pattern: "GET /reports/{name}/dictionary", needs: Analyst, page: s.dictionary},
		{pattern: "GET /reports/{name}/lineage.svg", needs: Analyst, page: s.lineage},
		{pattern: "GET /reports/{name}/explore", needs: Analyst, page: s.explore},
		{pattern: "GET /reports/{name}/explore.csv", needs: Analyst, page: s.selectionCSV},
		{pattern: "POST /reports/{name}/explore/files", needs: Analyst, page: s.askForFile},
		{pattern: "POST /reports/{name}/files", needs: Analyst, page: s.askForWhole},
		{pattern: "GET /reports/{name}/files/{job}", needs: Analyst, page: s.file},
		{pattern: "GET /schools/{urn}", needs: Analyst, page: s.school},

		{pattern: "GET /runs", needs: Developer, page: s.runList},
		{pattern: "GET /runs/{id}", needs: Developer, page: s.run},
		{pattern: "GET /runs/{id}/events", needs: Developer, page: s.events},
		{pattern: "GET /runs/{id}/cancel", needs: Developer, page: s.cancelForm},
		{pattern: "POST /runs/{id}/cancel", needs: Developer, page: s.cancel},
		{pattern: "GET /runs/{id}/retry", needs: Developer, page: s.retryForm},
		{pattern: "POST /runs/{id}/retry", needs: Developer, page: s.retry},

		{pattern: "GET /schedules", needs: Developer, page: s.scheduleList},
		{pattern: "GET /schedules/{name}", needs: Developer, page: s.schedule},
		{pattern: "GET /schedules/{name}/pause", needs: Developer, page: s.pauseForm},
		{pattern: "POST /schedules/{name}/pause", needs: Developer, page: s.pause},
		{pattern: "GET /schedules/{name}/resume", needs: Developer, page: s.resumeForm},
		{pattern: "POST /schedules/{name}/resume", needs: Developer, page: s.resume},
		{pattern: "GET /schedules/{name}/run", needs: Developer, page: s.triggerForm},
		{pattern: "POST /schedules/{name}/run", needs: Developer, page: s.trigger},
		{pattern: "GET /schedules/{name}/backfill", needs: Developer, page: s.backfillForm},
		{pattern: "POST /schedules/{name}/backfill", needs: Developer, page: s.backfill},

		{pattern: "GET /queues", needs: Developer, page: s.queueList},
		{pattern: "GET /audit", needs: Admin, page: s.auditList},
		{pattern: "GET /tokens", needs: Admin, page: s.tokenList},
		{pattern: "GET /tokens/{id}/revoke", needs: Admin, page: s.revokeForm},
		{pattern: "POST /tokens/{id}/revoke", needs: Admin, page: s.revoke},

		{pattern: "GET /sign-in", needs: Public, page: s.signIn},
		{pattern: "GET /sign-in/callback", needs: Public, page: s.signedIn},
		{pattern: "POST /sign-out", needs: Public, page: s.signOut},

		{pattern: "GET /cookies", needs: Public, page: s.cookies},
		{pattern: "POST /cookies", needs: Public, page: s.chooseCookies},
		{pattern: "GET /accessibility", needs: Public, page: s.accessibility},

		{pattern: "GET /openapi.json", needs: Analyst, page: s.document},
		{pattern: "GET /docs", needs: Analyst, page: s.docs},
		{pattern: "GET /docs/", needs: Analyst, machine: s.docsFiles},

		{pattern: "GET /", needs: Public, page: noSuchPage}, // GET alone, so that another method on a known address is still told 405
		{pattern: "GET /assets/", needs: Public, machine: s.assets},
		{pattern: "GET /ping", needs: Public, machine: http.HandlerFunc(ping)},
		{pattern: "GET /health/ready", needs: Public, machine: http.HandlerFunc(s.ready)},
		{pattern: "GET /health", needs: Public, machine: http.HandlerFunc(s.health)},
		{pattern: "GET /.well-known/security.txt", needs: Public, machine: http.HandlerFunc(s.securityTxt)},
		{pattern: "GET /security.txt", needs: Public, machine: http.HandlerFunc(s.securityTxt)},
	}
	for _, r := range s.api.Routes() {
		list = append(list, route{pattern: r.Pattern, needs: Role(r.Needs), machine: private(r.Handler)})
	}
	if s.Metrics != nil {
		list = append(list, route{pattern: "GET /metrics", needs: Developer, machine: s.Metrics})
	}
	return list
}

// routes answers by the table; nothing is answered that is not in it.
func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.table() {
		h := route.machine
		if route.page != nil {
			h = s.page(route.page)
		}
		mux.Handle(route.pattern, s.guard(route, h))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern == "" && isAPI(r) {
			refuseMethod(h, w, r)
			return
		}
		defer metrics.Matched(r)
		mux.ServeHTTP(w, r)
	})
}

// refuseMethod says as a problem what the router would say in plain text: that the address knows other methods.
func refuseMethod(router http.Handler, w http.ResponseWriter, r *http.Request) {
	seen := &headOnly{header: http.Header{}}
	router.ServeHTTP(seen, r)
	if allow := seen.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	writeProblem(w, problem{Status: seen.status, Detail: "This address does not answer " + r.Method + "."})
}

// headOnly keeps the head of an answer.
type headOnly struct {
	header http.Header
	status int
}

func (h *headOnly) Header() http.Header         { return h.header }
func (h *headOnly) Write(p []byte) (int, error) { return len(p), nil }
func (h *headOnly) WriteHeader(status int)      { h.status = status }

// private keeps answers out of every cache.
func private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// toFrontPage is for people who shorten an address by hand: the list of reports is the front page.
func toFrontPage(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/", http.StatusFound)
	return nil
}
