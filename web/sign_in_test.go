package web

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/oauth2-proxy/mockoidc"

	"cpd-jobs/internal/access"
)

// gated is a site on which people sign in with a provider that answers on this machine.
type gated struct {
	*fixture
	provider *mockoidc.MockOIDC
	url      string
}

// newGated is a site whose provider was set up as configure says; nil for as it comes.
func newGated(t *testing.T, configure func(*mockoidc.MockOIDC)) *gated {
	t.Helper()
	provider, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if configure != nil {
		configure(provider)
	}
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := provider.Start(l, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Shutdown() })
	g := &gated{fixture: newFixture(t), provider: provider}
	server := httptest.NewUnstartedServer(nil)
	g.url = "http://" + server.Listener.Addr().String()
	g.deps.Now = time.Now
	g.deps.SignIn = &SignIn{Issuer: provider.Issuer(), ClientID: provider.ClientID, ClientSecret: provider.ClientSecret, PublicURL: g.url}
	g.handler = New(g.deps)
	server.Config.Handler = g.handler
	server.Start()
	t.Cleanup(server.Close)
	return g
}

// person is somebody whom the provider knows. Change, where there is one, changes what it says of them.
type person struct {
	name   string
	roles  []string
	change func(*mockoidc.IDTokenClaims)
}

type personClaims struct {
	*mockoidc.IDTokenClaims
	Email string   `json:"email"`
	Roles []string `json:"roles,omitempty"`
}

func (p person) ID() string                        { return "sub-" + p.name }
func (p person) Userinfo([]string) ([]byte, error) { return []byte("{}"), nil }
func (p person) Claims(_ []string, c *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	if p.change != nil {
		p.change(c)
	}
	return personClaims{IDTokenClaims: c, Email: p.name + "@example.com", Roles: p.roles}, nil
}

// browser keeps cookies, and follows where it is led.
func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// open asks for a page of the site and gives the answer with its text.
func (g *gated) open(t *testing.T, b *http.Client, path string) (*http.Response, string) {
	t.Helper()
	res, err := b.Get(g.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// signIn signs somebody in, in a browser of their own.
func (g *gated) signIn(t *testing.T, p person) *http.Client {
	t.Helper()
	b := newBrowser(t)
	g.provider.QueueUser(p)
	if res, body := g.open(t, b, "/sign-in"); res.StatusCode != http.StatusOK {
		t.Fatalf("%s cannot sign in: status %d\n%s\n%s", p.name, res.StatusCode, body, g.log)
	}
	return b
}

// signIns reads the sign-ins of the audit: who and what came of it.
func (g *gated) signIns(t *testing.T) []string {
	t.Helper()
	rows, _ := g.deps.DB.Query(t.Context(), "SELECT actor || ' ' || via || ' ' || action || ' ' || outcome FROM queue.audit_events WHERE action LIKE 'sign%' ORDER BY id")
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	b := newBrowser(t)
	g.provider.QueueUser(person{name: "ann", roles: []string{"analyst", "elsewhere"}})
	res, body := g.open(t, b, "/reports/school-onboarding?schools=cip_only")
	if got := res.Request.URL.RequestURI(); res.StatusCode != http.StatusOK || got != "/reports/school-onboarding?schools=cip_only" {
		t.Fatalf("after signing in: status %d at %s\n%s\n%s", res.StatusCode, got, body, g.log)
	}
	wantAll(t, body, "Signed in as ann@example.com")
	wantNone(t, body, "No sign-in", `href="/runs"`)
	site, _ := url.Parse(g.url)
	cookies := b.Jar.Cookies(site)
	if len(cookies) != 1 || cookies[0].Name != "session" {
		t.Fatalf("cookies %v, want one", cookies)
	}
	var inDatabase bool
	if err := g.deps.DB.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM queue.sessions WHERE token = $1)", cookies[0].Value).Scan(&inDatabase); err != nil || inDatabase {
		t.Errorf("the cookie stands in the database as it is (%v)", err)
	}
	out, err := b.Post(g.url+"/sign-out", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	out.Body.Close()
	if out.StatusCode != http.StatusOK {
		t.Errorf("sign-out: status %d", out.StatusCode)
	}
	old := newBrowser(t) // somebody kept the cookie
	old.Jar.SetCookies(site, cookies)
	old.CheckRedirect = stay
	if res, _ := g.open(t, old, "/"); res.StatusCode != http.StatusFound {
		t.Errorf("with the cookie of a session that was left: status %d, want 302", res.StatusCode)
	}
	if diff := cmp.Diff([]string{"ann@example.com sign-in sign in done", "ann@example.com sign-in sign out done"}, g.signIns(t)); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func TestSignInsThatFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		configure func(*mockoidc.MockOIDC)
		person    person
		status    int
		audit     string
	}{
		"no role":           {nil, person{name: "bob"}, http.StatusForbidden, "bob@example.com sign-in sign in refused"},
		"roles unknown":     {nil, person{name: "bob", roles: []string{"Admin", "root"}}, http.StatusForbidden, "bob@example.com sign-in sign in refused"},
		"another audience":  {nil, person{name: "bob", roles: []string{"admin"}, change: func(c *mockoidc.IDTokenClaims) { c.Audience = jwt.ClaimStrings{"another"} }}, http.StatusForbidden, "somebody nobody sign in refused"},
		"another issuer":    {nil, person{name: "bob", roles: []string{"admin"}, change: func(c *mockoidc.IDTokenClaims) { c.Issuer = "https://id.example.com" }}, http.StatusForbidden, "somebody nobody sign in refused"},
		"another nonce":     {nil, person{name: "bob", roles: []string{"admin"}, change: func(c *mockoidc.IDTokenClaims) { c.Nonce = "another" }}, http.StatusForbidden, "somebody nobody sign in refused"},
		"no nonce":          {nil, person{name: "bob", roles: []string{"admin"}, change: func(c *mockoidc.IDTokenClaims) { c.Nonce = "" }}, http.StatusForbidden, "somebody nobody sign in refused"},
		"token expired":     {func(m *mockoidc.MockOIDC) { m.AccessTTL = -time.Hour }, person{name: "bob", roles: []string{"admin"}}, http.StatusForbidden, "somebody nobody sign in refused"},
		"token of the past": {nil, person{name: "bob", roles: []string{"admin"}, change: func(c *mockoidc.IDTokenClaims) { c.ExpiresAt = jwt.NewNumericDate(time.Unix(1, 0)) }}, http.StatusForbidden, "somebody nobody sign in refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGated(t, c.configure)
			b := newBrowser(t)
			g.provider.QueueUser(c.person)
			if res, _ := g.open(t, b, "/sign-in"); res.StatusCode != c.status {
				t.Errorf("status %d, want %d\n%s", res.StatusCode, c.status, g.log)
			}
			b.CheckRedirect = stay
			if res, _ := g.open(t, b, "/"); res.StatusCode != http.StatusFound {
				t.Errorf("signed in all the same: status %d", res.StatusCode)
			}
			if diff := cmp.Diff([]string{c.audit}, g.signIns(t)); diff != "" {
				t.Errorf("audit (-want +got):\n%s", diff)
			}
		})
	}
}

