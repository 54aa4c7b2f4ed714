package metrics

import (
	"io"
	"net/http"
	"strings"

	"cpd-jobs/internal/clock"
)

// Measure counts the requests that next answers, by the route that matched.
func (m *Metrics) Measure(next http.Handler, now clock.Now) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := now()
		seen := &answer{ResponseWriter: w, status: http.StatusOK}
		defer func() { // also when the connection is cut
			m.Answered(route(r), r.Method, seen.status, now().Sub(began))
		}()
		next.ServeHTTP(seen, r)
	})
}

// route is the pattern that matched, without its method, which has a label of its own. What nobody routed is "other".
func route(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "GET /" {
		return "other"
	}
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		return path
	}
	return r.Pattern
}

// answer remembers the status that is written through it.
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
