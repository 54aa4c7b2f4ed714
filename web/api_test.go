package web

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/openapi.json")

// call sends JSON as a program would and gives the answer decoded.
func (f *fixture) call(t *testing.T, method, target, body string, status int) map[string]any {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost:8080"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s %s: status %d, want %d: %s\n%s", method, target, w.Code, status, w.Body, f.log)
	}
	want := "application/json"
	if status >= 400 {
		want = "application/problem+json"
	}
	if got := w.Header().Get("Content-Type"); got != want {
		t.Errorf("%s %s: Content-Type %s, want %s", method, target, got, want)
	}
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: %v: %s", method, target, err, w.Body)
	}
	return answer
}

func TestTheDocumentAndTheRoutesCannotDrift(t *testing.T) {
	t.Parallel()
	f := newEmptyFixture(t)
	s := newSite(f.deps)
	var routes, documented []string
	for _, r := range s.table() {
		if method, path, _ := strings.Cut(r.pattern, " "); strings.HasPrefix(path, "/api/v") {
			routes = append(routes, method+" "+path)
		}
	}
	for path, item := range s.api.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op != nil {
				documented = append(documented, method+" "+path)
			}
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if diff := cmp.Diff(documented, routes); diff != "" {
		t.Errorf("document and routes differ (-document +routes):\n%s", diff)
	}
	got, err := s.api.huma.OpenAPI().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var pretty any
	if err := json.Unmarshal(got, &pretty); err != nil {
		t.Fatal(err)
	}
	if got, err = json.MarshalIndent(pretty, "", "  "); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/openapi.json", append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("the document has changed (go test -update writes it):\n%s", diff)
	}
}

