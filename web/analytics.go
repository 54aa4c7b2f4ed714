package web

import (
	"net/http"
	"regexp"
	"strings"
)

// Analytics is how pages are counted: with Google Analytics 4, for those alone who have agreed to it.
type Analytics struct {
	// ID is the measurement ID, such as G-ABC123; "" turns analytics off.
	ID string
	// Source is where Google's script comes from and where it reports to; "" is Google. Tests have one on this machine.
	Source string
}

// google is where the script comes from.
const google = "https://www.googletagmanager.com"

// counting is what a page tells its visitor's browser about counting it.
type counting struct{ ID, Script, Page, Title string }

// countingOf is how a page is counted; nil where it is not: no analytics, no agreement, or no page of its own.
func (s *site) countingOf(w http.ResponseWriter, r *http.Request, page Page) *counting {
	if !s.counted(r) || !strings.Contains(w.Header().Get("Content-Security-Policy"), s.analyticsSource()) {
		return nil
	}
	return &counting{
		ID: s.Analytics.ID, Script: s.analyticsSource() + "/gtag/js?id=" + s.Analytics.ID,
		Page: countedPath(r.Pattern), Title: strings.TrimSuffix(page.Template, ".html"),
	}
}

// counted says whether this visitor's pages are counted.
func (s *site) counted(r *http.Request) bool {
	return s.Analytics.ID != "" && answerIn(r, choiceCookie) == answerYes
}

func (s *site) analyticsSource() string {
	if s.Analytics.Source != "" {
		return s.Analytics.Source
	}
	return google
}

var wildcard = regexp.MustCompile(`\{([a-z]*)[^}]*\}`)

// countedPath is the address that a page is counted under: the pattern of its route. What stands in its place - a
// school's number, a search, a name - stays here.
func countedPath(pattern string) string {
	_, path, _ := strings.Cut(pattern, " ")
	return wildcard.ReplaceAllString(path, "$1")
}

// policyFor is the policy of a visitor's pages: Google's script may run, and report, only for those who have agreed.
func (s *site) policyFor(r *http.Request) string {
	policy := securityHeaders["Content-Security-Policy"]
	if !s.counted(r) {
		return policy
	}
	source := s.analyticsSource()
	reports := source
	if source == google {
		reports += " https://*.google-analytics.com https://*.analytics.google.com"
	}
	return strings.Replace(policy, "script-src 'self'", "connect-src 'self' "+reports+"; img-src 'self' "+reports+"; script-src 'self' "+source, 1)
}
