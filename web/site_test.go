package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestFrontPageSaysHowFreshEachReportIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/", http.StatusOK)
	wantAll(t, page,
		"<title>Reports – CPD reports</title>",
		`<a class="govuk-link" href="/reports/school-onboarding">School onboarding</a>`,
		`<time datetime="2026-11-22T06:10:00Z">6:10am on 22 November 2026</time>`,
		"Up to date", "40 minutes old", "24,000",
	)
	if got := f.get("/reports").Header.Get("Location"); got != "/" {
		t.Errorf("/reports leads to %q, want /", got)
	}
}

func TestOldDataAreCalledOutOfDate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), "UPDATE reports.refreshes SET as_of = as_of - interval '1 day'"); err != nil {
		t.Fatal(err)
	}
	page := f.page(t, "/", http.StatusOK)
	wantAll(t, page, "Out of date", "1 day old")
	wantNone(t, page, "Up to date")
}

func TestReportPageSaysAllThatAnAnalystNeeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/reports/school-onboarding", http.StatusOK)
	if other := f.page(t, "/reports/school_onboarding", http.StatusOK); other != page {
		t.Error("the name with an underscore gives another page than with a hyphen")
	}
	wantAll(t, page,
		"<title>School onboarding – CPD reports</title>",
		"6:10am on 22 November 2026",  // data as at
		"6:11am on 22 November 2026",  // refreshed
		"School onboarding (Excel)",   // files
		"School onboarding (CSV)",     //
		"Microsoft Excel spreadsheet", //
		`<abbr title="Comma-separated values">CSV</abbr>, 1.70 MB, 24,000 rows`,
		f.files["school-onboarding-2026-11-22T0610Z.csv"],
		"CPD service", "1,203,456", // inputs
		"Register of schools (GIAS)", "11pm on 21 November 2026", "52,141",
		"Participants registered: 11,400", `width="48.67%"`, // the chart
		`<td class="app-number">11,400</td>`, // and the table
		"No early career teachers", "not counted",
		"3 came, 1 left and 412 changed", `href="/reports/school-onboarding/changes?from=1&amp;to=2"`, // what the latest version changed
		"school-onboarding-2026-11-21T0610Z.csv", // an earlier version's file
		`href="/runs?run=4"`,
	)
	if strings.Index(page, "school-onboarding-2026-11-21T0610Z.csv") < strings.Index(page, `id="versions"`) {
		t.Error("a file of an earlier version is offered as the latest")
	}
}

func TestFunnelOfAGroupOfSchools(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/reports/school-onboarding?schools=cip_only", http.StatusOK), "Participants registered: 1,")
	f.page(t, "/reports/school-onboarding?schools=%27%3Bdrop", http.StatusNotFound)
}

func TestNothingHasHappenedYet(t *testing.T) {
	t.Parallel()
	f := newEmptyFixture(t)
	wantAll(t, f.page(t, "/", http.StatusOK), "School onboarding", "Not made yet")
	page := f.page(t, "/reports/school-onboarding", http.StatusOK)
	wantAll(t, page, "Not made yet", "once the report has been made")
	wantNone(t, page, "<svg class=\"app-chart\"")
	wantAll(t, f.page(t, "/runs", http.StatusOK), "No runs yet")
}

func TestAddressesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, target := range []string{
		"/nowhere", "/reports/none", "/reports/school-onboarding/rows", "/runs/99", "/runs/x", "/runs/-1", "/runs/99999999999999999999",
		"/runs?state=odd", "/runs?run=x", "/runs?before=0", "/reports/..%2f..%2fetc", "/reports/%00", "/ping/x",
	} {
		page := f.page(t, target, http.StatusNotFound)
		wantAll(t, page, "<title>Page not found – CPD reports</title>", `href="/"`)
	}
	if got := f.ask("POST", "/runs").StatusCode; got != http.StatusMethodNotAllowed {
		t.Errorf("POST /runs: status %d, want 405", got)
	}
	wantNone(t, f.log.String(), "request failed")
}

