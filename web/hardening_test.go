package web

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pgtest"
)

// TestWhatIsNotForCachesIsKeptOutOfThem asks for everything that reads, signed in, and looks what caches may do with
// it.
func TestWhatIsNotForCachesIsKeptOutOfThem(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	b := g.signIn(t, person{name: "ann", roles: []string{"admin"}})
	b.CheckRedirect = stay
	address := strings.NewReplacer("/tokens/{id}", "/tokens/9999", "{$}", "", "{id}", "1", "{job}", "1", "{urn}", "100007", "{report}", "school_onboarding",
		"{key}", "100007", "{run}", "1", "{by}", "region", "{filename}", "school-onboarding-2026-11-21T0610Z.csv", "/reports/{name}", "/reports/school-onboarding",
		"{name}", "cpd")
	seen := 0
	for _, route := range newSite(g.deps).table() {
		method, path, _ := strings.Cut(route.pattern, " ")
		if method != "GET" || route.needs == access.Public || path == "/docs/" || path == "/metrics" || strings.HasSuffix(path, "/events") {
			continue
		}
		res, _ := g.open(t, b, address.Replace(path))
		if res.StatusCode != http.StatusOK {
			continue
		}
		seen++
		if got := res.Header.Get("Cache-Control"); got != "no-store" && got != "private, no-cache" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
	if seen < 25 {
		t.Errorf("looked at %d answers, which cannot be all", seen)
	}
}

// TestEveryActionRefusesOtherSites: a page of another site that makes somebody's browser send a form gets nothing done.
func TestEveryActionRefusesOtherSites(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	seen := 0
	for _, route := range newSite(f.deps).table() {
		method, path, _ := strings.Cut(route.pattern, " ")
		if method == "GET" {
			continue
		}
		seen++
		path = strings.NewReplacer("{id}", "3", "{name}", "cpd", "{report}", "school_onboarding", "{filename}", "x").Replace(path)
		for _, header := range [][2]string{{"Origin", "https://evil.example.com"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			r := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader("confirm=yes"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header[0], header[1])
			w := httptest.NewRecorder()
			f.handler.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s %s with %s: status %d, want 403", method, path, header, w.Code)
			}
		}
	}
	if seen < 15 {
		t.Errorf("tried %d actions, which cannot be all", seen)
	}
	for _, row := range f.audit(t) {
		if !strings.HasPrefix(row, " from 192.0.2.1: ask /") || !strings.HasSuffix(row, " refused") {
			t.Errorf("the audit has %q", row)
		}
	}
}

// TestRefusalsAreInTheAudit: who is refused something is recorded with what and from where, a few times and then now and then.
func TestRefusalsAreInTheAudit(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	g.personal(t, false)
	b := g.signIn(t, person{name: "ann", roles: []string{"analyst"}})
	for range 10 {
		g.open(t, b, "/runs")
	}
	if got := g.auditOf(t, "ask"); len(got) != 6 || got[0] != "ann@example.com sign-in ask /runs refused" {
		t.Errorf("audit %q", got)
	}
	pat := g.signIn(t, person{name: "pat", roles: []string{"analyst"}})
	g.open(t, pat, "/reports/declarations")
	g.open(t, pat, "/reports/nonsense") // which is nothing that anybody was refused
	r, err := http.NewRequest(http.MethodGet, g.url+"/api/v1/reports", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer cpdj_wrong")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want := []string{"pat@example.com sign-in ask /reports/declarations refused", " nobody ask /api/v1/reports refused"}
	if diff := cmp.Diff(want, g.auditOf(t, "ask")[6:]); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if line := g.log.last("path=/reports/declarations"); !strings.Contains(line, "user=") || strings.Contains(line, "user=\"\"") || strings.Contains(line, "pat@") {
		t.Errorf("log line %s", line)
	}
}

// TestRowsAreReadOnRecord: whoever takes rows with them, at once or page by page, is in the audit.
func TestRowsAreReadOnRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.page(t, "/reports/school-onboarding/explore.csv?region_name=London", http.StatusOK)
	f.page(t, "/reports/school-onboarding/changes.csv", http.StatusOK)
	for range 3 {
		f.call(t, "GET", "/api/v1/reports/school_onboarding/rows", "", http.StatusOK)
		f.call(t, "GET", "/api/v1/reports/school_onboarding/changes", "", http.StatusOK)
	}
	f.page(t, "/api/v1/reports/school_onboarding/rows?format=csv", http.StatusOK)
	wantAudit(t, f, "download rows report school_onboarding done", "download changes report school_onboarding done",
		"read rows report school_onboarding done", "read changes report school_onboarding done", "download rows report school_onboarding done")
}

// TestUsesOfALinkAreRecordedOnceAMinute: its holders may take a file in thousands of parts.
func TestUsesOfALinkAreRecordedOnceAMinute(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.deps.SignIn = &SignIn{Issuer: "http://localhost:1", ClientID: "x", ClientSecret: "x", PublicURL: "http://localhost:8080"}
	f.handler = New(f.deps)
	l, err := access.SignLink(t.Context(), f.deps.DB, access.ShareLink{ID: "ABCDEFGHIJ", Export: f.ids[csvFile], Until: f.deps.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if res := f.get("/shared/"+l+"/"+csvFile, "Range", "bytes=0-99"); res.StatusCode != http.StatusPartialContent {
			t.Fatalf("status %d: %s", res.StatusCode, bodyOf(t, res))
		}
	}
	if got := f.auditOf(t, "download"); len(got) != 1 {
		t.Errorf("audit %q", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := httptest.NewRequest("POST", "http://localhost:8080/schedules/cpd/pause", strings.NewReader("note="+strings.Repeat("a", 1<<20)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("a form of a megabyte: status %d, want 400", w.Code)
	}
	f.call(t, "POST", "/api/v1/jobs", `{"kind": "cpd_sync", "args": {"source": "`+strings.Repeat("a", 1<<20)+`"}}`, http.StatusRequestEntityTooLarge)
}

// TestHeadsAreBounded speaks to the server itself: a head that does not end is not listened to for ever.
func TestHeadsAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	address, stop := f.serve(t)
	t.Cleanup(func() { _ = stop() })
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", strings.Repeat("a", 200<<10)) // it may hang up meanwhile
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil && res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, want 431", res.StatusCode)
	}
}

// TestJobsOfOthersAreNoFiles: the address of a file that was asked for gives nothing by another job's number.
func TestJobsOfOthersAreNoFiles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for job, args := range map[int]string{501: `{"report": "declarations", "formats": ["xlsx"]}`, 502: `{"report": "elsewhere"}`} {
		_, err := f.deps.DB.Exec(t.Context(), `
			INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at, finalized_at)
			VALUES ($1, 'report_export', 'exports', 1, 'completed', 1, 1, $2, '{"run_id": 9, "output": {"summary": {"files": [{"id": 1}]}}}', now(), now(), now())`, job, args)
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range []string{"/reports/school-onboarding/files/501", "/reports/school-onboarding/files/502", "/reports/declarations/files/501", "/reports/school-onboarding/files/1", "/reports/school-onboarding/files/3"} {
		f.page(t, target, http.StatusNotFound)
	}
}

func TestWhereARequestComesFrom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behind  bool
		trusted []netip.Prefix
		header  []string
		want    string
	}{
		"no proxy":                     {false, nil, []string{"203.0.113.9"}, "192.0.2.1"},
		"behind a router":              {true, nil, []string{"203.0.113.9"}, "203.0.113.9"},
		"what the client made up":      {true, nil, []string{"10.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		"made up, in a header before":  {true, nil, []string{"10.0.0.1", "203.0.113.9"}, "203.0.113.9"},
		"behind a router, no address":  {true, nil, []string{"unknown"}, "192.0.2.1"},
		"behind a router, no header":   {true, nil, nil, "192.0.2.1"},
		"a trusted proxy":              {false, prefixes("192.0.2.0/24"), []string{"10.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		"another proxy":                {false, prefixes("198.51.100.0/24"), []string{"203.0.113.9"}, "192.0.2.1"},
		"a trusted one before another": {true, prefixes("198.51.100.7/32"), []string{"10.0.0.1, 203.0.113.9, 198.51.100.7"}, "203.0.113.9"},
		"an unknown one before it":     {true, prefixes("198.51.100.7/32"), []string{"10.0.0.1, 203.0.113.9, 198.51.100.8"}, "198.51.100.8"},
	} {
		s := &site{Deps: Deps{BehindProxy: c.behind, TrustedProxies: c.trusted}}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.1:1234"
		r.Header["X-Forwarded-For"] = c.header
		if got := s.addressOf(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func prefixes(text string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(text)} }

func TestBodiesNeedTheTypeThatTheirAddressTakes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	post := func(path, kind, body string) int {
		r := httptest.NewRequest("POST", "http://localhost:8080"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		return w.Code
	}
	const order = `{"kind": "cpd_sync"}`
	for kind, want := range map[string]int{
		"application/json": http.StatusCreated, "application/json; charset=utf-8": http.StatusCreated,
		"": http.StatusUnsupportedMediaType, "text/plain": http.StatusUnsupportedMediaType, "nonsense/": http.StatusUnsupportedMediaType,
	} {
		if got := post("/api/v1/jobs", kind, order); got != want {
			t.Errorf("a job as %q: status %d, want %d", kind, got, want)
		}
	}
	for kind, want := range map[string]int{
		"application/x-www-form-urlencoded": http.StatusSeeOther,
		"":                                  http.StatusUnsupportedMediaType, "text/plain": http.StatusUnsupportedMediaType,
	} {
		if got := post("/schedules/cpd/pause", kind, "for=1h"); got != want {
			t.Errorf("a pause as %q: status %d, want %d", kind, got, want)
		}
	}
	if got := post("/api/v1/schedules/cpd/resume", "", ""); got != http.StatusOK {
		t.Errorf("without a body: status %d, want 200", got)
	}
}

func TestDownloadsOfSelectionsAreLimited(t *testing.T) {
	t.Parallel()
	var s streams
	ann, done := access.Visitor{Name: "ann", Via: access.ViaSignIn}, func() {}
	for range streamsOfVisitor {
		var err error
		if done, err = s.begin(ann); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.begin(ann); statusOf(err) != http.StatusTooManyRequests {
		t.Errorf("one too many of a visitor: %v", err)
	}
	done()
	if _, err := s.begin(ann); err != nil {
		t.Errorf("after one is complete: %v", err)
	}
	for i := range streamsOfAll - streamsOfVisitor {
		if _, err := s.begin(access.Visitor{Name: strconv.Itoa(i), Via: access.ViaToken}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.begin(access.Visitor{Name: "bob", Via: access.ViaSignIn}); statusOf(err) != http.StatusServiceUnavailable {
		t.Errorf("one too many of all: %v", err)
	}
}

func TestADownloadGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := newSite(f.deps)
	h := s.routes()
	for range 2 * streamsOfVisitor {
		for _, target := range []string{"/reports/school-onboarding/explore.csv", "/api/v1/reports/school_onboarding/rows?format=csv"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
			if w.Code != http.StatusOK {
				t.Fatalf("%s: status %d: %s", target, w.Code, w.Body)
			}
		}
	}
	if s.streams.total != 0 || len(s.streams.by) != 0 {
		t.Errorf("%d places are taken after all downloads, by %v", s.streams.total, s.streams.by)
	}
}

func TestFilesOfTheProgramAreNotToBeHad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	address, stop := f.serve(t)
	t.Cleanup(func() { _ = stop() })
	for _, path := range []string{"/assets/../templates/layout.html", "/assets/..%2ftemplates%2flayout.html", "/assets/%2e%2e/%2e%2e/etc/passwd", "/docs/../go.mod", "/docs/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/assets/"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if res.StatusCode == http.StatusOK {
			t.Errorf("%s: status 200", path)
		}
		conn.Close()
	}
}

// TestALockedReportStopsItsOwnPagesAlone: a page that waits for a locked table gives up and says so, and pages that do
// not read it answer although no connection for reports is left.
func TestALockedReportStopsItsOwnPagesAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.deps.Control = pgtest.Connect(t, f.deps.DB.Config().ConnString())
	tx, err := f.deps.Control.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "LOCK TABLE reports.refreshes"); err != nil {
		t.Fatal(err)
	}
	s := newSite(f.deps)
	s.within = 50 * time.Millisecond
	h := s.routes()
	ask := func(target string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		return w
	}
	for _, target := range []string{"/reports/school-onboarding", "/api/v1/reports/school_onboarding"} {
		if w := ask(target); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "deadline") {
			t.Errorf("%s: status %d, want 503: %s", target, w.Code, w.Body)
		}
	}
	var held []*pgxpool.Conn
	for range f.deps.DB.Config().MaxConns {
		c, err := f.deps.DB.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	defer func() {
		for _, c := range held {
			c.Release()
		}
	}()
	s.within = time.Minute
	for _, target := range []string{"/runs", "/schedules", "/audit", "/api/v1/jobs"} {
		if w := ask(target); w.Code != http.StatusOK {
			t.Errorf("%s: status %d, want 200: %s", target, w.Code, w.Body)
		}
	}
}
