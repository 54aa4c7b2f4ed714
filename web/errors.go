package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"cpd-jobs/internal/run"
	"cpd-jobs/web/api"
)

// httpError is an error whose text is for the visitor, with the status that it is answered with.
type httpError struct {
	status int
	err    error
}

func (e httpError) Error() string  { return e.err.Error() }
func (e httpError) Unwrap() error  { return e.err }
func (e httpError) GetStatus() int { return e.status }

func notFound(text string) error { return httpError{http.StatusNotFound, run.Invalid("", "%s", text)} }
func forbidden(text string) error {
	return httpError{http.StatusForbidden, run.Blocked("", "%s", text)}
}
func unauthorized(text string) error {
	return httpError{http.StatusUnauthorized, run.Blocked("", "%s", text)}
}
func tooManyRequests(text string) error {
	return httpError{http.StatusTooManyRequests, run.Blocked("", "%s", text)}
}

func noSuchPage(http.ResponseWriter, *http.Request) error {
	return notFound("If you typed the web address, check it is correct. If you pasted it, check you copied all of it.")
}

// statusOf maps an error to its HTTP status, for every page and every answer of the API.
func statusOf(err error) int { return api.Status(err) }

// isAPI says that a program asks, which wants no page.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// writeProblem answers a program with problem details (RFC 9457).
func writeProblem(w http.ResponseWriter, p problem) {
	detail := p.Detail
	if p.Reference != "" {
		detail = "Try again later. The log has more under the reference " + p.Reference + "."
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(p.Status), Status: p.Status, Detail: detail})
}

// problem is the page for whatever went wrong.
type problem struct {
	Status    int
	Detail    string
	Reference string
}

func (p problem) Page() Page {
	return Page{Template: "problem.html", Title: p.Heading()}
}

// Heading says it in GOV.UK's words for such pages.
func (p problem) Heading() string {
	switch p.Status {
	case http.StatusNotFound:
		return "Page not found"
	case http.StatusBadRequest:
		return "That request cannot be answered"
	case http.StatusForbidden:
		return "You may not do this"
	case http.StatusUnauthorized:
		return "Sign in first"
	case http.StatusTooManyRequests:
		return "Too many tries"
	case http.StatusConflict:
		return "That cannot be done now"
	case http.StatusServiceUnavailable:
		return "Sorry, the service is unavailable"
	default:
		return "Sorry, there is a problem with the service"
	}
}
