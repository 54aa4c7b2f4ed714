package web

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"cpd-jobs/internal/access"
)

func TestAnAdministratorListsAndRevokesTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.deps.Now = time.Now
	f.handler = New(f.deps)
	wantAll(t, f.page(t, "/tokens", http.StatusOK), "There are none")
	token, secret, err := access.CreateToken(t.Context(), f.deps.DB, access.NewToken{Name: "nightly <copy>", Roles: []access.Role{access.Analyst}, For: time.Hour, By: "person ann"})
	if err != nil {
		t.Fatal(err)
	}
	page := f.page(t, "/tokens", http.StatusOK)
	wantAll(t, page, "nightly &lt;copy&gt;", "Good", "analyst", "person ann", "never", "/tokens/1/revoke")
	wantNone(t, page, secret)
	wantAll(t, f.page(t, "/tokens/1/revoke", http.StatusOK), `<form method="post" action="/tokens/1/revoke"`, "cannot be undone")
	wantLeadsTo(t, f, f.post("/tokens/1/revoke", url.Values{}), "/tokens", "The token is revoked")
	page = f.page(t, "/tokens", http.StatusOK)
	wantAll(t, page, "Revoked", "person somebody at this machine")
	wantNone(t, page, "/tokens/1/revoke")
	if _, err := access.UseToken(t.Context(), f.deps.DB, secret); err == nil {
		t.Errorf("token %d is good after it was revoked", token.ID)
	}
	wantAll(t, f.page(t, "/tokens/1/revoke", http.StatusOK), "no longer good already")
	if res := f.post("/tokens/1/revoke", url.Values{}); res.StatusCode != http.StatusBadRequest && res.StatusCode != http.StatusNotFound {
		t.Errorf("revoked twice: status %d", res.StatusCode)
	}
	wantAudit(t, f, "revoke token 1 done", "revoke token 1 refused")
	for _, target := range []string{"/tokens/2/revoke", "/tokens/x/revoke"} {
		f.page(t, target, http.StatusNotFound)
	}
}
