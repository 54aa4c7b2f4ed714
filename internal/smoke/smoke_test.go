package smoke

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/clock"
)

// instance is a deployed one that may have something wrong with it.
type instance struct {
	ready  string
	header http.Header
	body   string
}

func (i instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, values := range i.header {
		w.Header()[name] = values
	}
	switch r.URL.Path {
	case "/ping":
		fmt.Fprintln(w, "pong")
	case "/health/ready":
		fmt.Fprintln(w, i.ready)
	case "/health":
		fmt.Fprintln(w, `{"status":"ok","version":"v1","components":{"database":{"status":"ok"}}}`)
	case "/reports/school-onboarding/downloads/3/a.csv":
		w.Header().Set("Content-Disposition", `attachment; filename="a.csv"`)
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("ETag", `"x"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("a,b\r\n"))
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintln(w, i.body)
	}
}

func TestWhatIsWrongIsSeen(t *testing.T) {
	t.Parallel()
	safe := http.Header{
		"Content-Security-Policy": {"default-src 'self'"}, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"same-origin"},
	}
	whole := `<html><a href="/reports/school-onboarding">R</a><a href="/reports/school-onboarding/downloads/3/a.csv">D</a></html>`
	for _, c := range []struct {
		name   string
		of     instance
		failed string // names of the tries that fail
		tries  int
	}{
		{"all is well", instance{`{"status": "ready"}`, safe, whole}, "", 6},
		{"not ready", instance{`{"status": "not ready"}`, safe, whole}, "ready", 6},
		{"headers are lost", instance{`{"status":"ready"}`, http.Header{}, whole}, "front page, report page, download", 6},
		{"cut off", instance{`{"status":"ready"}`, safe, strings.TrimSuffix(whole, "</html>")}, "front page, report page", 6},
		{"no report", instance{`{"status":"ready"}`, safe, "<html></html>"}, "front page", 4},
	} {
		server := httptest.NewServer(c.of)
		base, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		s := New(base, clock.System)
		if err := s.Outside(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var failed []string
		for _, one := range s.Tries {
			if !one.OK {
				failed = append(failed, one.Name)
			}
		}
		if got := strings.Join(failed, ", "); got != c.failed || len(s.Tries) != c.tries {
			t.Errorf("%s: of %d tries %q failed, want %q of %d: %+v", c.name, len(s.Tries), got, c.failed, c.tries, s.Tries)
		}
		server.Close()
	}
}
