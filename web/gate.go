package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/oauth2"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
)

// SignIn is how people sign in: with an OpenID Connect provider, such as DfE Sign-in or Entra ID.
type SignIn struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	// PublicURL is where people find the pages, without a slash at the end. The provider must know PublicURL/sign-in/callback.
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

// How long somebody stays signed in: a working day, and not over a long absence. Roles that were taken away meanwhile
// last until then.
const (
	sessionLife = 10 * time.Hour
	sessionIdle = 2 * time.Hour
)

// newSessions keeps sessions in the database, so that every instance knows them; the cookie is a random name alone.
func newSessions(db *pgxpool.Pool, https bool) *scs.SessionManager {
	m := scs.New()
	m.Store = access.Sessions{DB: db}
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
	attempts *limits // to sign in, and tokens that are not good

	mu       sync.Mutex
	provider *oidc.Provider
}

func newGate(d Deps) *gate {
	return &gate{
		SignIn:   *d.SignIn,
		sessions: newSessions(d.DB, strings.HasPrefix(d.SignIn.PublicURL, "https://")),
		attempts: newLimits(6*time.Second, 20),
	}
}

// rolesClaim is the claim that has the roles.
func (g *gate) rolesClaim() string {
	if g.RolesClaim == "" {
		return "roles"
	}
	return g.RolesClaim
}

// discover asks the provider for its addresses and keys when first needed: pages that need it not answer without it.
func (g *gate) discover(ctx context.Context) (*oidc.Provider, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.provider != nil {
		return g.provider, nil
	}
	// The provider goes on to use this context for its keys, long after the request that came first.
	p, err := oidc.NewProvider(g.context(context.WithoutCancel(ctx)), g.Issuer)
	if err != nil {
		return nil, run.Unreachable("check OIDC_ISSUER", "ask the sign-in provider for its addresses: %w", err)
	}
	g.provider = p
	return p, nil
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
	g.mu.Lock()
	defer g.mu.Unlock()
	var known struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if g.provider == nil || g.provider.Claims(&known) != nil || !strings.HasPrefix(known.EndSession, "http") {
		return ""
	}
	return known.EndSession + "?" + url.Values{"client_id": {g.ClientID}, "post_logout_redirect_uri": {g.PublicURL + "/"}}.Encode()
}
