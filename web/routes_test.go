package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/access"
)

// needs is the role that each route is meant to need. A route that is not here fails the test.
var needs = map[access.Role][]string{
	access.Public: {"GET /", "GET /assets/", "GET /ping", "GET /health/ready", "GET /health", "GET /.well-known/security.txt", "GET /security.txt", "GET /sign-in", "GET /sign-in/callback", "POST /sign-out",
		"GET /cookies", "POST /cookies", "GET /accessibility", "GET /health", "GET /.well-known/security.txt", "GET /security.txt", "GET /shared/{link}/{filename}"},
	access.Analyst: {
		"GET /{$}", "GET /reports", "GET /reports/{name}", "GET /reports/{name}/downloads/{id}/{filename}", "GET /reports/{name}/explore",
		"GET /reports/{name}/downloads/{id}/{filename}/link", "POST /reports/{name}/downloads/{id}/{filename}/link",
		"POST /reports/{name}/files", "GET /reports/{name}/versions", "GET /reports/{name}/changes", "GET /reports/{name}/changes.csv", "GET /reports/{name}/by/{by}",
		"GET /reports/{name}/dictionary", "GET /reports/{name}/lineage.svg",
		"GET /reports/{name}/explore.csv", "POST /reports/{name}/explore/files", "GET /reports/{name}/files/{job}", "GET /reports/{name}/rows/{key}", "GET /schools/{urn}",
		"GET /openapi.json", "GET /docs", "GET /docs/",
		"GET /api/v1/reports", "GET /api/v1/reports/{report}", "GET /api/v1/reports/{report}/refreshes", "GET /api/v1/reports/{report}/rows",
		"GET /api/v1/reports/{report}/rows/{key}", "GET /api/v1/reports/{report}/changes", "GET /api/v1/exports", "POST /api/v1/exports",
		"GET /api/v1/exports/{id}", "GET /api/v1/exports/{id}/file", "GET /api/v1/exports/{id}/description", "POST /api/v1/exports/{id}/links",
	},
	access.Developer: {
		"GET /runs", "GET /runs/{id}", "GET /runs/{id}/events", "GET /runs/{id}/cancel", "POST /runs/{id}/cancel", "GET /runs/{id}/retry", "POST /runs/{id}/retry",
		"GET /schedules", "GET /schedules/{name}", "GET /schedules/{name}/pause", "POST /schedules/{name}/pause", "GET /schedules/{name}/resume",
		"POST /schedules/{name}/resume", "GET /schedules/{name}/run", "POST /schedules/{name}/run", "GET /schedules/{name}/backfill",
		"POST /schedules/{name}/backfill", "GET /queues",
		"GET /queues/{name}/{verb}", "POST /queues/{name}/{verb}", "GET /backfills", "GET /backfills/{id}/{verb}", "POST /backfills/{id}/{verb}",
		"GET /runs/many/cancel", "POST /runs/many/cancel", "GET /runs/many/retry", "POST /runs/many/retry",
		"GET /api/v1/queues", "POST /api/v1/queues/{name}/pause", "POST /api/v1/queues/{name}/resume", "GET /api/v1/backfills",
		"GET /api/v1/backfills/{id}", "POST /api/v1/backfills/{id}/pause", "POST /api/v1/backfills/{id}/resume", "POST /api/v1/backfills/{id}/cancel",
		"POST /api/v1/jobs/cancel", "POST /api/v1/jobs/retry",
		"GET /api/v1/jobs", "POST /api/v1/jobs", "GET /api/v1/jobs/{id}", "GET /api/v1/jobs/{id}/logs", "POST /api/v1/jobs/{id}/cancel",
		"POST /api/v1/jobs/{id}/retry", "GET /api/v1/runs", "GET /api/v1/runs/{run}", "GET /api/v1/schedules", "GET /api/v1/schedules/{name}",
		"GET /api/v1/schedules/{name}/ticks", "POST /api/v1/schedules/{name}/pause", "POST /api/v1/schedules/{name}/resume", "POST /api/v1/schedules/{name}/run",
	},
	access.Metrics: {"GET /metrics"},
	access.Admin:   {"GET /audit", "GET /tokens", "GET /tokens/{id}/revoke", "POST /tokens/{id}/revoke"},
}

// lets says which roles open what needs a role.
var lets = map[access.Role][]access.Role{
	access.Public:    {"", access.Analyst, access.Personal, access.Metrics, access.Developer, access.Admin},
	access.Analyst:   {access.Analyst, access.Personal, access.Developer, access.Admin},
	access.Metrics:   {access.Metrics, access.Developer, access.Admin},
	access.Developer: {access.Developer, access.Admin},
	access.Admin:     {access.Admin},
}

func TestEveryRouteIsForItsRoleAlone(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	meant := map[string]access.Role{}
	for role, patterns := range needs {
		for _, p := range patterns {
			meant[p] = role
		}
	}
	browsers, secrets := map[access.Role]*http.Client{"": newBrowser(t)}, map[access.Role]string{}
	for _, role := range access.Roles {
		browsers[role] = newBrowser(t)
		if role != access.Metrics { // which is for programs: no page is for it
			browsers[role] = g.signIn(t, person{name: string(role), roles: []string{string(role)}})
		}
		_, secret, err := access.CreateToken(t.Context(), g.deps.DB, access.NewToken{Name: string(role), Roles: []access.Role{role}, For: time.Hour, By: "test"})
		if err != nil {
			t.Fatal(err)
		}
		secrets[role] = secret
	}
	for _, b := range browsers {
		b.CheckRedirect = stay
	}
	address := strings.NewReplacer("/tokens/{id}", "/tokens/9999", "{link}", "1.1.1.x", "{by}", "region", "{$}", "", "{name}", "cpd", "{id}", "1", "{verb}", "pause", "{filename}", "f", "{job}", "1", "{urn}", "100007", "{report}", "school_onboarding", "{key}", "100007", "{run}", "1")
	for _, route := range newSite(g.deps).table() {
		role, known := meant[route.pattern]
		if !known {
			t.Errorf("%s: no role is declared for it", route.pattern)
			continue
		}
		delete(meant, route.pattern)
		method, path, _ := strings.Cut(route.pattern, " ")
		switch path {
		case "/sign-out", "/sign-in/callback":
			continue // ways out and in, which are tried above
		case "/":
			path = "/nowhere"
		}
		for visitor, b := range browsers {
			r, err := http.NewRequest(method, g.url+address.Replace(path), strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			if secret := secrets[visitor]; secret != "" && (strings.HasPrefix(path, "/api/") || path == "/metrics") {
				r.Header.Set("Authorization", "Bearer "+secret)
			}
			res, err := b.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			stopped := res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden ||
				strings.HasPrefix(res.Header.Get("Location"), "/sign-in?")
			if allowed := slices.Contains(lets[role], visitor); stopped == allowed {
				t.Errorf("%s by %q: status %d, allowed is %t", route.pattern, visitor, res.StatusCode, allowed)
			}
			if res.StatusCode >= http.StatusInternalServerError {
				t.Errorf("%s by %q: status %d\n%s", route.pattern, visitor, res.StatusCode, g.log)
			}
		}
	}
	for pattern := range meant {
		t.Errorf("%s is no longer a route", pattern)
	}
}
