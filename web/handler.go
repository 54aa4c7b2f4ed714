package web

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// handler answers one request, or says why it cannot: page turns the error into a status and a page. A handler that
// fails must not have written anything.
type handler func(http.ResponseWriter, *http.Request) error

// page is the one place where errors of handlers become answers and log lines.
func (s *site) page(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// fail answers with the page for err. Only what is not the visitor's doing is logged, under the reference that the page shows.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the visitor has gone
	}
	status := statusOf(err)
	content := problem{Status: status}
	if status < http.StatusInternalServerError {
		content.Detail = err.Error()
	} else {
		content.Reference = rand.Text()[:10]
		s.Log.ErrorContext(r.Context(), "page failed", "path", shownPath(r), "status", status, "reference", content.Reference, "error", err)
	}
	for _, name := range []string{"Content-Disposition", "Content-Type", "ETag", "Last-Modified"} {
		w.Header().Del(name)
	}
	w.Header().Set("Cache-Control", "no-store")
	if isAPI(r) {
		writeProblem(w, content)
		return
	}
	if err := s.render(w, r, status, content); err != nil {
		s.Log.ErrorContext(r.Context(), "page of an error failed", "path", shownPath(r), "error", err)
		http.Error(w, http.StatusText(status), status)
	}
}

// recoverPanics makes a panic one failed page with its stack in the log, never in the answer. Where the answer has
// begun the connection is cut, so that half a file is not taken for a whole one.
func (s *site) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); {
			case p == nil:
			case p == any(http.ErrAbortHandler):
				panic(p) // net/http's own way to cut a connection
			default:
				s.Log.ErrorContext(r.Context(), "page panicked", "path", shownPath(r), "panic", p, "stack", string(debug.Stack()))
				if seen, ok := w.(*response); ok && seen.begun {
					panic(http.ErrAbortHandler)
				}
				s.fail(w, r, errors.New("panic"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// observe writes one log line a request: at level debug for what browsers and probes ask all day.
func (s *site) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.Now()
		seen := newResponse(w, pieceWithin)
		defer func() { // also when the connection is cut
			level := slog.LevelInfo
			if isRoutine(r.URL.Path) && seen.status < http.StatusInternalServerError {
				level = slog.LevelDebug
			}
			s.Log.Log(r.Context(), level, "request", "method", r.Method, "path", shownPath(r),
				"status", seen.status, "bytes", seen.bytes, "took", s.Now().Sub(started).Round(time.Microsecond))
		}()
		next.ServeHTTP(seen, r)
	})
}

// shownPath is a request's path as logs have it: without the part of a link that lets its reader in.
func shownPath(r *http.Request) string {
	rest, ok := strings.CutPrefix(r.URL.Path, "/shared/")
	if !ok {
		return r.URL.Path
	}
	_, name, _ := strings.Cut(rest, "/")
	return "/shared/.../" + name
}

// isRoutine says that nobody wants to read a log line about each request for path.
func isRoutine(path string) bool {
	return strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/health") || path == "/ping" || path == "/metrics"
}
