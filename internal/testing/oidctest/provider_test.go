package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// setup is what the provider is told when it starts.
type setup struct {
	Client, Secret string
	Callback       string
	// Roles are those of each person, whose password is password.
	Roles map[string][]string
}

const password = "not much of a password"

// order changes what the provider does from now on.
type order struct {
	Rotate     bool          `json:"rotate,omitempty"`   // sign with a new key, and publish that alone
	Unknown    bool          `json:"unknown,omitempty"`  // sign with a key that is not published
	Lifetime   time.Duration `json:"lifetime,omitempty"` // of tokens; below 0 they have expired when they are made
	Audience   []string      `json:"audience,omitempty"` // of tokens, which are as if the last of these had asked for them
	Nonce      string        `json:"nonce,omitempty"`    // of tokens, whatever was sent
	InTheToken bool          `json:"in_token,omitempty"` // the token says what the provider otherwise tells on asking
	Impostor   string        `json:"impostor,omitempty"` // whom the provider tells of when it is asked
}

// beProvider is a whole OpenID provider until standard input ends: it says its address on standard output, and then
// "done" after each order that it was given.
func beProvider(in io.Reader, out io.Writer, text string) error {
	var s setup
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + l.Addr().String()
	p, err := newProvider(s)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: exampleop.SetupServer(issuer, p, slog.New(slog.DiscardHandler), false), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	fmt.Fprintln(out, issuer)
	for orders := json.NewDecoder(in); ; {
		var o order
		if err := orders.Decode(&o); err != nil {
			return nil // who started us has gone
		}
		if err := p.obey(o); err != nil {
			return err
		}
		fmt.Fprintln(out, "done")
	}
}

// provider is the library's own provider, with people of ours, that can be told to change its keys and to lie.
type provider struct {
	*storage.Storage
	roles map[string][]string

	mu        sync.Mutex
	order     order
	signs     signingKey
	published []op.Key
}

func newProvider(s setup) (*provider, error) {
	storage.RegisterClients(storage.WebClient(s.Client, s.Secret, s.Callback), storage.WebClient("another", "another secret", "http://127.0.0.1:1/callback"))
	p := &provider{Storage: storage.NewStorage(people(s.Roles)), roles: s.Roles}
	return p, p.obey(order{Rotate: true})
}

func (p *provider) obey(o order) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.order = o; !o.Rotate && !o.Unknown {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	p.signs = signingKey{id: rand.Text(), key: key}
	if o.Rotate {
		p.published = []op.Key{publicKey{p.signs}}
	}
	return nil
}

func (p *provider) told() order {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.order
}

func (p *provider) SigningKey(context.Context) (op.SigningKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signs, nil
}

func (p *provider) KeySet(context.Context) ([]op.Key, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.published, nil
}

// SetUserinfoFromRequest says in a token who somebody is.
func (p *provider) SetUserinfoFromRequest(ctx context.Context, u *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	if p.told().InTheToken {
		u.AppendClaims("roles", p.roles[r.GetSubject()])
	}
	return p.Storage.SetUserinfoFromRequest(ctx, u, r, scopes)
}

// SetUserinfoFromToken tells on asking who somebody is.
func (p *provider) SetUserinfoFromToken(ctx context.Context, u *oidc.UserInfo, tokenID, subject, origin string) error {
	if err := p.Storage.SetUserinfoFromToken(ctx, u, tokenID, subject, origin); err != nil {
		return err
	}
	u.AppendClaims("roles", p.roles[subject])
	if impostor := p.told().Impostor; impostor != "" {
		u.Subject = impostor
	}
	return nil
}

func (p *provider) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	r, err := p.Storage.AuthRequestByCode(ctx, code)
	known, ok := r.(*storage.AuthRequest)
	if o := p.told(); err == nil && ok && (o.Audience != nil || o.Nonce != "") {
		return lyingRequest{known, o}, nil
	}
	return r, err
}

func (p *provider) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := p.Storage.GetClientByClientID(ctx, id)
	return client{c, p.told()}, err
}

// lyingRequest is a request as the provider remembers it wrongly.
type lyingRequest struct {
	*storage.AuthRequest
	order order
}

func (r lyingRequest) GetAudience() []string {
	if r.order.Audience != nil {
		return r.order.Audience
	}
	return r.AuthRequest.GetAudience()
}

func (r lyingRequest) GetClientID() string { return r.order.asker(r.AuthRequest.GetClientID()) }

// asker is who asked for a token, by what the token is to say.
func (o order) asker(id string) string {
	if o.Audience == nil {
		return id
	}
	return o.Audience[len(o.Audience)-1]
}

func (r lyingRequest) GetNonce() string {
	if r.order.Nonce != "" {
		return r.order.Nonce
	}
	return r.AuthRequest.GetNonce()
}

// client is a service that lets people sign in here.
type client struct {
	op.Client
	order order
}

func (c client) GetID() string { return c.order.asker(c.Client.GetID()) }

func (c client) IDTokenLifetime() time.Duration {
	if c.order.Lifetime != 0 {
		return c.order.Lifetime
	}
	return time.Hour
}

func (c client) IDTokenUserinfoClaimsAssertion() bool { return c.order.InTheToken }

func (c client) PostLogoutRedirectURIs() []string {
	list := c.Client.RedirectURIs()
	return []string{list[0][:len(list[0])-len("sign-in/callback")]}
}

type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

type publicKey struct{ signingKey }

func (k publicKey) Key() any                           { return &k.key.PublicKey }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }

// people are known by their names.
type people map[string][]string

func (p people) GetUserByID(name string) *storage.User {
	if _, ok := p[name]; !ok {
		return nil
	}
	return &storage.User{ID: name, Username: name, Password: password, FirstName: name, Email: name + "@example.com", EmailVerified: true}
}

func (p people) GetUserByUsername(name string) *storage.User { return p.GetUserByID(name) }
func (p people) ExampleClientID() string                     { return "service" }
