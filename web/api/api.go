// Package api is the programs' way in: reports, their rows and changes, files, jobs, runs and schedules as JSON, with the
// OpenAPI document made from the same types that answer. Who may call what is for package web to see to: each route says
// which role it needs.
package api

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/versions"
	"cpd-jobs/web/rows"
)

// Prefix begins every address of the API.
const Prefix = "/api/v1"

// Roles that routes need, as package web calls them.
const (
	analyst   = "analyst"
	developer = "developer"
)

// Deps is what the API needs.
type Deps struct {
	DB    *pgxpool.Pool
	Queue *queue.Client // nil: jobs cannot be started or stopped
	Log   *slog.Logger
	Now   clock.Now
	// Version of the program.
	Version string
	// By names who asks, as the starter of a job.
	By func(context.Context) string
	// Audited does something and records it: action, target and detail.
	Audited func(ctx context.Context, action, target string, detail any, do func(context.Context) error) error
	// Personal says whether who asks may see reports with personal data.
	Personal func(context.Context) bool
	// File answers with the file of an export, Description with what describes a CSV file; its error is of a file that has none.
	File, Description func(http.ResponseWriter, *http.Request, exports.Export) error
	// HandOn makes a link to a file for whoever is given it.
	HandOn func(r *http.Request, e exports.Export, life time.Duration) (address string, until time.Time, err error)
}

// Route is one address of the API.
type Route struct {
	Pattern string // of [http.ServeMux]
	Needs   string // a role
	Handler http.Handler
}

// API is the routes and the document that describes them.
type API struct {
	Deps
	routes  *routes
	huma    huma.API
	counter rows.Counter
}

// routes collects what huma registers.
type routes struct {
	list  []Route
	needs string // the role of the next
}

func (r *routes) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	r.list = append(r.list, Route{Pattern: pattern, Needs: r.needs, Handler: http.HandlerFunc(handler)})
}

// ServeHTTP is never called: package web's own router answers.
func (r *routes) ServeHTTP(w http.ResponseWriter, req *http.Request) { http.NotFound(w, req) }

// New makes the API. It panics only where two routes contradict each other.
func New(d Deps) *API {
	config := huma.DefaultConfig("CPD reports", d.Version)
	config.Info.Description = "Reports on continuing professional development, their files, and the jobs that make them. Times are RFC 3339 in UTC. Errors are problem details (RFC 9457)."
	config.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	config.Servers = []*huma.Server{{URL: "/", Description: "Where this document is"}}
	config.Tags = []*huma.Tag{
		{Name: "Reports", Description: "What is reported, its rows and what changed"}, {Name: "Files", Description: "Exported files"},
		{Name: "Jobs", Description: "What runs and ran"}, {Name: "Schedules", Description: "What runs by itself"},
	}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // package web answers for the document and its page
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // no $schema in answers
	config.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token that an administrator made with `cpd-jobs tokens create`. On a machine without sign-in none is needed."},
	}
	a := &API{Deps: d, routes: &routes{}}
	a.huma = humago.New(a.routes, config)
	for _, register := range []func(){a.reports, a.rows, a.changes, a.exports, a.jobs, a.runs, a.schedules} {
		register()
	}
	return a
}

// schemaName is what the document calls a type: its name, but where clients know it by an older one.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[versions.Version]() || t == reflect.TypeFor[*versions.Version]() {
		return "Refreshed"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// Routes are all addresses of the API.
func (a *API) Routes() []Route { return a.routes.list }

// Document is the OpenAPI 3.1 document, as JSON.
func (a *API) Document() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// OpenAPI is the document.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// add makes a route and its part of the document.
func add[I, O any](a *API, needs string, op huma.Operation, answer func(context.Context, *I) (*O, error)) {
	a.routes.needs = needs
	op.Path = Prefix + op.Path
	op.Security = []map[string][]string{{"token": {}}, {}}
	op.Description = op.Description + " Needs the role " + needs + "."
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	if op.Method == http.MethodPost {
		op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	op.MaxBodyBytes = 256 << 10
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := answer(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

// missing is something that there is not. Its text is for the caller.
type missing string

func (m missing) Error() string { return string(m) }

// denied is something that the caller may not do. Its text is for the caller.
type denied string

func (d denied) Error() string { return string(d) }

// Status maps an error to its HTTP status.
func Status(err error) int {
	if status, ok := errors.AsType[huma.StatusError](err); ok {
		return status.GetStatus()
	}
	_, none := errors.AsType[missing](err)
	_, forbidden := errors.AsType[denied](err)
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case none, errors.Is(err, queue.ErrNoJob), errors.Is(err, queue.ErrNoSchedule), errors.Is(err, exports.ErrNone):
		return http.StatusNotFound
	case forbidden:
		return http.StatusForbidden
	case connect:
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

// problem is an error as callers see it: what is not their doing only as a reference to the log.
func (a *API) problem(ctx context.Context, err error) error {
	if whole, ok := errors.AsType[*huma.ErrorModel](err); ok {
		return whole
	}
	status, detail := Status(err), err.Error()
	if status >= http.StatusInternalServerError {
		reference := rand.Text()[:10]
		a.Log.ErrorContext(ctx, "request of the API failed", "status", status, "reference", reference, "error", err)
		detail = "Try again later. The log has more under the reference " + reference + "."
	}
	return huma.NewError(status, detail)
}
