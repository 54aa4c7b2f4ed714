package metrics

import (
	"context"
	"io"
	"net/http"
	"strings"

	"cpd-jobs/internal/clock"
)

// Measure counts the requests that next answers, by the route that was passed to [Matched].
func (m *Metrics) Measure(next http.Handler, now clock.Now) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, pattern := now(), ""
		seen := &answer{ResponseWriter: w, status: http.StatusOK}
		defer func() { // also when the connection is cut
			m.Answered(route(pattern), r.Method, seen.status, now().Sub(began))
		}()
		next.ServeHTTP(seen, r.WithContext(context.WithValue(r.Context(), patternKey{}, &pattern)))
	})
}

type patternKey struct{}

// Matched tells Measure which pattern matched a request. The router calls it: what stands between the two may have made
// a new request of the one that Measure saw, and the router's word of the pattern is in the new one alone.
func Matched(r *http.Request) {
	if pattern, ok := r.Context().Value(patternKey{}).(*string); ok {
		*pattern = r.Pattern
	}
}

// route is a pattern without its method, which has a label of its own. A request that no route took is "other".
func route(pattern string) string {
	if pattern == "" || pattern == "GET /" {
		return "other"
	}
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// answer keeps the status that is written through it.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// ReadFrom keeps the buffers that net/http shares among downloads in use.
func (a *answer) ReadFrom(src io.Reader) (int64, error) { return io.Copy(a.ResponseWriter, src) }

// Unwrap lets http.ResponseController reach the real one.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
