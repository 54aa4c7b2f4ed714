package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports/exports"
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
func statusOf(err error) int {
	if known, ok := errors.AsType[huma.StatusError](err); ok {
		return known.GetStatus()
	}
	_, away := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case errors.Is(err, queue.ErrNoJob), errors.Is(err, queue.ErrNoSchedule), errors.Is(err, exports.ErrNone):
		return http.StatusNotFound
	case away, errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	switch run.ClassOf(err) {
	case run.ClassInvalid:
		return http.StatusBadRequest
	case run.ClassBlocked:
		return http.StatusConflict
	case run.ClassUnreachable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// problemOf is what the visitor reads about an error that where ended with. One that is not the visitor's doing is
// logged, under the reference that they read.
func (s *site) problemOf(ctx context.Context, where string, err error) problem {
	s.recordRefusal(ctx, where, err)
	p := problem{Status: statusOf(err)}
	if p.Status < http.StatusInternalServerError {
		p.Detail = err.Error()
		return p
	}
	p.Reference = rand.Text()[:10]
	s.Log.ErrorContext(ctx, "request failed", "path", where, "status", p.Status, "reference", p.Reference, "error", err)
	return p
}

// isAPI says that a program asks, which wants no page.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// writeProblem answers a program with problem details (RFC 9457).
func writeProblem(w http.ResponseWriter, p problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(p.Status), Status: p.Status, Detail: p.text()})
}

// problem is the page for whatever went wrong.
type problem struct {
	Status    int
	Detail    string
	Reference string
}

// text is the problem for a program.
func (p problem) text() string {
	if p.Reference != "" {
		return "Try again later. The log has more under the reference " + p.Reference + "."
	}
	return p.Detail
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