func TestADatabaseThatIsAwayIsNotTheVisitorsFault(t *testing.T) {
	t.Parallel()
	nobody, err := pgxpool.New(t.Context(), "postgres://web:hushhush@127.0.0.1:1/none?connect_timeout=2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nobody.Close)
	f := newFixtureOn(t, nobody)
	page := f.page(t, "/runs", http.StatusServiceUnavailable)
	wantAll(t, page, "Sorry, the service is unavailable")
	wantNone(t, page, "127.0.0.1:1", "connect", "hushhush")
	_, reference, _ := strings.Cut(page, "which is in the log: <strong>")
	reference, _, _ = strings.Cut(reference, "<")
	if reference == "" || !strings.Contains(f.log.String(), reference) {
		t.Errorf("the page's reference %q is not in the log:\n%s", reference, f.log)
	}
	wantNone(t, f.log.String(), "hushhush")
	var ready readiness
	res := f.get("/health/ready")
	if err := json.NewDecoder(res.Body).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusServiceUnavailable || ready.Database != "cannot be reached" {
		t.Errorf("/health/ready: %d %+v", res.StatusCode, ready)
	}
	if got := bodyOf(t, f.get("/ping")); got != "pong\n" {
		t.Errorf("/ping: %q: it must not need the database", got)
	}
}

func TestAPanicIsOneFailedPage(t *testing.T) {
	t.Parallel()
	f := newFixtureOn(t, nil) // without a database every page that needs one panics
	page := f.page(t, "/runs", http.StatusInternalServerError)
	wantAll(t, page, "Sorry, there is a problem with the service")
	wantNone(t, page, "goroutine", ".go:", "nil pointer")
	wantAll(t, f.log.String(), "page panicked", "goroutine")
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	f := newEmptyFixture(t)
	if res := f.get("/health/ready"); res.StatusCode != http.StatusOK {
		t.Errorf("status %d, want 200: %s", res.StatusCode, bodyOf(t, res))
	}
	behind := f.deps
	behind.Schema = func(context.Context) error { return errors.New("0008_exports.sql is pending") }
	w := httptest.NewRecorder()
	New(behind).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/health/ready", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "migrate up") {
		t.Errorf("with a migration pending: %d %s", w.Code, w.Body)
	}
}

func TestProbesAndMetrics(t *testing.T) {
	t.Parallel()
	f := newFixtureOn(t, nil)
	if res := f.get("/ping"); res.StatusCode != http.StatusOK || bodyOf(t, res) != "pong\n" {
		t.Errorf("/ping: status %d", res.StatusCode)
	}
	if got := bodyOf(t, f.get("/metrics")); got != "up 1\n" {
		t.Errorf("/metrics: %q", got)
	}
	without := f.deps
	without.Metrics = nil
	w := httptest.NewRecorder()
	New(without).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/metrics", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("/metrics without metrics: %d", w.Code)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, target := range []string{"/", "/reports/school-onboarding", "/runs", "/nowhere", "/ping", "/metrics", "/assets/app.css", f.path("school-onboarding-2026-11-22T0610Z.csv")} {
		res := f.get(target)
		for name, want := range securityHeaders {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
		r := httptest.NewRequest("GET", target, nil)
		r.Host = "reports.example.com"
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		if w.Code != http.StatusMisdirectedRequest {
			t.Errorf("%s by another host's name: status %d, want 421", target, w.Code)
		}
	}
	if got := f.get("/").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a page's Cache-Control is %q, want no-store", got)
	}
}

func TestNumbersBeyondThoseInUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, target := range []string{"/runs?before=99999999999", "/runs?run=99999999999", "/audit?before=99999999999", "/reports/school-onboarding/versions?before=99999999999"} {
		f.page(t, target, http.StatusOK)
	}
}