// callback goes as far as the provider sends a browser back, and gives that address.
func (g *gated) callback(t *testing.T, b *http.Client, p person) string {
	t.Helper()
	b.CheckRedirect = stay
	g.provider.QueueUser(p)
	res, _ := g.open(t, b, "/sign-in")
	there, err := b.Get(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	there.Body.Close()
	return strings.TrimPrefix(there.Header.Get("Location"), g.url)
}

func TestACallbackWorksOnceAndForItsBrowserOnly(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	ann := person{name: "ann", roles: []string{"analyst"}}
	b := newBrowser(t)
	back := g.callback(t, b, ann)
	if res, _ := g.open(t, newBrowser(t), back); res.StatusCode != http.StatusBadRequest {
		t.Errorf("in another browser: status %d, want 400", res.StatusCode)
	}
	if res, _ := g.open(t, b, back); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the first time: status %d, want 303", res.StatusCode)
	}
	if res, _ := g.open(t, b, back); res.StatusCode != http.StatusBadRequest {
		t.Errorf("the second time: status %d, want 400", res.StatusCode)
	}
	other := newBrowser(t)
	back = g.callback(t, other, ann)
	u, _ := url.Parse(back)
	q := u.Query()
	q.Set("state", "guessed")
	if res, _ := g.open(t, other, u.Path+"?"+q.Encode()); res.StatusCode != http.StatusForbidden {
		t.Errorf("another state: status %d, want 403", res.StatusCode)
	}
	if res, _ := g.open(t, other, back); res.StatusCode != http.StatusBadRequest {
		t.Errorf("the right state after a wrong one: status %d, want 400", res.StatusCode)
	}
	refused := newBrowser(t)
	u, _ = url.Parse(g.callback(t, refused, ann))
	q = url.Values{"state": {u.Query().Get("state")}, "error": {"access_denied"}}
	if res, _ := g.open(t, refused, u.Path+"?"+q.Encode()); res.StatusCode != http.StatusForbidden {
		t.Errorf("the provider refuses: status %d, want 403", res.StatusCode)
	}
}

