package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"cpd-jobs/internal/access"
)

func withVisitor(r *http.Request, v access.Visitor) *http.Request {
	return r.WithContext(access.With(r.Context(), v))
}

// guard lets through who has the role that a route needs. Whoever is not known is sent to sign in, where a person asks
// for a page, and told so otherwise.
func (s *site) guard(route route, next http.Handler) http.Handler {
	if route.needs == access.Public && route.machine != nil {
		return next // probes must not need the database
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := s.identify(r)
		v.Address = s.addressOf(r)
		r = withVisitor(r, v)
		switch {
		case v.Can(route.needs):
			next.ServeHTTP(w, r)
		case err != nil:
			s.fail(w, r, err)
		case v.Known():
			s.fail(w, r, forbidden("You need the role "+string(route.needs)+" for this. Ask the service's administrators for it."))
		case route.page != nil && r.Method == http.MethodGet:
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, "/sign-in?"+url.Values{"return": {r.URL.RequestURI()}}.Encode(), http.StatusFound)
		default:
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.fail(w, r, unauthorized("Sign in, or send a valid token."))
		}
	})
}

// identify finds out who asks: everybody is somebody at this machine where no sign-in is configured; a program has a
// token, a person a session.
func (s *site) identify(r *http.Request) (access.Visitor, error) {
	if s.gate == nil {
		return access.ThisMachine, nil
	}
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && takesTokens(r) {
		return s.tokenVisitor(r, secret)
	}
	if isRoutine(r.URL.Path) {
		return access.Visitor{Via: access.ViaNobody}, nil
	}
	var v access.Visitor
	if raw := s.gate.sessions.GetString(r.Context(), keyVisitor); raw == "" || json.Unmarshal([]byte(raw), &v) != nil {
		return access.Visitor{Via: access.ViaNobody}, nil
	}
	return v, nil
}

// takesTokens says that an address is for programs; pages are for people.
func takesTokens(r *http.Request) bool {
	return isAPI(r) || r.URL.Path == "/openapi.json" || r.URL.Path == "/metrics"
}

// tokenVisitor knows a program by its token. An address that keeps guessing is told to wait.
func (s *site) tokenVisitor(r *http.Request, secret string) (access.Visitor, error) {
	nobody, address := access.Visitor{Via: access.ViaNobody}, s.addressOf(r)
	if s.gate.attempts.spent(address, s.Now()) {
		return nobody, errTooOften
	}
	v, err := access.UseToken(r.Context(), s.DB, secret)
	if errors.Is(err, access.ErrNoToken) {
		s.gate.attempts.allow(address, s.Now())
		return nobody, nil
	}
	if err != nil {
		return nobody, err
	}
	return v, nil
}
