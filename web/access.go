package web

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
)

func withVisitor(r *http.Request, v access.Visitor) *http.Request {
	if about, ok := r.Context().Value(aboutKey{}).(*about); ok {
		about.user = v.ID
	}
	return r.WithContext(access.With(r.Context(), v))
}

// guard lets visitors through who have the role that a route needs. One who is not known is sent to sign in where they
// ask for a page, and refused otherwise.
func (s *site) guard(route route, next http.Handler) http.Handler {
	if route.needs == access.Public && route.machine != nil {
		return next // probes must not need the database
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := s.identify(r)
		v.Address = s.addressOf(r)
		r = withVisitor(r, v)
		if err == nil && v.Via != access.ViaToken {
			err = checkMediaType(r)
		}
		switch {
		case err != nil:
			s.fail(w, r, err)
		case v.Can(route.needs):
			next.ServeHTTP(w, r)
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

// checkMediaType refuses bodies that another site's page can have a browser send with its visitor's cookies: those of
// no type, or of another than the address takes.
func checkMediaType(r *http.Request) error {
	if r.Method != http.MethodPost || r.ContentLength == 0 {
		return nil
	}
	want := "application/x-www-form-urlencoded"
	if isAPI(r) {
		want = "application/json"
	}
	if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != want {
		return httpError{http.StatusUnsupportedMediaType, run.Invalid("", "Send a body of the type %s.", want)}
	}
	return nil
}

// identify finds the visitor: everyone is access.ThisMachine where no sign-in is configured; a program has a token, a
// person a session.
func (s *site) identify(r *http.Request) (access.Visitor, error) {
	if s.gate == nil {
		return access.ThisMachine, nil
	}
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && takesTokens(r) {
		return s.tokenVisitor(r, secret)
	}
	if isRoutine(r.URL.Path) {
		return access.Visitor{Via: access.ViaUnknown}, nil
	}
	var v access.Visitor
	if raw := s.gate.sessions.GetString(r.Context(), keyVisitor); raw == "" || json.Unmarshal([]byte(raw), &v) != nil {
		return access.Visitor{Via: access.ViaUnknown}, nil
	}
	return v, nil
}

// takesTokens says that an address is for programs; pages are for people.
func takesTokens(r *http.Request) bool {
	return isAPI(r) || r.URL.Path == "/openapi.json" || r.URL.Path == "/metrics"
}

// tokenVisitor knows a program by its token. An address that keeps guessing is told to wait; a valid token is let in
// all the same, since others may share its address.
func (s *site) tokenVisitor(r *http.Request, secret string) (access.Visitor, error) {
	v, err := access.UseToken(r.Context(), s.Control, secret)
	if !errors.Is(err, access.ErrNoToken) {
		return v, err
	}
	v.Via = access.ViaUnknown
	if !s.gate.badTokens.allow(s.addressOf(r), s.Now()) {
		return v, errTooOften
	}
	return v, nil
}

// limits bounds how often something happens by each name, such as an address: burst times at once, then once in every.
type limits struct {
	mu    sync.Mutex
	every time.Duration
	burst int
	by    map[string]*rate.Limiter
}

// limitsKept is how many addresses are remembered; beyond it all are forgotten, since an attacker with that many
// addresses is not stopped by a limit on each.
const limitsKept = 10_000

func newLimits(every time.Duration, burst int) *limits {
	return &limits{every: every, burst: burst, by: map[string]*rate.Limiter{}}
}

// allow says whether an address may try once more.
func (l *limits) allow(address string, now time.Time) bool { return l.of(address).AllowN(now, 1) }

func (l *limits) of(address string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.by) >= limitsKept {
		clear(l.by)
	}
	if l.by[address] == nil {
		l.by[address] = rate.NewLimiter(rate.Every(l.every), l.burst)
	}
	return l.by[address]
}
