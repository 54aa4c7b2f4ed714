package web

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"cpd-jobs/internal/access"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/versions"
)

// apiPrefix begins every address of the API.
const apiPrefix = "/api/v1"

// api is how programs come in: reports, their rows and changes, files, jobs, runs and schedules as JSON, with the
// OpenAPI document made from the same types that answer. It does what pages do through the same functions of site.
type api struct {
	*site
	huma  huma.API
	list  []route
	needs access.Role // of the route that is registered next
}

// HandleFunc collects what huma registers.
func (a *api) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	a.list = append(a.list, route{pattern: pattern, needs: a.needs, machine: private(http.HandlerFunc(handler))})
}

// ServeHTTP is never called: the router of the pages answers.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// newAPI makes the API. It panics only where two routes contradict each other.
func newAPI(s *site) *api {
	config := huma.DefaultConfig("CPD reports", s.Version)
	config.Info.Description = "Reports on continuing professional development, their files, and the jobs that make them. Times are RFC 3339 in UTC. Errors are problem details (RFC 9457)."
	config.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	config.Servers = []*huma.Server{{URL: "/", Description: "Where this document is"}}
	config.Tags = []*huma.Tag{
		{Name: "Reports", Description: "What is reported, its rows and what changed"}, {Name: "Files", Description: "Exported files"},
		{Name: "Jobs", Description: "What runs and ran"}, {Name: "Schedules", Description: "What runs by itself"},
		{Name: "Queues", Description: "What may begin, and past ticks that are made up"},
	}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // routes has the document and its page
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[selection.Values](), reflect.TypeFor[conditionValues]())
	config.CreateHooks = nil // no $schema in answers
	config.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token that an administrator made with `cpd-jobs tokens create`. On a machine without sign-in none is needed."},
	}
	a := &api{site: s}
	a.huma = humago.New(a, config)
	a.addReports()
	a.addRows()
	a.addChanges()
	a.addExports()
	a.addJobs()
	a.addRuns()
	a.addSchedules()
	a.addQueues()
	return a
}

// schemaName is what the document calls a type: its name, but where clients know it by an older one.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[versions.Version]() || t == reflect.TypeFor[*versions.Version]() {
		return "Refreshed"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// conditionValues describes [selection.Values] in the document: one text, or a list of them.
type conditionValues struct{}

func (conditionValues) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: "string"}
	return &huma.Schema{OneOf: []*huma.Schema{text, {Type: "array", Items: text}}}
}

// add makes a route and its part of the document.
func add[I, O any](a *api, needs access.Role, op huma.Operation, answer func(context.Context, *I) (*O, error)) {
	a.needs = needs
	op.Path = apiPrefix + op.Path
	op.Security = []map[string][]string{{"token": {}}, {}}
	op.Description = op.Description + " Needs the role " + string(needs) + "."
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	if op.Method == http.MethodPost {
		op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	op.MaxBodyBytes = 256 << 10
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		limited, cancel := context.WithTimeout(ctx, a.within)
		defer cancel()
		out, err := answer(limited, in)
		if err != nil {
			p := a.problemOf(ctx, op.Path, err)
			return nil, huma.NewError(p.Status, p.text())
		}
		return out, nil
	})
}

// stream answers with what do writes, or with its error where it has written nothing.
func (a *api) stream(do func(http.ResponseWriter, *http.Request) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		if err := do(w, r); err != nil {
			a.fail(w, r, err)
		}
	}}
}
