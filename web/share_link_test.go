package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpd-jobs/internal/access"
)

func TestAFileIsShared(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	ann := g.signIn(t, person{name: "ann", roles: []string{"analyst"}})
	file := fmt.Sprintf("/reports/school-onboarding/downloads/%d/%s", g.ids[csvFile], csvFile)
	if _, body := g.open(t, ann, file+"/link"); !strings.Contains(body, csvFile) {
		t.Fatalf("no question:\n%s", body)
	}
	if res, _ := g.submit(t, ann, file+"/link", url.Values{"for": {"9999h"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("for more than a year: status %d, want 400", res.StatusCode)
	}
	_, body := g.submit(t, ann, file+"/link", url.Values{"for": {"1h"}})
	address := regexp.MustCompile(regexp.QuoteMeta(g.url) + `/shared/[^<"]+`).FindString(body)
	if address == "" {
		t.Fatalf("no link:\n%s", body)
	}
	stranger := newBrowser(t)
	res, got := g.open(t, stranger, strings.TrimPrefix(address, g.url))
	if res.StatusCode != http.StatusOK || len(got) != 1_700_010 || res.Header.Get("Content-Disposition") == "" || res.Header.Get("X-Robots-Tag") != "noindex" {
		t.Errorf("by a stranger: status %d, %d bytes, %v", res.StatusCode, len(got), res.Header)
	}
	stranger.CheckRedirect = stay
	if res, _ := g.open(t, stranger, file); res.StatusCode != http.StatusFound {
		t.Errorf("the file without the link: status %d, want 302", res.StatusCode)
	}
	if strings.Contains(g.log.String(), strings.Split(address, "/")[4]) {
		t.Error("the log has the link")
	}
	for _, wrong := range []string{"/shared/x/" + csvFile, strings.Replace(strings.TrimPrefix(address, g.url), csvFile, "other.csv", 1), "/shared/x.1.2.y/"} {
		if res, _ := g.open(t, stranger, wrong); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", wrong, res.StatusCode)
		}
	}
	if err := access.RevokeLinks(t.Context(), g.deps.DB); err != nil {
		t.Fatal(err)
	}
	if res, _ := g.open(t, stranger, strings.TrimPrefix(address, g.url)); res.StatusCode != http.StatusNotFound {
		t.Errorf("revoked: status %d, want 404", res.StatusCode)
	}
	id := strings.SplitN(strings.Split(address, "/")[4], ".", 2)[0]
	want := []string{
		fmt.Sprintf("ann@example.com sign-in share export %d done %s", g.ids[csvFile], id),
		fmt.Sprintf("holder of link %s link download export %d done %s", id, g.ids[csvFile], id),
	}
	if diff := cmp.Diff(want, g.auditOf(t, "share", "download")); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// auditOf is what the audit says of some actions: who, how, what, which, what came of it, by which link.
func (f *fixture) auditOf(t *testing.T, actions ...string) []string {
	t.Helper()
	var list []string
	err := f.deps.DB.QueryRow(t.Context(), `
		SELECT coalesce(array_agg(concat_ws(' ', actor, via, action, target, outcome, detail->>'link') ORDER BY id), '{}')
		FROM queue.audit_events WHERE action = ANY ($1)`, actions).Scan(&list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// submit posts a form as a page of the site would.
func (g *gated) submit(t *testing.T, b *http.Client, path string, values url.Values) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest("POST", g.url+path, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", g.url)
	res, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestProgramsShareFiles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	at := fmt.Sprintf("/api/v1/exports/%d/links", f.ids[csvFile])
	made := f.call(t, "POST", at, `{"seconds": 3600}`, http.StatusCreated)
	if made["expires_at"] != "2026-11-22T07:50:00Z" {
		t.Errorf("made %v", made)
	}
	u, err := url.Parse(made["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if res := f.get(u.Path); res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
	for _, body := range []string{`{"seconds": 59}`, `{"seconds": 604801}`, `{}`} {
		f.call(t, "POST", at, body, http.StatusUnprocessableEntity)
	}
	f.call(t, "POST", "/api/v1/exports/999/links", `{"seconds": 60}`, http.StatusNotFound)
}

func TestCSVFilesAreDescribed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, at := range []string{f.path(csvFile), fmt.Sprintf("/api/v1/exports/%d/file", f.ids[csvFile])} {
		res := f.get(at)
		address, _, _ := strings.Cut(strings.TrimPrefix(res.Header.Get("Link"), "<"), ">")
		if !strings.HasSuffix(res.Header.Get("Link"), `; rel="describedby"; type="application/csvm+json"`) {
			t.Fatalf("%s: Link %q", at, res.Header.Get("Link"))
		}
		described := f.get(address)
		var got map[string]string
		if err := json.NewDecoder(described.Body).Decode(&got); err != nil || got["url"] != csvFile || described.Header.Get("Content-Type") != "application/csvm+json" {
			t.Errorf("%s: %v (%v), %s", address, got, err, described.Header.Get("Content-Type"))
		}
	}
	workbook := f.get(f.path("school-onboarding-2026-11-22T0610Z.xlsx"))
	if got := workbook.Header.Get("Link"); got != "" {
		t.Errorf("a workbook has Link %q", got)
	}
	f.call(t, "GET", fmt.Sprintf("/api/v1/exports/%d/description", f.ids["school-onboarding-2026-11-22T0610Z.xlsx"]), "", http.StatusNotFound)
	f.page(t, f.path("school-onboarding-2026-11-22T0610Z.xlsx")+descriptionSuffix, http.StatusNotFound)
}

func TestEveryDownloadIsInTheAudit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	etag := `"` + f.files[csvFile] + `"`
	for _, headers := range [][]string{
		{}, {"Range", "bytes=1-"}, {"Range", "bytes=0-7", "If-Range", etag}, {"If-None-Match", `"another"`},
		{"If-None-Match", etag}, // has it already
	} {
		f.get(f.path(csvFile), headers...)
	}
	f.ask("HEAD", f.path(csvFile))
	line := fmt.Sprintf("somebody at this machine this machine download export %d done", f.ids[csvFile])
	if diff := cmp.Diff([]string{line, line, line, line}, f.auditOf(t, "download")); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestWithoutSignInLinksAreOfThisMachine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := httptest.NewRequest("POST", "http://127.0.0.1:8099"+f.path(csvFile)+"/link", strings.NewReader("for=24h"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	wantAll(t, w.Body.String(), "http://127.0.0.1:8099/shared/", "6:50am on 23 November 2026")
}
