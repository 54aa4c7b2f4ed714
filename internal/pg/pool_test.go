package pg_test

import (
	"net/url"
	"testing"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	address := pgtest.NewEmpty(t)
	pool, err := pg.Open(t.Context(), address, pg.PoolOptions{App: "cpd-jobs worker 7", MaxConns: 3})
	check(t, err)
	defer pool.Close()
	var app, zone string
	check(t, pool.QueryRow(t.Context(), "SELECT current_setting('application_name'), current_setting('timezone')").Scan(&app, &zone))
	if app != "cpd-jobs worker 7" || zone != "UTC" {
		t.Errorf("the session is called %q and shows times in %s, want the name given and UTC", app, zone)
	}
	if got := pool.Config().MaxConns; got != 3 {
		t.Errorf("the pool holds %d, want 3", got)
	}
	own, err := pg.Open(t.Context(), address+"&pool_max_conns=2", pg.PoolOptions{MaxConns: 3})
	check(t, err)
	defer own.Close()
	if got := own.Config().MaxConns; got != 2 {
		t.Errorf("the pool holds %d, want the 2 of the connection string", got)
	}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	there := pgtest.NewEmpty(t)
	for _, c := range []struct {
		name, url string
		class     run.Class
		says      string
	}{
		{"nothing listens", "postgres://ann:secret@127.0.0.1:1/x", run.ClassUnreachable, "cannot connect to database x as ann at 127.0.0.1:1"},
		{"two addresses, neither of which answers", "postgres://ann:secret@localhost:1/x", run.ClassUnreachable, "check that the server runs there"},
		{"no such socket", "postgres://ann:secret@/x?host=/nowhere", run.ClassUnreachable, "check that the server runs there"},
		{"no such host", "postgres://ann:secret@nowhere.invalid/x", run.ClassUnreachable, "nowhere.invalid"},
		{"no such database", replaceDatabase(there, "none_of_this_name"), run.ClassUnreachable, "make the database, or name another"},
		{"no connection string", "postgres://ann:secret@127.0.0.1:port/x", run.ClassInvalid, "it looks like postgres://"},
		{"a wrong setting", "postgres://ann:secret@127.0.0.1/x?sslmode=perhaps", run.ClassInvalid, "it looks like postgres://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := pg.Open(t.Context(), c.url, pg.PoolOptions{})
			refuses(t, err, c.class, c.says)
		})
	}
}

// replaceDatabase names another database of the same server.
func replaceDatabase(raw, database string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.Path = "/" + database
	return u.String()
}
