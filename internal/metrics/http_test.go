package metrics

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cpd-jobs/internal/clock"
)

func TestRequestsCountByRoute(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /reports/{name}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, strings.NewReader("a report"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	m := New("v1")
	routed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(t.Context()).WithContext(r.Context()) // as a session's middleware makes a request of its own
		defer Matched(r)
		mux.ServeHTTP(w, r)
	})
	h := m.Measure(routed, clock.System)
	for _, path := range []string{"/reports/a", "/reports/b", "/wp-login.php"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("DELETE", "/reports/a", nil))
	got := scrape(t, m)
	for _, want := range []string{
		`cpd_jobs_http_requests_total{code="200",method="GET",route="/reports/{name}"} 2`,
		`cpd_jobs_http_requests_total{code="404",method="GET",route="other"} 1`,
		`cpd_jobs_http_requests_total{code="405",method="DELETE",route="other"} 1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not shown in\n%s", want, ours(got))
		}
	}
}
