package web

import (
	"net/http"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/metrics"
)

// route is one address that the program answers, and the role that it needs. A route for people is a page, whose errors
// become pages too; one for machines answers for itself.
type route struct {
	pattern string
	needs   access.Role
	page    handler
	machine http.Handler
	long    bool // its page takes as long as its reader does: a download, a stream
}

// table is every route.
func (s *site) table() []route {
	list := []route{
		{pattern: "GET /{$}", needs: access.Analyst, page: s.reportList},
		{pattern: "GET /reports", needs: access.Analyst, page: toFrontPage},
		{pattern: "GET /reports/{name}", needs: access.Analyst, page: s.report},
		{pattern: "GET /reports/{name}/downloads/{id}/{filename}", needs: access.Analyst, page: s.download, long: true},
		{pattern: "GET /reports/{name}/downloads/{id}/{filename}/link", needs: access.Analyst, page: s.linkForm},
		{pattern: "POST /reports/{name}/downloads/{id}/{filename}/link", needs: access.Analyst, page: s.makeLink},
		{pattern: "GET /shared/{link}/{filename}", needs: access.Public, page: s.shared, long: true},
		{pattern: "GET /reports/{name}/versions", needs: access.Analyst, page: s.versionList},
		{pattern: "GET /reports/{name}/changes", needs: access.Analyst, page: s.differences},
		{pattern: "GET /reports/{name}/changes.csv", needs: access.Analyst, page: s.differencesCSV, long: true},
		{pattern: "GET /reports/{name}/by/{by}", needs: access.Analyst, page: s.breakdown},
		{pattern: "GET /reports/{name}/dictionary", needs: access.Analyst, page: s.dictionary},
		{pattern: "GET /reports/{name}/lineage.svg", needs: access.Analyst, page: s.lineage},
		{pattern: "GET /reports/{name}/explore", needs: access.Analyst, page: s.explore},
		{pattern: "GET /reports/{name}/explore.csv", needs: access.Analyst, page: s.selectionCSV, long: true},
		{pattern: "POST /reports/{name}/explore/files", needs: access.Analyst, page: s.askForFile},
		{pattern: "POST /reports/{name}/files", needs: access.Analyst, page: s.askForWhole},
		{pattern: "GET /reports/{name}/files/{job}", needs: access.Analyst, page: s.file},
		{pattern: "GET /reports/{name}/rows/{key}", needs: access.Analyst, page: s.row},

		{pattern: "GET /runs", needs: access.Developer, page: s.runList},
		{pattern: "GET /runs/many/cancel", needs: access.Developer, page: s.manyForm(cancelMany)},
		{pattern: "POST /runs/many/cancel", needs: access.Developer, page: s.many(cancelMany)},
		{pattern: "GET /runs/many/retry", needs: access.Developer, page: s.manyForm(retryMany)},
		{pattern: "POST /runs/many/retry", needs: access.Developer, page: s.many(retryMany)},
		{pattern: "GET /runs/{id}", needs: access.Developer, page: s.run},
		{pattern: "GET /runs/{id}/events", needs: access.Developer, page: s.events, long: true},
		{pattern: "GET /runs/{id}/cancel", needs: access.Developer, page: s.cancelForm},
		{pattern: "POST /runs/{id}/cancel", needs: access.Developer, page: s.cancelRun},
		{pattern: "GET /runs/{id}/retry", needs: access.Developer, page: s.retryForm},
		{pattern: "POST /runs/{id}/retry", needs: access.Developer, page: s.retryRun},

		{pattern: "GET /schedules", needs: access.Developer, page: s.scheduleList},
		{pattern: "GET /schedules/{name}", needs: access.Developer, page: s.schedule},
		{pattern: "GET /schedules/{name}/pause", needs: access.Developer, page: s.pauseForm},
		{pattern: "POST /schedules/{name}/pause", needs: access.Developer, page: s.pauseSchedule},
		{pattern: "GET /schedules/{name}/resume", needs: access.Developer, page: s.resumeForm},
		{pattern: "POST /schedules/{name}/resume", needs: access.Developer, page: s.resumeSchedule},
		{pattern: "GET /schedules/{name}/run", needs: access.Developer, page: s.triggerForm},
		{pattern: "POST /schedules/{name}/run", needs: access.Developer, page: s.triggerSchedule},
		{pattern: "GET /schedules/{name}/backfill", needs: access.Developer, page: s.backfillForm},
		{pattern: "POST /schedules/{name}/backfill", needs: access.Developer, page: s.backfill},

		{pattern: "GET /backfills", needs: access.Developer, page: s.backfillList},
		{pattern: "GET /backfills/{id}/{verb}", needs: access.Developer, page: s.backfillVerbForm},
		{pattern: "POST /backfills/{id}/{verb}", needs: access.Developer, page: s.backfillVerbDone},

		{pattern: "GET /queues", needs: access.Developer, page: s.queueList},
		{pattern: "GET /queues/{name}/{verb}", needs: access.Developer, page: s.queuePauseForm},
		{pattern: "POST /queues/{name}/{verb}", needs: access.Developer, page: s.queueSteered},
		{pattern: "GET /audit", needs: access.Admin, page: s.auditList},
		{pattern: "GET /tokens", needs: access.Admin, page: s.tokenList},
		{pattern: "GET /tokens/{id}/revoke", needs: access.Admin, page: s.revokeForm},
		{pattern: "POST /tokens/{id}/revoke", needs: access.Admin, page: s.revoke},

		{pattern: "GET /sign-in", needs: access.Public, page: s.signIn},
		{pattern: "GET /sign-in/callback", needs: access.Public, page: s.signedIn},
		{pattern: "POST /sign-out", needs: access.Public, page: s.signOut},

		{pattern: "GET /cookies", needs: access.Public, page: s.cookies},
		{pattern: "POST /cookies", needs: access.Public, page: s.chooseCookies},
		{pattern: "GET /accessibility", needs: access.Public, page: s.accessibility},

		{pattern: "GET /openapi.json", needs: access.Analyst, page: s.document},
		{pattern: "GET /docs", needs: access.Analyst, page: s.docs},
		{pattern: "GET /docs/", needs: access.Analyst, machine: s.docsFiles},

		{pattern: "GET /", needs: access.Public, page: noSuchPage}, // GET alone, so that another method on a known address is still told 405
		{pattern: "GET /assets/", needs: access.Public, machine: s.assets},
		{pattern: "GET /ping", needs: access.Public, machine: http.HandlerFunc(ping)},
		{pattern: "GET /health/ready", needs: access.Public, machine: http.HandlerFunc(s.ready)},
		{pattern: "GET /health", needs: access.Public, machine: http.HandlerFunc(s.health)},
		{pattern: "GET /.well-known/security.txt", needs: access.Public, machine: http.HandlerFunc(s.securityTxt)},
		{pattern: "GET /security.txt", needs: access.Public, machine: http.HandlerFunc(s.securityTxt)},
	}
	list = append(list, s.rowRoutes()...)
	list = append(list, s.api.list...)
	if s.Metrics != nil {
		list = append(list, route{pattern: "GET /metrics", needs: access.Metrics, machine: s.Metrics})
	}
	return list
}

// routes answers by the table; nothing is answered that is not in it.
func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.table() {
		h := route.machine
		if route.page != nil {
			h = s.page(route.page, route.long)
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
