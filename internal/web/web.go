// Package web is the pages: reports with how fresh they are and their downloads, runs with what they did, and the
// addresses that probes and Prometheus ask. Pages are made on the server, in GOV.UK Frontend style, and need no
// JavaScript. What they show comes from packages queue and reports; nothing is decided here.
package web

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/reports/store"
)

//go:generate ./vendor.sh

// Deps is what the pages need. All are required but where it says otherwise.
type Deps struct {
	DB    *pgxpool.Pool
	Store store.Store
	Log   *slog.Logger
	Now   clock.Now
	// Version of the program, shown at the foot of each page and part of nothing else.
	Version string
	// Schema says whether the database has every migration of this program: nil if so, else what it lacks. Asked by /health/ready.
	Schema func(context.Context) error
	// Metrics answers /metrics; nil answers 404.
	Metrics http.Handler
}

// site is the pages at work.
type site struct {
	Deps
	pages  *pages
	assets *assets
}

// New makes the pages. The handler is safe for concurrent use; it panics only where the templates in the binary do not parse.
func New(d Deps) http.Handler {
	files := newAssets()
	s := &site{Deps: d, assets: files, pages: newPages(files, d.Version)}
	return s.observe(s.recoverPanics(secured(loopbackHosts(s.routes()))))
}
