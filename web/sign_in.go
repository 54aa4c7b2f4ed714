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
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

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
	if !g.attempts.allow(s.addressOf(r), s.Now()) {
		return errTooOften
	}
	provider, err := g.discover(r.Context())
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
	if !g.attempts.allow(s.addressOf(r), s.Now()) {
		return errTooOften
	}
	var a attempt
	if raw := g.sessions.PopString(r.Context(), keyAttempt); raw == "" || json.Unmarshal([]byte(raw), &a) != nil {
		return run.Invalid("", "This sign-in has been used, or was not begun here. Sign in again.")
	}
	ctx, v := r.Context(), access.Visitor{Name: "somebody", Via: access.ViaNobody, Address: s.addressOf(r)}
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
	if err := g.sessions.RenewToken(ctx); err != nil { // whoever knew the cookie before must not be signed in now
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
	provider, err := s.gate.discover(ctx)
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

// askForMore asks the provider for what its token does not say of somebody: many tell names and roles only there. What
// the token says stands, and somebody of whom nothing more is to be had may still be let in by it.
func (s *site) askForMore(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, c claims) {
	if provider.UserInfoEndpoint() == "" || c.has(s.gate.rolesClaim()) && c.text("email") != "" {
		return
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err == nil && info.Subject != c.text("sub") {
		err = errors.New("it tells of somebody else")
	}
	more := claims{}
	if err == nil {
		err = info.Claims(&more)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "the provider tells no more of somebody who signs in", "error", err)
		return
	}
	for name, value := range more {
		if !c.has(name) {
			c[name] = value
		}
	}
}

// signedOutPage says that somebody is signed out here, and where to sign out of the provider.
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
