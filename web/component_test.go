package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/trace"
)

// healthOf asks pages made of d.
func healthOf(t *testing.T, d Deps) (int, health) {
	t.Helper()
	w := httptest.NewRecorder()
	New(d).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/health", nil))
	var answer health
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return w.Code, answer
}

func TestHealth(t *testing.T) {
	t.Parallel()
	f := newEmptyFixture(t)
	exec := func(sql string) {
		t.Helper()
		if _, err := f.deps.DB.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	want := func(code int, status string, components map[string]string) {
		t.Helper()
		got, answer := healthOf(t, f.deps)
		if got != code || answer.Status != status || answer.Version != f.deps.Version {
			t.Errorf("%d %+v, want %d, %s and version %q", got, answer, code, status, f.deps.Version)
		}
		for name, status := range components {
			if answer.Components[name].Status != status {
				t.Errorf("%s is %+v, want %s", name, answer.Components[name], status)
			}
		}
	}
	want(http.StatusOK, "degraded", map[string]string{"database": "ok", "migrations": "ok", "store": "ok", "workers": "degraded", "schedules": "ok"})
	exec("INSERT INTO queue.workers (id, host, pid, version) VALUES ('w', 'h', 1, 'v')")
	want(http.StatusOK, "ok", map[string]string{"workers": "ok", "pages": "ok"})
	exec("INSERT INTO queue.schedules (name, spec, accounted_to, next_tick, generation) VALUES ('s', '{}', now(), now() - interval '5 minutes', 1)")
	want(http.StatusOK, "degraded", map[string]string{"schedules": "degraded"})
	f.deps.Schema = func(context.Context) error { return errors.New("0008_exports.sql is pending") }
	want(http.StatusServiceUnavailable, "down", map[string]string{"database": "ok", "migrations": "down", "workers": "unknown"})
	away := pgtest.New(t)
	away.Close()
	f.deps.DB = away
	want(http.StatusServiceUnavailable, "down", map[string]string{"database": "down", "migrations": "unknown", "schedules": "unknown"})
}

func TestSecurityTxtLeadsToThePolicy(t *testing.T) {
	t.Parallel()
	f := newEmptyFixture(t)
	for _, c := range []struct {
		policy string
		code   int
	}{{"https://security.example.org/policy.txt", http.StatusFound}, {"", http.StatusNotFound}} {
		f.deps.SecurityTxt = c.policy
		for _, path := range []string{"/.well-known/security.txt", "/security.txt"} {
			w := httptest.NewRecorder()
			New(f.deps).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
			if w.Code != c.code || w.Header().Get("Location") != c.policy {
				t.Errorf("%s: %d to %q, want %d to %q", path, w.Code, w.Header().Get("Location"), c.code, c.policy)
			}
		}
	}
}

// TestLogLinesOfARequestHaveItsTrace also looks that a trace that is none is replaced.
func TestLogLinesOfARequestHaveItsTrace(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	var seen []string
	inner := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, trace.From(r.Context()).String()) })
	for _, header := range []string{"00-" + id + "-00f067aa0ba902b7-01", "nonsense", ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(trace.Header, header)
		traced(inner).ServeHTTP(httptest.NewRecorder(), r)
	}
	if !strings.Contains(seen[0], id) || strings.Contains(seen[0], "00f067aa0ba902b7") {
		t.Errorf("goes on as %s, want a child of the caller's", seen[0])
	}
	if a, b := trace.Parse(seen[1]).ID(), trace.Parse(seen[2]).ID(); a == "" || b == "" || a == b || a == id {
		t.Errorf("traces %q and %q, want a new one for each request", a, b)
	}
}
