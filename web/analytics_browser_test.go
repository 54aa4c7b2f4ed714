package web

import (
	"context"
	_ "embed"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/gtag.js
var gtag string

// collector stands in for Google: it gives out the script and hears what is counted.
type collector struct {
	*httptest.Server
	heard   chan url.Values
	scripts chan string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{heard: make(chan url.Values, 100), scripts: make(chan string, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gtag/js", func(w http.ResponseWriter, r *http.Request) {
		c.scripts <- r.URL.RawQuery + " " + r.Referer()
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		_, _ = w.Write([]byte(gtag))
	})
	mux.HandleFunc("POST /g/collect", func(_ http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		q.Set("referer", r.Referer())
		c.heard <- q
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

// next is the next page that was counted.
func (c *collector) next(t *testing.T) url.Values {
	t.Helper()
	select {
	case q := <-c.heard:
		return q
	case <-time.After(patience):
		t.Fatal("no page was counted")
		return nil
	}
}

func googleCookies(t *testing.T, tab context.Context) string {
	t.Helper()
	return evaluate[string](t, tab, `document.cookie`)
}

// TestPagesAreCountedForThoseWhoAgree goes the whole way in a browser: nothing before consent, page views without
// addresses after it, nothing and no cookies once it is withdrawn.
func TestPagesAreCountedForThoseWhoAgree(t *testing.T) {
	t.Parallel()
	google := newCollector(t)
	f := newCounted(t, google.URL)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	tab := newTab(t)
	do(t, tab, chromedp.Navigate(server.URL+"/schools/100007"), chromedp.WaitVisible(`//button[text()="Accept analytics cookies"]`))
	if got := googleCookies(t, tab); got != "" {
		t.Errorf("before consent there are cookies: %s", got)
	}

	do(t, tab, chromedp.Click(`//button[text()="Accept analytics cookies"]`), chromedp.WaitVisible(`//a[contains(., "Hide cookie message")]`))
	got := google.next(t)
	if got.Get("tid") != "G-TEST123" || got.Get("en") != "page_view" || got.Get("dl") != server.URL+"/schools/urn" || got.Get("dt") != "row" || got.Get("dr") != server.URL+"/" {
		t.Errorf("counted as %v", got)
	}
	do(t, tab, chromedp.Click(`//a[contains(., "Hide cookie message")]`), chromedp.WaitNotPresent(`.govuk-cookie-banner`))
	google.next(t)
	do(t, tab, chromedp.Navigate(server.URL+"/reports/school-onboarding/explore?q=mary&la_name=Authority+7"))
	got = google.next(t)
	if text := got.Encode(); got.Get("dl") != server.URL+"/reports/name/explore" || strings.Contains(text, "mary") || strings.Contains(text, "Authority") || strings.Contains(text, "100007") {
		t.Errorf("counted as %v", got)
	}
	if got := googleCookies(t, tab); !strings.Contains(got, "_ga=") || !strings.Contains(got, "_ga_TEST123=") {
		t.Errorf("cookies after consent: %s", got)
	}

	do(t, tab, chromedp.Navigate(server.URL+"/cookies"))
	google.next(t)
	do(t, tab, chromedp.Click(`//label[text()="No"]`), chromedp.Click(`//button[text()="Save cookie settings"]`), chromedp.WaitVisible(`//p[contains(., "set your cookie preferences")]`))
	if got := googleCookies(t, tab); got != "" {
		t.Errorf("cookies after consent was withdrawn: %s", got)
	}
	do(t, tab, chromedp.Navigate(server.URL+"/reports/school-onboarding"), chromedp.WaitVisible(`//h1`))
	select {
	case q := <-google.heard:
		t.Errorf("counted after consent was withdrawn: %v", q)
	default:
	}
	if n := len(google.scripts); n != 4 {
		t.Errorf("the script was asked for %d times, want 4: once for each page that was counted", n)
	}
	for range 4 {
		if script := <-google.scripts; strings.Contains(script, "schools") || strings.Contains(script, "explore") {
			t.Errorf("asking for the script tells where the visitor is: %s", script)
		}
	}
}

func TestCookiesAreChosenWithoutJavaScript(t *testing.T) {
	t.Parallel()
	google := newCollector(t)
	f := newCounted(t, google.URL)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	tab := newTab(t)
	if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	do(t, tab,
		chromedp.Navigate(server.URL+"/runs"),
		chromedp.Click(`//button[text()="Reject analytics cookies"]`),
		chromedp.WaitVisible(`//p[contains(., "You have rejected analytics cookies")]`),
		chromedp.Click(`//a[contains(., "Hide cookie message")]`),
		chromedp.WaitNotPresent(`.govuk-cookie-banner`),
		chromedp.Click(`//a[text()="Cookies"]`),
		chromedp.Click(`//label[text()="Yes"]`),
		chromedp.Click(`//button[text()="Save cookie settings"]`),
		chromedp.WaitVisible(`//p[contains(., "set your cookie preferences")]`),
		chromedp.Click(`//a[text()="Go back to the page you were looking at"]`),
	)
	if len(google.heard)+len(google.scripts) > 0 {
		t.Error("something was counted without JavaScript")
	}
	cookies, err := chromedp.Call(tab, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cookies.Cookies {
		if c.Name == choiceCookie && (!c.HTTPOnly || c.Value != answerYes) {
			t.Errorf("the choice is kept as %+v", c)
		}
	}
}
