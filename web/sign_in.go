package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
)

// attempt is a sign-in under way: what must come back, and where to go then.
type attempt struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Return   string    `json:"return"`
	At       time.Time `json:"at"`
}

var errTooOften = tooManyRequests("Wait a minute, then try again.")

// signIn sends a visitor to the provider.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) error {
	g := s.gate
	if g == nil {
		return notFound("No sign-in is configured.")
	}
	if !g.signIns.allow(s.addressOf(r), s.Now()) {
		return errTooOften
	}
	provider, err := g.discover(r.Context(), s.Now())
	if err != nil {
		return err
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: ownPath(r.URL.Query().Get("return")), At: s.Now()}
	raw, err := json.Marshal(a)
	if err != nil {
		return err
	}
	g.sessions.Put(r.Context(), keyAttempt, string(raw))
	http.Redirect(w, r, g.oauth(provider).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), http.StatusFound)
	return nil
}

// ownPath is an address of these pages, or the front page: a link to the sign-in must not lead on to another site.
func ownPath(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(target, "/") ||
		strings.HasPrefix(target, "//") || strings.ContainsAny(target, "\\\r\n\t") || strings.HasPrefix(u.Path, "/sign-") {
		return "/"
	}
	return target
}

// signedIn takes a visitor back from the provider.
func (s *site) signedIn(w http.ResponseWriter, r *http.Request) error {
	g := s.gate
	if g == nil {
		return notFound("No sign-in is configured.")
	}
	if !g.signIns.allow(s.addressOf(r), s.Now()) {
		return errTooOften
	}
	var a attempt
	if raw := g.sessions.PopString(r.Context(), keyAttempt); raw == "" || json.Unmarshal([]byte(raw), &a) != nil {
		return run.Invalid("", "This sign-in has been used, or was not begun here. Sign in again.")
	}
	ctx, v := r.Context(), access.Visitor{Name: "somebody", Via: access.ViaUnknown, Address: s.addressOf(r)}
	claims, failed := s.admit(ctx, a, r.URL.Query())
	if claims.name() != "" {
		v = claims.visitor(g.rolesClaim())
		v.Address = s.addressOf(r)
	}
	if failed == nil && len(v.Roles) == 0 {
		failed = forbidden("You have signed in, but have no role here. Ask the service's administrators for one.")
	}
	err := s.audited(access.With(ctx, v), "sign in", "these pages", map[string]any{"subject": claims.text("sub"), "roles": v.Roles}, func(context.Context) error { return failed })
	if err != nil {
		return err
	}
	if err := g.sessions.RenewToken(ctx); err != nil { // a cookie that was known before must not be signed in now
		return err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	g.sessions.Put(ctx, keyVisitor, string(raw))
	http.Redirect(w, r, a.Return, http.StatusSeeOther)
	return nil
}

// admit checks what came back from the provider. Its errors are for the visitor; the log has the rest.
func (s *site) admit(ctx context.Context, a attempt, q url.Values) (claims, error) {
	refused := func(why error) (claims, error) {
		s.Log.WarnContext(ctx, "sign-in refused", "error", why)
		return nil, forbidden("The sign-in did not succeed. Sign in again.")
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(a.State), []byte(q.Get("state"))) != 1:
		return refused(errors.New("the state is not the one that was sent"))
	case s.Now().Sub(a.At) > signInWithin:
		return refused(errors.New("the sign-in took too long"))
	case q.Get("error") != "":
		return refused(fmt.Errorf("the provider says %q", q.Get("error")))
	}
	provider, err := s.gate.discover(ctx, s.Now())
	if err != nil {
		return nil, err
	}
	ctx = s.gate.context(ctx)
	token, err := s.gate.oauth(provider).Exchange(ctx, q.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		if _, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			return refused(err)
		}
		return nil, run.Unreachable("", "ask the sign-in provider for a token: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: s.gate.ClientID, Now: s.Now}).Verify(ctx, raw)
	if err != nil {
		return refused(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return refused(errors.New("the nonce is not the one that was sent"))
	}
	c := claims{}
	if err := id.Claims(&c); err != nil || id.Subject == "" {
		return refused(errors.Join(errors.New("the token does not say who it is of"), err))
	}
	if asker := c.text("azp"); asker != "" && asker != s.gate.ClientID {
		return refused(errors.New("the token was given to another service"))
	}
	s.askForMore(ctx, provider, token, c)
	return c, nil
}

// askForMore asks the provider for what its token does not say of a person: many give names and roles only there. What
// the token says stands, and is enough where the provider says no more.
func (s *site) askForMore(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, c claims) {
	if provider.UserInfoEndpoint() == "" || c.has(s.gate.rolesClaim()) && c.text("email") != "" {
		return
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err == nil && info.Subject != c.text("sub") {
		err = errors.New("it is about another person")
	}
	more := claims{}
	if err == nil {
		err = info.Claims(&more)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "the provider gives no more claims about a person", "error", err)
		return
	}
	for name, value := range more {
		if !c.has(name) {
			c[name] = value
		}
	}
}

// signedOutPage says that the visitor is signed out here, and where to sign out of the provider.
type signedOutPage struct{ Provider string }

func (signedOutPage) Page() Page {
	return Page{Template: "signed_out.html", Title: "You have signed out"}
}

// signOut ends the session. The provider's own is left by a link: a form that led to another site would be stopped by
// the policy of these pages.
func (s *site) signOut(w http.ResponseWriter, r *http.Request) error {
	g := s.gate
	if g == nil {
		return notFound("No sign-in is configured.")
	}
	if v := access.Of(r.Context()); v.Via == access.ViaSignIn {
		err := s.audited(r.Context(), "sign out", "these pages", nil, func(ctx context.Context) error {
			return g.sessions.Destroy(ctx)
		})
		if err != nil {
			return err
		}
	}
	return s.render(w, withVisitor(r, access.Visitor{}), http.StatusOK, signedOutPage{Provider: g.endSession()})
}

// SignIn is how people sign in: with an OpenID Connect provider, such as DfE Sign-in or Entra ID.
type SignIn struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	// PublicURL is where people find the pages, without a slash at the end. The provider must know
	// PublicURL/sign-in/callback.
	PublicURL string
	// RolesClaim is the claim that has the roles, by their names here; "" means roles.
	RolesClaim string
}

// How long a sign-in may take at the provider, and how long the provider may take to answer us.
const (
	signInWithin   = 15 * time.Minute
	providerWithin = 10 * time.Second
)

// Keys of a session.
const (
	keyVisitor = "visitor"
	keyAttempt = "attempt"
)

// How long a person stays signed in: a working day, and not over a long absence. Roles that were taken away meanwhile
// last until then, unless cpd-jobs sessions end is told.
const (
	sessionLife = 10 * time.Hour
	sessionIdle = 2 * time.Hour
)

// newSessions keeps sessions in the database, so that every instance knows them; the cookie is a random name alone.
func newSessions(db *pgxpool.Pool, https bool) *scs.SessionManager {
	m := scs.New()
	m.Store = access.Sessions{DB: db, Of: func(data []byte) access.Visitor {
		var v access.Visitor
		if _, values, err := m.Codec.Decode(data); err == nil {
			raw, _ := values[keyVisitor].(string)
			_ = json.Unmarshal([]byte(raw), &v) // nobody, before the sign-in
		}
		return v
	}}
	m.HashTokenInStore = true
	m.Lifetime, m.IdleTimeout = sessionLife, sessionIdle
	m.Cookie.Name = "session"
	m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Persist = true, http.SameSiteLaxMode, false
	if https {
		m.Cookie.Name = "__Host-session" // which a browser takes from this host alone, and over https alone
		m.Cookie.Secure = true
	}
	return m
}

// gate lets people in and out.
type gate struct {
	SignIn
	sessions *scs.SessionManager
	// Each has a budget of its own: a program with a bad token must not keep people from signing in.
	signIns, badTokens *limits

	provider  atomic.Pointer[oidc.Provider] // nil until it was asked
	discovery singleflight.Group
	failed    atomic.Pointer[discoveryError]
}

func newGate(d Deps) *gate {
	return &gate{
		SignIn:    *d.SignIn,
		sessions:  newSessions(d.Control, strings.HasPrefix(d.SignIn.PublicURL, "https://")),
		signIns:   newLimits(6*time.Second, 20),
		badTokens: newLimits(6*time.Second, 20),
	}
}

// rolesClaim is the claim that has the roles.
func (g *gate) rolesClaim() string {
	if g.RolesClaim == "" {
		return "roles"
	}
	return g.RolesClaim
}

// discoveryError is why the provider could not be asked, until when it is not asked again.
type discoveryError struct {
	err   error
	until time.Time
}

// discoverAgain is how long after a failure the provider is asked again.
const discoverAgain = 5 * time.Second

// discover asks the provider for its addresses and keys when first needed: pages that do not need it answer without it.
// All who sign in meanwhile wait for the same answer, and a failure is theirs for a moment too, so that a provider
// which does not answer costs each of them one wait at most.
func (g *gate) discover(ctx context.Context, now time.Time) (*oidc.Provider, error) {
	if p := g.provider.Load(); p != nil {
		return p, nil
	}
	if f := g.failed.Load(); f != nil && now.Before(f.until) {
		return nil, f.err
	}
	asked := g.discovery.DoChan("", func() (any, error) {
		// The provider goes on to use this context for its keys, long after the request that came first.
		p, err := oidc.NewProvider(g.context(context.WithoutCancel(ctx)), g.Issuer)
		if err != nil {
			err = run.Unreachable("check OIDC_ISSUER", "ask the sign-in provider for its addresses: %w", err)
			g.failed.Store(&discoveryError{err: err, until: now.Add(providerWithin + discoverAgain)})
			return nil, err
		}
		g.provider.Store(p)
		return p, nil
	})
	select {
	case answer := <-asked:
		if answer.Err != nil {
			return nil, answer.Err
		}
		return g.provider.Load(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *gate) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: providerWithin})
}

