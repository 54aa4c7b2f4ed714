package web

import (
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

// notFound is an address that leads nowhere. Its text is for the visitor.
type notFound string

func (e notFound) Error() string { return string(e) }

func noSuchPage(http.ResponseWriter, *http.Request) error {
	return notFound("If you typed the web address, check it is correct. If you pasted it, check you copied all of it.")
}

// statusOf maps an error to its HTTP status, for every page.
func statusOf(err error) int {
	var missing notFound
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &missing), errors.Is(err, queue.ErrNoJob):
		return http.StatusNotFound
	case errors.As(err, &connect):
		return http.StatusServiceUnavailable
	}
	switch run.ClassOf(err) {
	case run.BadInput:
		return http.StatusBadRequest
	case run.Unreachable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
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
	case http.StatusServiceUnavailable:
		return "Sorry, the service is unavailable"
	default:
		return "Sorry, there is a problem with the service"
	}
}