func TestASessionGetsANewNameAndEnds(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	site, _ := url.Parse(g.url)
	b := newBrowser(t)
	back := g.callback(t, b, person{name: "ann", roles: []string{"developer"}})
	before := b.Jar.Cookies(site)[0].Value
	g.open(t, b, back)
	if after := b.Jar.Cookies(site)[0].Value; after == before {
		t.Error("the session kept the name that it had before somebody signed in")
	}
	if res, _ := g.open(t, b, "/runs"); res.StatusCode != http.StatusOK {
		t.Fatalf("signed in: status %d", res.StatusCode)
	}
	if _, err := g.deps.DB.Exec(t.Context(), "UPDATE queue.sessions SET expiry = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
	if res, _ := g.open(t, b, "/runs"); res.StatusCode != http.StatusFound {
		t.Errorf("after the session's end: status %d, want 302", res.StatusCode)
	}
}

func TestTheProvidersKeysChange(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	g.signIn(t, person{name: "ann", roles: []string{"analyst"}})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if g.provider.Keypair, err = mockoidc.NewKeypair(key); err != nil {
		t.Fatal(err)
	}
	g.signIn(t, person{name: "bob", roles: []string{"analyst"}})
}

func TestAProviderThatIsAwayKeepsNobodyFromProbes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.deps.SignIn = &SignIn{Issuer: "http://127.0.0.1:1", ClientID: "c", ClientSecret: "s", PublicURL: "https://reports.example.com"}
	f.handler = New(f.deps)
	r := httptest.NewRequest("GET", "https://reports.example.com/sign-in", nil)
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("sign-in: status %d, want 503", w.Code)
	}
	if got := w.Header().Get("Strict-Transport-Security"); got == "" {
		t.Error("no Strict-Transport-Security over https")
	}
	for _, path := range []string{"/ping", "/health/ready"} {
		if res := f.get(path); res.StatusCode != http.StatusOK {
			t.Errorf("%s by another name: status %d, want 200", path, res.StatusCode)
		}
	}
	if res := f.get("/"); res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a page by another name: status %d, want 421", res.StatusCode)
	}
}

func TestWhereASignInMayLead(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/runs?state=failed#x":       "/runs?state=failed#x",
		"":                           "/",
		"//evil.example.com":         "/",
		`/\evil.example.com`:         "/",
		"https://evil.example.com":   "/",
		"javascript:alert(1)":        "/",
		"/\t/evil.example.com":       "/",
		"/sign-out":                  "/",
		"/sign-in?return=%2Fsign-in": "/",
	} {
		if got := ownPath(target); got != want {
			t.Errorf("ownPath(%q) = %q, want %q", target, got, want)
		}
	}
}

