package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// counting is a site whose pages are counted, for those who agree.
func newCounted(t *testing.T, source string) *fixture {
	t.Helper()
	f := newFixture(t)
	f.deps.Analytics = Analytics{ID: "G-TEST123", Source: source}
	f.handler = New(f.deps)
	return f
}

// cookieOf is what an answer sets a cookie to; "" where it does not.
func cookieOf(res *http.Response, name string) string {
	for _, c := range res.Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func TestWithoutAnalyticsThereIsNothingToAsk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/cookies", http.StatusOK)
	wantAll(t, page, "This service uses none.")
	wantNone(t, page, "govuk-cookie-banner", `name="analytics"`)
	if res := f.post("/cookies", url.Values{"analytics": {"yes"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("a choice where there is none: status %d, want 404", res.StatusCode)
	}
	res := f.get("/", "Cookie", choiceCookie+"="+answerYes)
	wantNone(t, bodyOf(t, res), "analytics.js", "googletagmanager")
	if got := res.Header.Get("Content-Security-Policy"); got != securityHeaders["Content-Security-Policy"] {
		t.Errorf("policy %s", got)
	}
}

func TestNothingIsCountedBeforeSomebodyAgrees(t *testing.T) {
	t.Parallel()
	f := newCounted(t, "")
	for name, cookie := range map[string]string{"nothing said": "", "refused": choiceCookie + "=no", "nonsense": choiceCookie + "=maybe"} {
		res := f.get("/schools/100007", "Cookie", cookie)
		wantNone(t, bodyOf(t, res), "analytics.js", "googletagmanager", "G-TEST123")
		if got := res.Header.Get("Content-Security-Policy"); strings.Contains(got, "google") {
			t.Errorf("%s: the policy lets Google in: %s", name, got)
		}
		if len(res.Cookies()) > 0 {
			t.Errorf("%s: cookies are set: %v", name, res.Cookies())
		}
	}
}

func TestAgreeingAndTakingItBack(t *testing.T) {
	t.Parallel()
	f := newCounted(t, "")
	const from = "/reports/school-onboarding/explore?q=mary"
	wantAll(t, f.page(t, from, http.StatusOK), "Cookies on CPD reports", `name="return" value="`+from+`"`, "Accept analytics cookies", "Reject analytics cookies")

	res := f.post("/cookies", url.Values{"analytics": {"yes"}, "banner": {"yes"}, "return": {from}})
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != from {
		t.Fatalf("status %d to %q, want 303 to %s", res.StatusCode, got, from)
	}
	if got := cookieOf(res, choiceCookie); got != answerYes {
		t.Fatalf("the choice is kept as %q", got)
	}
	agreed := f.get(from, "Cookie", choiceCookie+"=yes; "+saidCookie+"=yes")
	page := bodyOf(t, agreed)
	wantAll(t, page, "You have accepted analytics cookies", "Hide cookie message",
		`data-page="/reports/name/explore" data-title="explore"`, `data-source="https://www.googletagmanager.com/gtag/js?id=G-TEST123"`)
	if got := agreed.Header.Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self' https://www.googletagmanager.com "+inlineScriptHash) || !strings.Contains(got, "https://*.google-analytics.com") {
		t.Errorf("policy %s", got)
	}
	if cookieOf(agreed, saidCookie) != "" || len(agreed.Cookies()) != 1 {
		t.Errorf("the confirmation stays: %v", agreed.Cookies())
	}
	wantNone(t, bodyOf(t, f.get(from, "Cookie", choiceCookie+"=yes")), "govuk-cookie-banner")

	wantAll(t, bodyOf(t, f.get("/cookies", "Cookie", choiceCookie+"=yes")), "_ga_TEST123", `value="yes" checked`)
	res = f.post("/cookies", url.Values{"analytics": {"no"}}, "Cookie", choiceCookie+"=yes; _ga=GA1.1.1.2; _ga_TEST123=GS1; other=1")
	if got := cookieOf(res, choiceCookie); got != answerNo {
		t.Errorf("the choice is kept as %q, want no", got)
	}
	gone := map[string]bool{}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			gone[c.Name] = true
		}
	}
	if !gone["_ga"] || !gone["_ga_TEST123"] || len(gone) != 2 {
		t.Errorf("cookies deleted: %v, want Google's two", gone)
	}
	wantAll(t, bodyOf(t, f.get(res.Header.Get("Location"))), "You’ve set your cookie preferences")
}

func TestAChoiceLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	f := newCounted(t, "")
	for _, back := range []string{"https://evil.example.com/", "//evil.example.com", `/\evil.example.com`, "javascript:alert(1)", "/a\r\nSet-Cookie: x=1"} {
		res := f.post("/cookies", url.Values{"analytics": {"no"}, "banner": {"yes"}, "return": {back}})
		if got := res.Header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", back, got)
		}
	}
	res := f.post("/cookies", url.Values{"analytics": {""}})
	if page := bodyOf(t, res); res.StatusCode != http.StatusBadRequest || !strings.Contains(page, "Select yes or no") {
		t.Errorf("without an answer: status %d", res.StatusCode)
	}
}

// TestNoAddressThatIsCountedNamesAnything goes through all routes: what is counted is the pattern, whatever stands in
// it.
func TestNoAddressThatIsCountedNamesAnything(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"GET /schools/{urn}": "/schools/urn", "GET /{$}": "/", "GET /reports/{name}/downloads/{id}/{filename}": "/reports/name/downloads/id/filename", "GET /": "/",
	} {
		if got := countedPath(pattern); got != want {
			t.Errorf("%s is counted as %s, want %s", pattern, got, want)
		}
	}
	f := newCounted(t, "")
	for name, address := range addresses(f) {
		page := bodyOf(t, f.get(address, "Cookie", choiceCookie+"=yes"))
		_, counted, found := strings.Cut(page, "data-page=\"")
		counted, _, _ = strings.Cut(counted, "</script>")
		if !found || strings.ContainsAny(counted, "0123456789?") {
			t.Errorf("%s is counted as %q", name, counted)
		}
	}
}

func TestTheAccessibilityStatement(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/", http.StatusOK), `href="/accessibility"`, `href="/cookies"`)
	wantAll(t, f.page(t, "/accessibility", http.StatusOK), "partially compliant", "Equality and Human Rights Commission", "the people who gave you the address")
	f.deps.Contact = "reports@example.com"
	f.handler = New(f.deps)
	wantAll(t, f.page(t, "/accessibility", http.StatusOK), `href="mailto:reports@example.com"`)
	wantAll(t, f.page(t, "/reports/school-onboarding", http.StatusOK), "Request an accessible format", `href="mailto:reports@example.com"`)
}
