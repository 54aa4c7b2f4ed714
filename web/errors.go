package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/queue"
	"cpd-jobs/web/api"
)

// notFound is an address that leads nowhere. Its text is for the visitor.
type notFound string

func (e notFound) Error() string { return string(e) }

// GetStatus is what the API answers.
func (e notFound) GetStatus() int { return http.StatusNotFound }

func noSuchPage(http.ResponseWriter, *http.Request) error {
	return notFound("If you typed the web address, check it is correct. If you pasted it, check you copied all of it.")
}

// statusOf maps an error to its HTTP status, for every page.
func statusOf(err error) int {
	var missing notFound
	var denied forbidden
	var nobody unknown
	var often tooOften
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &denied):
		return http.StatusForbidden
	case errors.As(err, &nobody):
		return http.StatusUnauthorized
	case errors.As(err, &often):
		return http.StatusTooManyRequests
	case errors.As(err, &missing), errors.Is(err, queue.ErrNoJob):
		return http.StatusNotFound
	case errors.As(err, &connect):
		return http.StatusServiceUnavailable
	}
	return api.Status(err)
}

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