func TestSignInsAreLimited(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	b := newBrowser(t)
	b.CheckRedirect = stay
	statuses := map[int]int{}
	for range 30 {
		res, _ := g.open(t, b, "/sign-in")
		statuses[res.StatusCode]++
	}
	if statuses[http.StatusFound] < 20 || statuses[http.StatusTooManyRequests] < 5 {
		t.Errorf("statuses %v, want 20 redirects and then 429", statuses)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	db := g.deps.DB
	token, secret, err := access.CreateToken(t.Context(), db, access.NewToken{Name: "nightly", Roles: []access.Role{access.Developer}, For: time.Hour, By: "person ann"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "SELECT 1 FROM queue.tokens WHERE hash::text LIKE '%' || $1 || '%'", secret); err != nil {
		t.Fatal(err)
	}
	ask := func(path, secret string) int {
		r, _ := http.NewRequest("GET", g.url+path, nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		b := newBrowser(t)
		b.CheckRedirect = stay
		res, err := b.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		path, secret string
		want         int
	}{
		{"/api/v1/jobs", secret, http.StatusOK},
		{"/api/v1/reports", secret, http.StatusOK},
		{"/metrics", secret, http.StatusOK},
		{"/openapi.json", secret, http.StatusOK},
		{"/runs", secret, http.StatusFound}, // pages are for people
		{"/api/v1/jobs", secret + "x", http.StatusUnauthorized},
		{"/api/v1/jobs", "", http.StatusUnauthorized},
		{"/api/v1/jobs", strings.Repeat("a", 5000), http.StatusUnauthorized},
		{"/metrics", "", http.StatusUnauthorized},
	} {
		if got := ask(c.path, c.secret); got != c.want {
			t.Errorf("%s with %.10q: status %d, want %d", c.path, c.secret, got, c.want)
		}
	}
	list, err := access.Tokens(t.Context(), db)
	if err != nil || len(list) != 1 || list[0].LastUsedAt == nil || list[0].Name != "nightly" {
		t.Errorf("tokens %+v (%v)", list, err)
	}
	if raw, _ := json.Marshal(list); strings.Contains(string(raw), secret) {
		t.Error("the list shows the token")
	}
	if err := access.RevokeToken(t.Context(), db, token.ID, "person ann"); err != nil {
		t.Fatal(err)
	}
	if err := access.RevokeToken(t.Context(), db, token.ID, "person ann"); err == nil {
		t.Error("a token was revoked twice")
	}
	if got := ask("/api/v1/jobs", secret); got != http.StatusUnauthorized {
		t.Errorf("revoked: status %d, want 401", got)
	}
	_, short, err := access.CreateToken(t.Context(), db, access.NewToken{Name: "short", Roles: []access.Role{access.Analyst}, For: time.Hour, By: "person ann"})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask("/api/v1/jobs", short); got != http.StatusForbidden {
		t.Errorf("beyond its scope: status %d, want 403", got)
	}
	if _, err := db.Exec(t.Context(), "UPDATE queue.tokens SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'"); err != nil {
		t.Fatal(err)
	}
	if got := ask("/api/v1/reports", short); got != http.StatusUnauthorized {
		t.Errorf("expired: status %d, want 401", got)
	}
	for _, n := range []access.NewToken{
		{Name: "", Roles: []access.Role{access.Analyst}, For: time.Hour}, {Name: "x", For: time.Hour}, {Name: "x", Roles: []access.Role{"root"}, For: time.Hour},
		{Name: "x", Roles: []access.Role{access.Analyst}}, {Name: "x", Roles: []access.Role{access.Analyst}, For: 401 * 24 * time.Hour}, {Name: "x\ny", Roles: []access.Role{access.Analyst}, For: time.Hour},
	} {
		if _, _, err := access.CreateToken(t.Context(), db, n); err == nil {
			t.Errorf("%+v was made", n)
		}
	}
}

func TestGuessingTokensIsLimited(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	statuses := map[int]int{}
	for range 30 {
		r, _ := http.NewRequest("GET", g.url+"/api/v1/jobs", nil)
		r.Header.Set("Authorization", "Bearer cpdj_guess")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		statuses[res.StatusCode]++
	}
	if statuses[http.StatusUnauthorized] < 20 || statuses[http.StatusTooManyRequests] < 5 {
		t.Errorf("statuses %v, want 401 and then 429", statuses)
	}
}

// TestBadTokensCostOthersNothing: a valid token and a sign-in from the same address go on.
func TestBadTokensCostOthersNothing(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	_, secret, err := access.CreateToken(t.Context(), g.deps.DB, access.NewToken{Name: "nightly", Roles: []access.Role{access.Developer}, For: time.Hour, By: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(secret string) int {
		r, _ := http.NewRequest("GET", g.url+"/api/v1/jobs", nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	refused := false
	for range 1000 { // until the address is told to wait, however slowly they are asked
		if refused = ask("cpdj_guess") == http.StatusTooManyRequests; refused {
			break
		}
	}
	if !refused {
		t.Fatal("guessing is never limited")
	}
	if got := ask(secret); got != http.StatusOK {
		t.Errorf("a valid token: status %d, want 200", got)
	}
	g.signIn(t, person{name: "ann", roles: []string{"analyst"}})
}

// TestAProviderThatHangsIsAskedOnce: all who sign in meanwhile wait for one answer, its failure is remembered, and
// signing out needs no answer.
func TestAProviderThatHangsIsAskedOnce(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-answer
		http.Error(w, "broken", http.StatusInternalServerError)
	}))
	t.Cleanup(provider.Close)
	f := newFixture(t)
	f.deps.SignIn = &SignIn{Issuer: provider.URL, ClientID: "c", ClientSecret: "s", PublicURL: "http://localhost:8080"}
	f.handler = New(f.deps)
	statuses := make(chan int)
	for range 5 {
		go func() { statuses <- f.get("/sign-in").StatusCode }()
	}
	<-asked
	if res := f.post("/sign-out", nil); res.StatusCode != http.StatusOK {
		t.Errorf("sign-out meanwhile: status %d, want 200", res.StatusCode)
	}
	close(answer)
	for range 5 {
		if got := <-statuses; got != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", got)
		}
	}
	f.get("/sign-in")
	if n := 1 + len(asked); n != 1 {
		t.Errorf("the provider was asked %d times, want once", n)
	}
}
