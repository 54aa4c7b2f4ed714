package web

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/retention"
)

// axe is axe-core, which looks for what keeps people out of a page. Mozilla Public License 2.0, testdata/axe.LICENSE.
//
//go:embed testdata/axe.min.js
var axe string

// full says that there is time: `make browser` sets it.
var full = os.Getenv("BROWSER") == "full"

// patience bounds what a test asks of the browser; nothing takes that long.
const patience = 10 * time.Minute

// chromium is the one browser of all tests: started by the first that asks, stopped by TestMain.
var (
	chromium     = sync.OnceValues(startChromium)
	stopChromium = func() {}
)

func TestMain(m *testing.M) {
	flag.Parse()
	if !full {
		_ = flag.Set("rapid.checks", "30")
	}
	code := m.Run()
	stopChromium()
	os.Exit(code)
}

func startChromium() (context.Context, error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // tests run as root in containers, where Chromium's sandbox cannot be had
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("js-flags", "--no-opt --no-maglev"), // a script that runs for a moment is not worth the time
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	stopChromium = func() {
		stop()
		stopAllocator()
	}
	return ctx, chromedp.Do(ctx)
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("chromium: %w", exec.ErrNotFound)
}

// newTab opens a tab with a profile of its own, closed after the test. Without a browser the test is skipped, or fails
// where CI is set.
func newTab(t *testing.T) context.Context {
	t.Helper()
	parent, err := chromium()
	switch {
	case errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "":
		t.Skip("needs a browser: install chromium")
	case err != nil:
		t.Fatalf("start the browser: %v", err)
	}
	tab, closeTab := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	bounded, cancel := context.WithTimeout(tab, patience)
	t.Cleanup(cancel)
	return bounded
}

func do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, tab context.Context, script string, options ...chromedp.EvaluateOption) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](script, options...))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// addresses are those of one page of each kind on a site with everything in it.
func addresses(f *fixture) map[string]string {
	return map[string]string{
		"reports":       "/",
		"report":        "/reports/school-onboarding",
		"report-group":  "/reports/school-onboarding?schools=cip_only",
		"report-empty":  "/reports/partnerships",
		"changes":       "/reports/school-onboarding/changes?from=1&to=2",
		"changes-bad":   "/reports/school-onboarding/changes?from=2&to=1",
		"versions":      "/reports/school-onboarding/versions",
		"breakdown":     "/reports/school-onboarding/by/local-authority",
		"dictionary":    "/reports/school-onboarding/dictionary",
		"file":          "/reports/school-onboarding/files/2",
		"link":          fmt.Sprintf("/reports/school-onboarding/downloads/%d/school-onboarding-2026-11-22T0610Z.xlsx/link", f.ids["school-onboarding-2026-11-22T0610Z.xlsx"]),
		"runs":          "/runs",
		"filtered-runs": "/runs?state=discarded&run=1",
		"run":           fmt.Sprintf("/runs/%d", f.done),
		"failed-run":    fmt.Sprintf("/runs/%d", f.failed),
		"running-run":   fmt.Sprintf("/runs/%d", f.running),
		"schedules":     "/schedules",
		"schedule":      "/schedules/cpd",
		"paused":        "/schedules/uplift",
		"pause":         "/schedules/cpd/pause",
		"backfill":      "/schedules/cpd/backfill",
		"backfill-plan": "/schedules/cpd/backfill?from=2026-11-21+06:00&to=2026-11-22+06:00",
		"backfill-bad":  "/schedules/cpd/backfill?from=x&to=y",
		"cancel":        fmt.Sprintf("/runs/%d/cancel", f.running),
		"queues":        "/queues",
		"audit":         "/audit",
		"tokens":        "/tokens",
		"revoke":        "/tokens/1/revoke",
		"cookies":       "/cookies",
		"accessibility": "/accessibility",
		"explore":       "/reports/school-onboarding/explore?la_name=Authority+7&sort=-stage",
		"explore-none":  "/reports/school-onboarding/explore?q=nothing+like+it",
		"explore-bad":   "/reports/school-onboarding/explore?colour=red",
		"school":        "/schools/100007",
		"school-gone":   "/schools/99999",
		"not-found":     "/nowhere",
	}
}

// variant matches the names of pages that look as another does.
var variant = regexp.MustCompile(`-(bad|none|gone|group|empty)$|^filtered-|^failed-|^paused$`)

