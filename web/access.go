package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Role is what a visitor may be. A route needs one of them.
type Role string

// Roles, and what each lets its bearer do.
const (
	Public    Role = "public"           // nothing to sign in for: probes, assets, the sign-in itself
	Analyst   Role = "analyst"          // read reports, download and ask for files
	Personal  Role = "analyst-personal" // the same with reports that have personal data
	Developer Role = "developer"        // see and steer runs, schedules and queues
	Admin     Role = "admin"            // see the audit and everybody's tokens
)

// Roles are all that a claim may give.
var Roles = []Role{Analyst, Personal, Developer, Admin}

// implied are the roles that come with a role. Personal data come with none: who needs them is told apart.
var implied = map[Role][]Role{
	Personal:  {Analyst},
	Developer: {Analyst},
	Admin:     {Developer, Analyst},
}

// Ways in which a visitor is known, as the audit has them.
const (
	viaThisMachine = "this machine"
	viaSignIn      = "sign-in"
	viaToken       = "token"
	viaLink        = "link"
	viaNobody      = "nobody"
)

// visitor is who asks.
type visitor struct {
	Name  string // for the record: an e-mail address, a token's name
	Via   string
	Roles []Role
	// Address is where the request comes from.
	Address string
}

// Can says whether the visitor has a role, or one that it comes with.
func (v visitor) Can(r Role) bool {
	if r == Public {
		return true
	}
	for _, has := range v.Roles {
		if has == r || slices.Contains(implied[has], r) {
			return true
		}
	}
	return false
}

// May is Can for templates.
func (v visitor) May(role string) bool { return v.Can(Role(role)) }

// Known says whether it is known who asks.
func (v visitor) Known() bool { return v.Via != viaNobody && v.Via != "" }

// by is the visitor as the starter of a job.
func (v visitor) by() string {
	if v.Via == viaToken {
		return "token " + v.Name
	}
	return "person " + v.Name
}

// atThisMachine is everybody while no sign-in is configured. Personal data are nobody's then.
var atThisMachine = visitor{Name: "somebody at this machine", Via: viaThisMachine, Roles: []Role{Analyst, Developer, Admin}}

type visitorKey struct{}

func withVisitor(r *http.Request, v visitor) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitorKey{}, v))
}

// visitorOf is who asks; one who may do nothing where nobody has found out.
func visitorOf(ctx context.Context) visitor {
	v, _ := ctx.Value(visitorKey{}).(visitor)
	return v
}

// forbidden is something that the visitor may not do. Its text is for the visitor.
type forbidden string

func (e forbidden) Error() string { return string(e) }

// unknown is a visitor who must say who they are.
type unknown string

func (e unknown) Error() string { return string(e) }

// guard lets through who has the role that a route needs. Whoever is not known is sent to sign in, where a person asks
// for a page, and told so otherwise.
func (s *site) guard(route route, next http.Handler) http.Handler {
	if route.needs == Public && route.machine != nil {
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
			s.fail(w, r, unknown("Sign in, or send a token that is good."))
		}
	})
}

// identify finds out who asks: everybody is somebody at this machine where no sign-in is configured; a program has a
// token, a person a session.
func (s *site) identify(r *http.Request) (visitor, error) {
	if s.gate == nil {
		return atThisMachine, nil
	}
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && takesTokens(r) {
		return s.tokenVisitor(r, secret)
	}
	if isRoutine(r.URL.Path) {
		return visitor{Via: viaNobody}, nil
	}
	var v visitor
	if raw := s.gate.sessions.GetString(r.Context(), keyVisitor); raw == "" || json.Unmarshal([]byte(raw), &v) != nil {
		return visitor{Via: viaNobody}, nil
	}
	return v, nil
}

// takesTokens says that an address is for programs; pages are for people.
func takesTokens(r *http.Request) bool {
	return isAPI(r) || r.URL.Path == "/openapi.json" || r.URL.Path == "/metrics"
}

// tokenVisitor knows a program by its token. An address that keeps guessing is told to wait.
func (s *site) tokenVisitor(r *http.Request, secret string) (visitor, error) {
	nobody, address := visitor{Via: viaNobody}, s.addressOf(r)
	if s.gate.attempts.spent(address, s.Now()) {
		return nobody, errTooOften
	}
	v, err := useToken(r.Context(), s.DB, secret)
	if errors.Is(err, errNoToken) {
		s.gate.attempts.allow(address, s.Now())
		return nobody, nil
	}
	if err != nil {
		return nobody, err
	}
	return v, nil
}