func (g *gate) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: g.ClientID, ClientSecret: g.ClientSecret, Endpoint: p.Endpoint(),
		RedirectURL: g.PublicURL + "/sign-in/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// endSession is where people sign out of the provider, "" where it has no such address.
func (g *gate) endSession() string {
	provider := g.provider.Load()
	var known struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if provider == nil || provider.Claims(&known) != nil || !strings.HasPrefix(known.EndSession, "http") {
		return ""
	}
	return known.EndSession + "?" + url.Values{"client_id": {g.ClientID}, "post_logout_redirect_uri": {g.PublicURL + "/"}}.Encode()
}

// claims are what the provider says of a person.
type claims map[string]json.RawMessage

// has says that something is said under a name.
func (c claims) has(name string) bool { _, ok := c[name]; return ok }

// text is a claim that is a text.
func (c claims) text(name string) string {
	var text string
	_ = json.Unmarshal(c[name], &text) // no claim, or not a text
	return text
}

// name is what the audit calls a person: an address, or what the provider calls them.
func (c claims) name() string {
	for _, claim := range []string{"email", "preferred_username", "sub"} {
		if text := c.text(claim); text != "" {
			return text
		}
	}
	return ""
}

// visitor is the person with those roles of the claim that are known here; others are another program's.
func (c claims) visitor(rolesClaim string) access.Visitor {
	var names []string
	if json.Unmarshal(c[rolesClaim], &names) != nil {
		names = strings.Fields(c.text(rolesClaim))
	}
	v := access.Visitor{Name: c.name(), ID: c.text("sub"), Via: access.ViaSignIn, Roles: []access.Role{}}
	for _, name := range names {
		if r := access.Role(name); slices.Contains(access.Roles, r) && !slices.Contains(v.Roles, r) {
			v.Roles = append(v.Roles, r)
		}
	}
	return v
}