// TestAnAnalystFindsAndDownloadsTheReport goes the way of somebody who has never seen the pages, with and without
// JavaScript.
func TestAnAnalystFindsAndDownloadsTheReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	for _, c := range []struct {
		name         string
		noJavaScript bool
		link         string
		extension    string
	}{
		{"spreadsheet", false, "(Excel)", ".xlsx"},
		{"csv without JavaScript", true, "(CSV)", ".csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tab := newTab(t)
			if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: c.noJavaScript}); err != nil {
				t.Fatal(err)
			}
			do(t, tab,
				chromedp.Navigate(server.URL),
				chromedp.Click(`//main//a[text()="School onboarding"]`),
				chromedp.WaitVisible(`//h2[text()="Download"]`),
			)
			got := downloadByClick(t, tab, `//main//h3/a[contains(., "`+c.link+`")]`, c.extension)
			want, ok := f.files[got.name]
			if !ok {
				t.Fatalf("a file called %s arrived, which was never exported", got.name)
			}
			if got.sha256 != want {
				t.Errorf("%s arrived with SHA-256 %s, want %s", got.name, got.sha256, want)
			}
		})
	}
}

type arrived struct{ name, sha256 string }

// downloadByClick tells its download from that of another tab, of which the browser speaks as well, by the extension.
func downloadByClick(t *testing.T, tab context.Context, link, extension string) arrived {
	t.Helper()
	folder := t.TempDir()
	ours := chromedp.FromContext(tab).BrowserContextID
	_, err := chromedp.CallBrowser(tab, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: ours, DownloadPath: folder, EventsEnabled: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	begun := chromedp.BrowserEvents(tab, browser.DownloadWillBegin)
	progress := chromedp.BrowserEvents(tab, browser.DownloadProgress)
	do(t, tab, chromedp.Click(link))
	for b, err := range begun {
		if err != nil {
			t.Fatalf("no download began: %v", err)
		}
		if !strings.Contains(b.URL, "/downloads/") || !strings.HasSuffix(b.URL, extension) {
			continue
		}
		for p, err := range progress {
			if err != nil {
				t.Fatalf("the download did not end: %v", err)
			}
			if p.GUID != b.GUID || p.State == browser.DownloadProgressStateInProgress {
				continue
			}
			body, err := os.ReadFile(filepath.Join(folder, b.GUID))
			if p.State != browser.DownloadProgressStateCompleted || err != nil {
				t.Fatalf("the download ended as %s: %v", p.State, err)
			}
			sum := sha256.Sum256(body)
			return arrived{name: b.SuggestedFilename, sha256: hex.EncodeToString(sum[:])}
		}
	}
	t.Fatal("no download began")
	return arrived{}
}

// newWhole is a site with something on every page, which answers on an address of its own.
func newWhole(t *testing.T) (f *fixture, address string) {
	t.Helper()
	f = newFixture(t)
	if _, _, err := access.CreateToken(t.Context(), f.deps.DB, access.NewToken{Name: "nightly copy", Roles: []access.Role{access.Analyst}, For: retention.TokenLife, By: "person ann"}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	return f, server.URL
}

// windows are the sizes that pages must fit: wide, a narrow phone, and wide at a zoom of 400%.
var windows = []struct {
	name                 string
	width, height, scale int64
}{{"1280 pixels", 1280, 900, 1}, {"320 pixels", 320, 900, 1}, {"400% zoom", 320, 256, 4}}

func TestPagesKeepNobodyOut(t *testing.T) {
	t.Parallel()
	f, site := newWhole(t)
	tab := newTabWithAxe(t)
	do(t, tab, chromedp.Navigate(`data:text/html,<title>Without words</title><img src="x">`))
	if len(violations(t, tab)) == 0 {
		t.Fatal("axe-core finds nothing wrong with a page that has no language and an image without a text")
	}
	for name, address := range addresses(f) {
		do(t, tab, chromedp.Navigate(site+address))
		for _, w := range windows {
			do(t, tab, chromedp.EmulateViewport(w.width, w.height, chromedp.EmulateScale(float64(w.scale))))
			if full {
				do(t, tab, chromedp.Reload())
			}
			if got := evaluate[int64](t, tab, "document.documentElement.scrollWidth"); got > w.width {
				t.Errorf("%s at %s is %d pixels wide in a window of %d", name, w.name, got, w.width)
			}
			if w.scale > 1 || !full && (w.width < 400 || variant.MatchString(name)) {
				continue // zoomed in it is laid out as on the phone, which axe-core sees if there is time
			}
			for _, v := range violations(t, tab) {
				t.Errorf("%s at %s: %s", name, w.name, v)
			}
		}
	}
}

// TestEveryStateOfAPageKeepsNobodyOut shows what a site seldom does: each template's sample, to somebody who is signed
// in and has not said what they think of cookies.
func TestEveryStateOfAPageKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	files := packedAssets()
	shown, states := newPages(files, "1.2.3", true), samples()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := states[r.URL.Query().Get("sample")]
		if !ok {
			files.ServeHTTP(w, r)
			return
		}
		frame := layout{Visitor: access.Visitor{Name: "ann@example.com", Via: access.ViaSignIn, Roles: access.Roles}, Cookies: agreement{Asked: true, Page: "/"}}
		body, err := shown.html(c, frame)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	tab := newTabWithAxe(t)
	for name, c := range states {
		if c.Page().Template == "docs.html" {
			continue // Swagger UI is not ours
		}
		do(t, tab, chromedp.EmulateViewport(320, 900), chromedp.Navigate(server.URL+"/?sample="+url.QueryEscape(name)))
		if got := evaluate[int64](t, tab, "document.documentElement.scrollWidth"); got > 320 {
			t.Errorf("%s is %d pixels wide in a window of 320", name, got)
		}
		for _, v := range violations(t, tab) {
			t.Errorf("%s: %s", name, v)
		}
	}
}

// newTabWithAxe opens a tab whose pages all have axe-core.
func newTabWithAxe(t *testing.T) context.Context {
	t.Helper()
	tab := newTab(t)
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: axe}); err != nil {
		t.Fatal(err)
	}
	return tab
}

