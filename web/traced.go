package web

import (
	"net/http"

	"cpd-jobs/internal/trace"
)

// traced has what is done for a request go on with the caller's trace, or begin one: its log lines and the jobs that it
// inserts share the trace's id.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := trace.Parse(r.Header.Get(trace.Header))
		if !asked.Valid() {
			asked = trace.New()
		}
		next.ServeHTTP(w, r.WithContext(trace.With(r.Context(), asked.Child())))
	})
}
