package main

import (
	"strings"
	"testing"

	"cpd-jobs/internal/pgtest"
)

func TestTokensAtATerminalAreInTheAudit(t *testing.T) {
	t.Parallel()
	p, url := newPlace(t), pgtest.URL(t)
	p.env = append(p.env, "DATABASE_URL="+url)
	if made := p.ok("tokens", "create", "nightly", "--role", "analyst", "--for", "1d"); !strings.HasPrefix(made.stdout, "cpdj_") {
		t.Errorf("made %q", made.stdout)
	}
	p.ok("tokens", "revoke", "1")
	p.fails(2, "no token 1 is valid", "tokens", "revoke", "1")
	p.ok("tokens", "revoke-links")
	var got []string
	err := pgtest.Connect(t, url).QueryRow(t.Context(), "SELECT array_agg(via || ' ' || action || ' ' || target ORDER BY id) FROM queue.audit").Scan(&got)
	if want := "terminal create token token 1, terminal revoke token token 1, terminal revoke links all links"; err != nil || strings.Join(got, ", ") != want {
		t.Errorf("audit %q (%v), want %q", got, err, want)
	}
	if said := p.ok("audit", "verify").stdout; !strings.HasPrefix(said, "3 rows are as they were written, 0 older ones have no hash; the latest is row 3, ") {
		t.Errorf("audit verify says %q", said)
	}
}
