package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

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

// loopbackHosts answers only requests that name this machine. While nobody has to sign in, a stranger's page whose
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
		s.fail(w, r, forbidden("Another site asked for this. Start from these pages."))
	}))
	return protection.Handler(next)
}
