package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
)

func TestATokenIsValidUntilItIsRevokedOrExpires(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	create := func(name string) (access.Token, string) {
		token, secret, err := access.CreateToken(t.Context(), db, access.NewToken{Name: name, Roles: []access.Role{access.Developer}, For: time.Hour, By: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		return token, secret
	}
	revoked, revokedSecret := create("revoked")
	expired, expiredSecret := create("expired")
	_, secret := create("nightly")
	got, err := access.UseToken(t.Context(), db, secret)
	if err != nil || got.Name != "nightly" || got.Via != access.ViaToken || !got.Can(access.Developer) || got.Can(access.Admin) {
		t.Errorf("the visitor is %+v (%v)", got, err)
	}
	if err := access.RevokeToken(t.Context(), db, revoked.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "UPDATE queue.tokens SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 second' WHERE id = $1", expired.ID); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{revokedSecret, expiredSecret, secret + "x", secret[1:], "", "cpdj_"} {
		if got, err := access.UseToken(t.Context(), db, secret); err != access.ErrNoToken || got.Known() {
			t.Errorf("token %.9q: %+v, %v", secret, got, err)
		}
	}
	for _, id := range []int64{revoked.ID, expired.ID, 99} {
		if err := access.RevokeToken(t.Context(), db, id, "ann"); run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("revoke token %d: %v", id, err)
		}
	}
	list, err := access.Tokens(t.Context(), db)
	if err != nil || len(list) != 3 || list[0].LastUsedAt == nil || list[1].LastUsedAt != nil {
		t.Errorf("tokens %+v (%v)", list, err)
	}
}

func TestWhatNoTokenMayBe(t *testing.T) {
	t.Parallel()
	db, analyst := pgtest.New(t), []access.Role{access.Analyst}
	for _, n := range []access.NewToken{
		{Name: "", Roles: analyst, For: time.Hour}, {Name: "x", For: time.Hour}, {Name: "x", Roles: []access.Role{"root"}, For: time.Hour},
		{Name: "x", Roles: []access.Role{access.Public}, For: time.Hour}, {Name: "x", Roles: analyst},
		{Name: "x", Roles: analyst, For: retention.TokenLife + 1}, {Name: "x\ny", Roles: analyst, For: time.Hour},
	} {
		if _, _, err := access.CreateToken(t.Context(), db, n); run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("%+v: %v", n, err)
		}
	}
}