// violations asks axe-core, in a tab that has it, what on the page breaks the Web Content Accessibility Guidelines 2.2,
// levels A and AA.
func violations(t *testing.T, tab context.Context) []string {
	t.Helper()
	text := evaluate[string](t, tab, `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}).then(r =>
		JSON.stringify(r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.target.join(" ") + " " + n.html).join(" | "))))`,
		chromedp.EvalAwaitPromise)
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPagesObeyTheirPolicyAndNeedNoOtherHost(t *testing.T) {
	t.Parallel()
	f, site := newWhole(t)
	tab := newTab(t)
	for name, address := range addresses(f) {
		if !full && variant.MatchString(name) {
			continue
		}
		do(t, tab, chromedp.Navigate(site+address))
		if got := evaluate[string](t, tab, "document.body.className"); !strings.Contains(got, "govuk-frontend-supported") {
			t.Errorf("%s: the inline script did not run: body has class %q", name, got)
		}
		others := evaluate[[]string](t, tab, `performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin + "/"))`)
		if len(others) > 0 {
			t.Errorf("%s asks other hosts: %v", name, others)
		}
		if weight := evaluate[int64](t, tab, pageWeight); weight > 150_000 {
			t.Errorf("%s weighs %d bytes, want at most 150,000", name, weight)
		}
	}
}

// pageWeight is all that a first visit transfers.
const pageWeight = `performance.getEntries().reduce((sum, e) => sum + (e.encodedBodySize || 0), 0)`

// pictures is where pictures of the pages are kept.
var pictures = filepath.Join("..", "docs", "pictures")

// TestPictures writes a picture of each page to docs/pictures when UPDATE_PICTURES is set: of the tests' own site, or
// of a few pages of the site at PICTURES_URL, such as the demo.
func TestPictures(t *testing.T) {
	if os.Getenv("UPDATE_PICTURES") == "" {
		t.Skip("set UPDATE_PICTURES=1 to write docs/pictures")
	}
	site, pages := os.Getenv("PICTURES_URL"), demoPages
	if site == "" {
		var f *fixture
		f, site = newWhole(t)
		pages = addresses(f)
		pages["api"] = "/docs"
	}
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	tab := newTab(t)
	for name, address := range pages {
		if strings.HasSuffix(name, "-bad") || strings.HasSuffix(name, "-none") {
			continue // the same page as another, with a line more
		}
		takePicture(t, tab, site+address, name, 1280)
		if narrow[name] {
			takePicture(t, tab, site+address, name+"-narrow", 320)
		}
	}
}

// demoPages are the pages of a demo that the README and the guides show.
var demoPages = map[string]string{
	"demo-report": "/reports/school-onboarding", "demo-explore": "/reports/school-onboarding/explore?stage=contacted", "demo-run": "/runs/1",
	"demo-changes": "/reports/school-onboarding/changes", "demo-authorities": "/reports/school-onboarding/by/local-authority",
}

// narrow are the pages of which there is a picture on a narrow screen too.
var narrow = map[string]bool{"report": true, "explore": true, "schedule": true}

// pictureHeight is where a picture ends of a page that goes on: long tables show nothing more there, and weigh.
const pictureHeight = 2600

func takePicture(t *testing.T, tab context.Context, address, name string, width int64) {
	t.Helper()
	do(t, tab, chromedp.EmulateViewport(width, 600), chromedp.Navigate(address))
	if strings.HasSuffix(address, "/docs") {
		do(t, tab, chromedp.WaitVisible(`.opblock`)) // its script makes it
	}
	height := evaluate[int64](t, tab, "document.documentElement.scrollHeight")
	do(t, tab, chromedp.EmulateViewport(width, min(height, pictureHeight)))
	picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(pictures, name+".png")
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("wrote %s", file)
}
