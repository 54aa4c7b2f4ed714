package pg

import (
	"net/url"
	"os"
	"slices"
	"strings"

	"cpd-jobs/internal/run"
)

// libpqTakes says that a parameter of a connection string is one of libpq's, not of pgx's or of the session.
func libpqTakes(name string) bool {
	for _, prefix := range []string{"ssl", "keepalives", "gss", "target_session_attrs", "channel_binding", "require_auth"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"host", "hostaddr", "port", "dbname", "user", "connect_timeout", "options"}, name)
}

// forTools makes a connection string fit for pg_dump's command line, which everyone on the machine can read, and the
// environment that goes with it: the password.
func forTools(raw string) (conninfo string, env []string, err error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", nil, run.Invalid("write it as postgres://user:password@host:5432/database", "the connection string %s cannot be used here", maskURL(raw))
	}
	query := u.Query()
	env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C", "PGCLIENTENCODING=UTF8", "PGAPPNAME=cpd-jobs db"}
	password, given := u.User.Password()
	if inQuery := query.Get("password"); inQuery != "" {
		password, given = inQuery, true
	}
	if given {
		env = append(env, "PGPASSWORD="+password)
		u.User = url.User(u.User.Username())
	}
	kept := []string{}
	for name, values := range query {
		if libpqTakes(name) {
			kept = append(kept, name+"="+escapeQuery(values[0]))
		}
	}
	slices.Sort(kept)
	u.RawQuery = strings.Join(kept, "&")
	return u.String(), env, nil
}

// maskURL is a connection string fit to be shown: without its password, wherever it stands.
func maskURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" {
		return "(not shown: it may hold a password)"
	}
	query := u.Query()
	for _, secret := range []string{"password", "sslpassword"} {
		if query.Has(secret) {
			query.Set(secret, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}