func TestSessionsAreFoundUntilTheyEnd(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := access.Sessions{DB: db}
	for token, life := range map[string]time.Duration{"valid": time.Hour, "expired": -time.Second, "ended": time.Hour} {
		if err := s.Commit(token, []byte(token), time.Now().Add(life)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete("ended"); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]bool{"valid": true, "expired": false, "ended": false, "none": false} {
		data, found, err := s.Find(token)
		if err != nil || found != want || want && string(data) != token {
			t.Errorf("%s: found %t %q (%v)", token, found, data, err)
		}
	}
	if err := s.Commit("another", []byte("another"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var kept int
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM queue.sessions WHERE token = 'expired'").Scan(&kept); err != nil || kept != 0 {
		t.Errorf("%d expired sessions are kept (%v)", kept, err)
	}
}

func TestSessionsAreEndedAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := access.Sessions{DB: db, Of: func(data []byte) access.Visitor {
		name, role, _ := strings.Cut(string(data), " ")
		return access.Visitor{Name: name, ID: "id-" + name, Roles: []access.Role{access.Role(role)}}
	}}
	commit := func(token, data string) {
		t.Helper()
		if err := s.Commit(token, []byte(data), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	here := func(want ...string) {
		t.Helper()
		var got []string
		for _, token := range []string{"laptop-of-ann", "phone-of-ann", "laptop-of-bob", "laptop-of-cat", "laptop-of-dan"} {
			if _, found, err := s.Find(token); err != nil {
				t.Fatal(err)
			} else if found {
				got = append(got, token)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("signed in are %q, want %q", got, want)
		}
	}
	commit("laptop-of-ann", "Ann@example.org analyst")
	commit("phone-of-ann", "Ann@example.org analyst")
	commit("laptop-of-bob", "bob@example.org developer")
	commit("laptop-of-cat", "cat@example.org analyst")
	commit("laptop-of-dan", "dan@example.org analyst")
	commit("of-a-stranger", "")
	if list, err := access.ListSessions(t.Context(), db); err != nil || len(list) != 5 || list[0].Person != "dan@example.org" || list[0].ID != "laptop-of-da" {
		t.Errorf("signed in are %+v (%v)", list, err)
	}
	for _, c := range []struct {
		id, person string
		role       access.Role
		want       int64
	}{{"", "ann@EXAMPLE.org", "", 2}, {"", "", access.Developer, 1}, {"laptop-of-ca", "", "", 1}, {"", "id-dan@example.org", "", 1}} {
		if n, err := access.EndSessions(t.Context(), db, c.id, c.person, c.role); err != nil || n != c.want {
			t.Errorf("%+v: %d ended (%v)", c, n, err)
		}
		if _, err := access.EndSessions(t.Context(), db, c.id, c.person, c.role); run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("%+v again: %v", c, err)
		}
	}
	here()
	commit("laptop-of-ann", "Ann@example.org analyst") // a request that was under way ends
	here()
}

func TestLinksAreRevokedOneByOne(t *testing.T) {
	t.Parallel()
	db, now := pgtest.New(t), time.Now()
	var signed []string
	for _, id := range []string{"FIRST", "SECOND"} {
		l := access.ShareLink{ID: id, Export: 1, Until: now.Add(time.Hour)}
		text, err := access.SignLink(t.Context(), db, l)
		if err != nil {
			t.Fatal(err)
		}
		signed = append(signed, text)
		event := access.Event{Visitor: access.AtTerminal("ann"), Action: "share", Target: "export 1", Detail: map[string]any{"link": id, "name": "x.csv", "until": l.Until}}
		if err := access.RecordDone(t.Context(), db, event); err != nil {
			t.Fatal(err)
		}
	}
	if err := access.RevokeLink(t.Context(), db, "FIRST", "ann"); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{access.ErrNoLink, nil} {
		if _, err := access.OpenLink(t.Context(), db, signed[i], now); err != want {
			t.Errorf("link %d: %v, want %v", i, err, want)
		}
	}
	list, err := access.MadeLinks(t.Context(), db)
	if err != nil || len(list) != 2 || list[0].Link != "SECOND" || list[0].Revoked || !list[1].Revoked || list[1].File != "x.csv" {
		t.Errorf("links are %+v (%v)", list, err)
	}
	if err := access.RevokeLink(t.Context(), db, "", "ann"); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("no name: %v", err)
	}
}

func TestRolesAndWhatTheyImply(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		has  []access.Role
		can  []access.Role
		cant []access.Role
	}{
		{nil, []access.Role{access.Public}, access.Roles},
		{[]access.Role{access.Analyst}, []access.Role{access.Analyst}, []access.Role{access.Personal, access.Metrics, access.Developer, access.Admin}},
		{[]access.Role{access.Personal}, []access.Role{access.Analyst, access.Personal}, []access.Role{access.Developer, access.Admin}},
		{[]access.Role{access.Metrics}, []access.Role{access.Metrics}, []access.Role{access.Analyst, access.Personal, access.Developer, access.Admin}},
		{[]access.Role{access.Developer}, []access.Role{access.Analyst, access.Metrics, access.Developer}, []access.Role{access.Personal, access.Admin}},
		{[]access.Role{access.Admin}, []access.Role{access.Analyst, access.Metrics, access.Developer, access.Admin}, []access.Role{access.Personal}},
	} {
		v := access.Visitor{Roles: test.has}
		for _, r := range test.can {
			if !v.Can(r) {
				t.Errorf("%v cannot %s", test.has, r)
			}
		}
		for _, r := range test.cant {
			if v.Can(r) {
				t.Errorf("%v can %s", test.has, r)
			}
		}
	}
}
