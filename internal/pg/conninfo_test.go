package pg

import (
	"slices"
	"strings"
	"testing"
)

func TestForTools(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, url, want, password string }{
		{"by socket", "postgres://cpd_jobs@/db?host=%2Ftmp%2Fa%20b&port=5432", "postgres://cpd_jobs@/db?host=%2Ftmp%2Fa%20b&port=5432", ""},
		{"a password", "postgres://ann:s%40fe@db.example.com/x?sslmode=require", "postgres://ann@db.example.com/x?sslmode=require", "s@fe"},
		{"a password among the parameters", "postgres://ann@db.example.com/x?password=s%40fe", "postgres://ann@db.example.com/x", "s@fe"},
		{"what only pgx takes", "postgres://db.example.com/x?pool_max_conns=3&timezone=UTC&default_query_exec_mode=exec", "postgres://db.example.com/x", ""},
	} {
		got, env, err := forTools(c.url)
		if err != nil || got != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
		if c.password != "" && !slices.Contains(env, "PGPASSWORD="+c.password) {
			t.Errorf("%s: the password is not in the environment", c.name)
		}
	}
	if _, _, err := forTools("host=db.example.com password=secret"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("words and values: got %v, want them refused and not shown", err)
	}
}

func TestMaskURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"postgres://ann:secret@db.example.com/x":          "postgres://ann:xxxxx@db.example.com/x",
		"postgres://ann@db.example.com/x?password=secret": "postgres://ann@db.example.com/x?password=xxxxx",
		"host=db.example.com password=secret":             "(not shown: it may hold a password)",
		"postgres://ann:sec%ret@db":                       "(not shown: it may hold a password)",
	} {
		if got := maskURL(raw); got != want {
			t.Errorf("maskURL(%s) is %s, want %s", raw, got, want)
		}
	}
}
