package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/trace"
)

// handler answers one request, or says why it cannot: page turns the error into a status and a page. A handler that
// fails must not have written anything.
type handler func(http.ResponseWriter, *http.Request) error

// pageWithin is how long a page or an answer of the API may wait for the database: people who wait longer have left,
// and meanwhile it holds a connection that others need.
const pageWithin = 10 * time.Second

// page is the one place where errors of handlers become answers and log lines. Only a long one has no deadline.
func (s *site) page(h handler, long bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		asked := r
		if !long {
			ctx, cancel := context.WithTimeout(r.Context(), s.within)
			defer cancel()
			asked = r.WithContext(ctx)
		}
		if err := h(w, asked); err != nil {
			s.fail(w, r, err)
		}
	}
}

// fail answers with the page for err. Only what is not the visitor's doing is logged, under the reference that the page
// shows.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the visitor has gone
	}
	content := s.problemOf(r.Context(), shownPath(r), err)
	for _, name := range []string{"Content-Disposition", "Content-Type", "ETag", "Last-Modified", "Link"} {
		w.Header().Del(name)
	}
	w.Header().Set("Cache-Control", "no-store")
	if isAPI(r) {
		writeProblem(w, content)
		return
	}
	if err := s.render(w, r, content.Status, content); err != nil {
		s.Log.ErrorContext(r.Context(), "page of an error failed", "path", shownPath(r), "error", err)
		http.Error(w, http.StatusText(content.Status), content.Status)
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

// about is what becomes known of a request on its way inwards.
type about struct{ user string } // an id, never a name or an address

type aboutKey struct{}

// observe writes one log line a request: at level debug for what browsers and probes ask all day.
func (s *site) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.Now()
		seen := newResponse(w, pieceWithin)
		known := &about{}
		r = r.WithContext(context.WithValue(r.Context(), aboutKey{}, known))
		defer func() { // also when the connection is cut
			level := slog.LevelInfo
			if isRoutine(r.URL.Path) && seen.status < http.StatusInternalServerError {
				level = slog.LevelDebug
			}
			s.Log.Log(r.Context(), level, "request", "method", r.Method, "path", shownPath(r), "user", known.user,
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

// isRoutine says that requests for path are too many for a log line each.
func isRoutine(path string) bool {
	return strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/health") || path == "/ping" || path == "/metrics"
}

// inlineScript is the one script within a page: it marks the body before anything is drawn, so that nothing moves
// afterwards. A policy that allowed others would let an injected one run.
const (
	inlineScript     = `document.body.className += ' js-enabled' + ('noModule' in HTMLScriptElement.prototype ? ' govuk-frontend-supported' : '');`
	inlineScriptHash = `'sha256-GUQ5ad8JK5KmEWmROf3LZd9ge94daqNvd8xy9YS1iDw='`
)

var securityHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'self'; script-src 'self' " + inlineScriptHash +
		"; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
}

// secured adds the headers that every answer carries.
func (s *site) secured(next http.Handler) http.Handler {
	https := s.gate != nil && strings.HasPrefix(s.gate.PublicURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Security-Policy", s.policyFor(r))
		if https {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// ownHosts answers only requests that name these pages as they are called.
func (s *site) ownHosts(next http.Handler) http.Handler {
	if s.gate == nil {
		return loopbackHosts(next)
	}
	public, err := url.Parse(s.gate.PublicURL)
	if err != nil {
		panic("web: SignIn.PublicURL: " + err.Error()) // settings are checked before they come here
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Host, public.Host) && !isRoutine(r.URL.Path) { // probes use whatever address they have
			http.Error(w, "These pages are at "+s.gate.PublicURL+".", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withSession finds the visitor's session, and keeps what becomes of it.
func (s *site) withSession(next http.Handler) http.Handler {
	if s.gate == nil {
		return next
	}
	session := s.gate.sessions.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isRoutine(r.URL.Path) {
			next.ServeHTTP(w, r) // probes must not need the database
			return
		}
		session.ServeHTTP(w, r)
	})
}

// loopbackHosts answers only requests that name this machine. Without sign-in, a stranger's page whose
// name was made to resolve to 127.0.0.1 could otherwise read everything through the visitor's browser.
func loopbackHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopbackHost(r.Host) {
			http.Error(w, "No sign-in is configured, so these pages answer on this machine only: use http://localhost or http://127.0.0.1.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopbackHost says whether a Host header, with or without a port, can only mean this machine.
func isLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// sameOrigin refuses what another site's page makes a visitor's browser send. Requests of programs, which name no
// origin, pass: nothing that a browser adds by itself lets them in.
func (s *site) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Log.WarnContext(r.Context(), "request of another site refused", "path", shownPath(r), "origin", r.Header.Get("Origin"))
		r = withVisitor(r, access.Visitor{Via: access.ViaUnknown, Address: s.addressOf(r)})
		s.fail(w, r, forbidden("Another site asked for this. Start from these pages."))
	}))
	return protection.Handler(next)
}

// A client that reads nothing would otherwise hold a connection, and an open file, for ever. There is no limit on an
// answer as a whole, for a large file over a slow line is legitimate: each piece has its own, which two kilobytes a
// second keep.
const (
	pieceWithin = 2 * time.Minute
	piece       = 256 << 10
)

// response counts what is written through it, and gives up on a client that takes none of it.
type response struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration // with each piece
	begun    bool
	status   int
	bytes    int64
}

func newResponse(w http.ResponseWriter, patience time.Duration) *response {
	r := &response{ResponseWriter: w, control: http.NewResponseController(w), patience: patience, status: http.StatusOK}
	r.wait() // what an earlier request of the connection left has passed by now
	return r
}

// wait gives the client time for what is written next. What is no connection, as in tests, has no deadline.
func (r *response) wait() { _ = r.control.SetWriteDeadline(clock.System().Add(r.patience)) }

func (r *response) WriteHeader(status int) {
	r.begun, r.status = true, status
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(p []byte) (int, error) {
	r.begun = true
	r.wait()
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the buffers that net/http shares among downloads in use.
func (r *response) ReadFrom(src io.Reader) (total int64, err error) {
	r.begun = true
	for {
		r.wait()
		n, err := io.CopyN(r.ResponseWriter, src, piece)
		total += n
		r.bytes += n
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// Unwrap lets http.ResponseController reach the real one.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

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