// TestAnswersAreAsTheDocumentSays asks every address that only reads, and holds the answer against the document's
// schema.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), `
		INSERT INTO queue.backfills (schedule, from_at, to_at, at_once, done_to, by) VALUES ('cpd', now(), now(), 1, now(), 'person ann')`); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"report": "school_onboarding", "key": "100007", "id": "1", "run": "1", "name": "cpd"}
	parameter := regexp.MustCompile(`\{(\w+)\}`)
	document := newSite(f.deps).api.huma.OpenAPI()
	for path, item := range document.Paths {
		if item.Get == nil {
			continue
		}
		target := parameter.ReplaceAllStringFunc(path, func(p string) string { return values[p[1:len(p)-1]] })
		if strings.HasSuffix(path, "/file") || strings.HasSuffix(path, "/description") {
			if res := f.get(target); res.StatusCode != http.StatusOK {
				t.Errorf("%s: status %d", target, res.StatusCode)
			}
			continue
		}
		answer := f.call(t, "GET", target, "", http.StatusOK)
		media := item.Get.Responses["200"].Content["application/json"]
		res := &huma.ValidateResult{}
		huma.Validate(document.Components.Schemas, media.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, answer, res)
		for _, err := range res.Errors {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestRowsOfTheAPI(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const at = "/api/v1/reports/school-onboarding/rows"
	got := f.call(t, "GET", at+"?la_name=Authority+7&columns=urn,flags,first_contacted_at,cohort_lead_provider,contacts&limit=1&contacts=2", "", http.StatusOK)
	want := `map[count:160 next:eyJzIjpudWxsLCJrIjoiMTAwMDA3In0 rows:[map[cohort_lead_provider:Provider 3 contacts:2 first_contacted_at:2026-09-01T08:07:00Z flags:[contact_failed no_tutor] urn:100007]] version:2]`
	if text := fmt.Sprint(got); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	seen, after := map[string]bool{}, ""
	for range 10 {
		page := f.call(t, "GET", at+"?la_name=Authority+7&sort=-cohort_lead_provider&limit=50&after="+after, "", http.StatusOK)
		for _, row := range page["rows"].([]any) {
			seen[row.(map[string]any)["urn"].(string)] = true
		}
		if page["next"] == nil {
			break
		}
		after = page["next"].(string)
	}
	if len(seen) != 160 {
		t.Errorf("%d rows on all pages, want 160", len(seen))
	}
	if got := f.call(t, "GET", at+"/100007", "", http.StatusOK)["name"]; got != "St Mary’s & St <Paul> School" {
		t.Errorf("name %v", got)
	}
	res := f.get(at + "?format=csv&region_name=Region+3&columns=urn")
	if lines := strings.Count(bodyOf(t, res), "\r\n"); lines != 2721 || res.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
		t.Errorf("%d lines of %s", lines, res.Header.Get("Content-Type"))
	}
	for target, detail := range map[string]string{
		"?regionname=London": "did you mean region_name?",
		"?after=zzz":         "no place in the list",
		"?format=csv&sort=x": "no column",
	} {
		if got := f.call(t, "GET", at+target, "", http.StatusBadRequest)["detail"]; !strings.Contains(fmt.Sprint(got), detail) {
			t.Errorf("%s: %v", target, got)
		}
	}
	f.call(t, "GET", at+"?limit=0", "", http.StatusUnprocessableEntity)
	f.call(t, "GET", at+"/1", "", http.StatusNotFound)
}

func TestChangesOfTheAPI(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all []string
	for after, n := "", 0; n < 10; n++ {
		page := f.call(t, "GET", "/api/v1/reports/school_onboarding/changes?limit=1&after="+after, "", http.StatusOK)
		for _, c := range page["changes"].([]any) {
			c := c.(map[string]any)
			all = append(all, fmt.Sprint(c["version"], " ", c["key"], " ", c["action"], " ", c["column"], " ", c["new"]))
		}
		if page["next"] == nil {
			break
		}
		after = page["next"].(string)
	}
	want := []string{"1 100007 added <nil> <nil>", "2 100007 changed first_contacted_at 2026-09-01T08:07:00+00:00",
		"2 100007 changed flags [contact_failed no_tutor]", "2 100007 changed stage email_opened", "2 99999 removed <nil> <nil>"}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := len(f.call(t, "GET", "/api/v1/reports/school_onboarding/changes?since=1&key=99999", "", http.StatusOK)["changes"].([]any)); got != 1 {
		t.Errorf("%d changes of one row since version 1, want 1", got)
	}
}

func TestProgramsSteerJobsAndSchedules(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	job := f.call(t, "POST", "/api/v1/jobs", `{"kind": "cpd_sync", "args": {"source": "x"}}`, http.StatusCreated)
	if job["id"] != 101.0 || job["started_by"] != "person somebody at this machine" {
		t.Errorf("enqueued %v", job)
	}
	f.call(t, "POST", "/api/v1/jobs/101/cancel", "", http.StatusOK)
	f.call(t, "POST", "/api/v1/jobs/101/cancel", "", http.StatusConflict)
	f.call(t, "POST", "/api/v1/jobs/101/retry", "", http.StatusCreated)
	f.call(t, "POST", "/api/v1/exports", `{"report": "school-onboarding", "formats": ["csv"], "where": {"la_name": "Authority 7"}}`, http.StatusAccepted)
	if got := f.call(t, "POST", "/api/v1/schedules/cpd/pause", `{"note": "quiet"}`, http.StatusOK)["paused"]; got != true {
		t.Errorf("paused: %v", got)
	}
	f.call(t, "POST", "/api/v1/schedules/cpd/resume", "", http.StatusOK)
	f.call(t, "POST", "/api/v1/schedules/cpd/run", "", http.StatusCreated)
	wantAudit(t, f, "enqueue kind cpd_sync done", "cancel job 101 done", "cancel job 101 refused", "retry job 101 done",
		"export report school_onboarding done", "pause schedule cpd done", "resume schedule cpd done", "run schedule cpd done")
	for _, c := range []struct {
		target, body string
		status       int
	}{
		{"/api/v1/jobs", `{"kind": "cpd_sink"}`, http.StatusBadRequest},
		{"/api/v1/jobs", `{"kind": "cpd_sync", "args": {"colour": "red"}}`, http.StatusBadRequest},
		{"/api/v1/jobs", `{"kind": 7}`, http.StatusUnprocessableEntity},
		{"/api/v1/jobs", `{`, http.StatusBadRequest},
		{"/api/v1/jobs/999/cancel", "", http.StatusNotFound},
		{"/api/v1/schedules/none/run", "", http.StatusNotFound},
		{"/api/v1/schedules/cpd/pause", `{"until": "2020-01-01T00:00:00Z"}`, http.StatusBadRequest},
		{"/api/v1/exports", `{"report": "none", "formats": ["csv"]}`, http.StatusNotFound},
		{"/api/v1/reports", "", http.StatusMethodNotAllowed},
	} {
		f.call(t, "POST", c.target, c.body, c.status)
	}
	f.call(t, "GET", "/api/v1/nothing", "", http.StatusNotFound)
}

func TestTheAPIHasAPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	tab := newTab(t)
	do(t, tab, chromedp.Navigate(server.URL+"/docs"), chromedp.WaitVisible(`//span[contains(., "List reports") or contains(@data-path, "/api/v1/reports")]`))
	others := evaluate[[]string](t, tab, `performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin + "/") && !n.startsWith("data:"))`)
	if len(others) > 0 {
		t.Errorf("the API's page asks other hosts: %v", others)
	}
}
