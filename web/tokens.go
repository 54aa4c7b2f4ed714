package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/internal/access"
)

// tokensPage lists the tokens of programs, for administrators. Making one is the command line's: it is shown once, and
// a page may stay on a screen.
type tokensPage struct {
	Said   string
	Tokens []tokenLine
}

// tokenLine is a token as the list shows it.
type tokenLine struct {
	access.Token
	State string // good, expired or revoked
	Href  string // where it is revoked; "" where it is no longer good
}

// tokensSaid is what the list says after an action, by ?said.
var tokensSaid = map[string]string{"revoked": "The token is revoked. Requests with it are refused from now on."}

func (tokensPage) Page() Page {
	return Page{Template: "tokens.html", Title: "Tokens", Section: "/tokens"}
}

// RoleText is the token's roles as people list them.
func (l tokenLine) RoleText() string { return strings.Join(l.Roles, ", ") }

// Tag is the token's state as a tag.
func (l tokenLine) Tag() template.HTML {
	colour := map[string]string{"good": "green", "expired": "grey", "revoked": "red"}[l.State]
	return template.HTML(`<strong class="govuk-tag govuk-tag--` + colour + `">` + words(l.State) + `</strong>`)
}

func (s *site) tokenList(w http.ResponseWriter, r *http.Request) error {
	list, err := access.Tokens(r.Context(), s.Control)
	if err != nil {
		return err
	}
	page := tokensPage{Said: tokensSaid[r.URL.Query().Get("said")]}
	for _, t := range list {
		page.Tokens = append(page.Tokens, newTokenLine(t, s.Now()))
	}
	return s.render(w, r, http.StatusOK, page)
}

func newTokenLine(t access.Token, now time.Time) tokenLine {
	l := tokenLine{Token: t, State: "good"}
	switch {
	case t.RevokedAt != nil:
		l.State = "revoked"
	case !t.ExpiresAt.After(now):
		l.State = "expired"
	default:
		l.Href = fmt.Sprintf("/tokens/%d/revoke", t.ID)
	}
	return l
}

// findToken finds the token that the address names.
func (s *site) findToken(r *http.Request) (tokenLine, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return tokenLine{}, notFound("Tokens have whole numbers.")
	}
	list, err := access.Tokens(r.Context(), s.Control)
	if err != nil {
		return tokenLine{}, err
	}
	for _, t := range list {
		if t.ID == id {
			return newTokenLine(t, s.Now()), nil
		}
	}
	return tokenLine{}, notFound("There is no token of that number.")
}

func (s *site) revokeForm(w http.ResponseWriter, r *http.Request) error {
	t, err := s.findToken(r)
	if err != nil {
		return err
	}
	page := confirmPage{
		Title: "Revoke token " + t.Name, Section: "/tokens", Back: "/tokens",
		Text:   []string{"It has the role " + t.RoleText() + ", and was made by " + t.CreatedBy + "."},
		Method: "post", Action: t.Href, Button: "Revoke it", Risky: true,
		Warning: "The program that uses it is refused from then on. This cannot be undone: a new token has to be made.",
	}
	if t.State != "good" {
		page.Text, page.Warning, page.Button = append(page.Text, "It is no longer good already."), "", ""
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) revoke(w http.ResponseWriter, r *http.Request) error {
	t, err := s.findToken(r)
	if err != nil {
		return err
	}
	err = s.audited(r.Context(), "revoke", fmt.Sprintf("token %d", t.ID), map[string]any{"name": t.Name}, func(ctx context.Context) error {
		return access.RevokeToken(ctx, s.Control, t.ID, access.Of(r.Context()).By())
	})
	if err != nil {
		return err
	}
	return seeOther(w, r, "/tokens", "revoked")
}
