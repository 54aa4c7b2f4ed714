package oidctest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSigningInAndOutAtARealProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	page := b.enter(b.open("/reports/school-onboarding"), "ann")
	if page.status != http.StatusOK || page.at.Path != "/reports/school-onboarding" || !strings.Contains(page.body, "Signed in as ann@example.com") {
		t.Fatalf("after signing in: status %d at %s\n%s\n%s", page.status, page.at, page.body, s.log)
	}
	if got := b.open("/runs").status; got != http.StatusForbidden {
		t.Errorf("an analyst opens runs: status %d, want 403", got)
	}
	out := b.answer(b.PostForm(s.url+"/sign-out", nil))
	if out.status != http.StatusOK || b.in() {
		t.Errorf("signed out: status %d, still in %t", out.status, b.in())
	}
	_, rest, ok := strings.Cut(out.body, `href="`+s.provider.issuer)
	address, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("the page does not lead to the provider's own sign-out:\n%s", out.body)
	}
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if got := b.open(s.provider.issuer + strings.ReplaceAll(address, "&amp;", "&")); got.location != s.url+"/" {
		t.Errorf("the provider's sign-out leads to %q (status %d, %s), want our front page", got.location, got.status, got.body)
	}
	if diff := cmp.Diff([]string{"ann@example.com sign in done", "ann@example.com sign out done"}, s.signIns()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// TestWhereAProviderTellsOfPeople: in its token, or only when it is asked.
func TestWhereAProviderTellsOfPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, o := range map[string]order{"on asking": {}, "in its token": {InTheToken: true}} {
		s.provider.tell(o)
		if page := s.browser().signIn("ann"); page.status != http.StatusOK || !strings.Contains(page.body, "Signed in as ann@example.com") {
			t.Errorf("%s: status %d\n%s", name, page.status, s.log)
		}
	}
	s.provider.tell(order{Impostor: "dev"})
	if got := s.browser().signIn("ann").status; got != http.StatusForbidden {
		t.Errorf("it tells of somebody else: status %d, want 403", got)
	}
	s.provider.tell(order{})
	if got := s.browser().signIn("nil").status; got != http.StatusForbidden {
		t.Errorf("somebody without a role: status %d, want 403", got)
	}
}

func TestTokensThatAreNotGood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, o := range map[string]order{
		"for another":                {Audience: []string{"another"}},
		"asked for by another":       {Audience: []string{"reports", "another"}},
		"of another sign-in":         {Nonce: "another"},
		"expired":                    {Lifetime: -time.Hour},
		"signed with an unknown key": {Unknown: true},
	} {
		s.provider.tell(o)
		b := s.browser()
		if got := b.signIn("ann").status; got != http.StatusForbidden || b.in() {
			t.Errorf("%s: status %d, want 403; in %t", name, got, b.in())
		}
	}
	for _, line := range s.signIns() {
		if line != "somebody sign in refused" {
			t.Errorf("audit: %s", line)
		}
	}
}

func TestTheProviderChangesItsKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.browser()
	before.signIn("ann")
	for range 2 {
		s.provider.tell(order{Rotate: true})
		if b := s.browser(); b.signIn("dev").status != http.StatusOK || !b.in() {
			t.Fatalf("with a new key sign-in fails\n%s", s.log)
		}
	}
	if !before.in() {
		t.Error("who was in before has to sign in again")
	}
}

func TestNothingWorksTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	back := b.callback("ann")
	if other := s.browser(); other.open(back).status != http.StatusBadRequest || other.in() {
		t.Error("a callback works in another browser")
	}
	if got := b.open(back).status; got != http.StatusOK {
		t.Fatalf("the first time: status %d\n%s", got, s.log)
	}
	if got := b.open(back).status; got != http.StatusBadRequest {
		t.Errorf("the second time: status %d, want 400", got)
	}
	used := query(back)
	for name, take := range map[string]string{"a code that was used": "code", "a state that was used": "state"} {
		victim := s.browser()
		q := query(victim.callback("dev"))
		q.Set(take, used.Get(take))
		if got := victim.open("/sign-in/callback?" + q.Encode()).status; got != http.StatusForbidden || victim.in() {
			t.Errorf("%s: status %d, want 403; in %t", name, got, victim.in())
		}
	}
}

// TestACodeOfSomebodyElse: a thief of a code that was not used cannot put it into a sign-in of their own, nor
// into somebody else's.
func TestACodeOfSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stolen := query(s.browser().callback("dev")).Get("code")
	thief := s.browser()
	q := query(thief.callback("ann"))
	q.Set("code", stolen)
	if got := thief.open("/sign-in/callback?" + q.Encode()).status; got != http.StatusForbidden || thief.in() {
		t.Errorf("status %d, want 403; in %t", got, thief.in())
	}
}

func query(address string) url.Values {
	u, _ := url.Parse(address)
	return u.Query()
}

func TestAWrongSecret(t *testing.T) {
	t.Parallel()
	s := newSiteWith(t, "another secret")
	b := s.browser()
	if got := b.signIn("ann").status; got != http.StatusForbidden || b.in() {
		t.Errorf("status %d, want 403; in %t", got, b.in())
	}
	if strings.Contains(s.log.String(), "another secret") {
		t.Error("the log has the secret")
	}
}

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	b.signIn("ann")
	if _, err := s.db.Exec(t.Context(), "UPDATE queue.sessions SET expiry = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
	if b.in() {
		t.Error("a session that has expired still lets in")
	}
}

func TestTheProviderGoes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	in, half := s.browser(), s.browser()
	in.signIn("ann")
	back := half.callback("dev")
	s.provider.stop()
	if !in.in() {
		t.Error("who is in is turned out")
	}
	if got := half.open(back).status; got != http.StatusServiceUnavailable || half.in() {
		t.Errorf("half-way: status %d, want 503; in %t", got, half.in())
	}
}
