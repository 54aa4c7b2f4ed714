package pg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// grants are the statements of a dump that say who may do what.
type grants []string

// grantEntries picks the entries about grants from a dump's list of contents: "3501; 0 0 ACL - SCHEMA reports
// cpd_jobs".
func grantEntries(list []byte) []byte {
	var picked []byte
	for line := range bytes.Lines(list) {
		words := bytes.Fields(line)
		if len(words) > 3 && (string(words[3]) == "ACL" || (string(words[3]) == "DEFAULT" && string(words[4]) == "ACL")) {
			picked = append(picked, line...)
		}
	}
	return picked
}

// dumpedOwner is in statements about what the dumped database's owner will make; here it is the user who restores.
var dumpedOwner = regexp.MustCompile(`^ALTER DEFAULT PRIVILEGES FOR ROLE (?:"(?:[^"]|"")+"|\S+)`)

func parseGrants(sql string) grants {
	var list grants
	for line := range strings.Lines(sql) {
		line = strings.TrimSuffix(strings.TrimSpace(line), ";")
		if strings.HasPrefix(line, "GRANT ") || strings.HasPrefix(line, "REVOKE ") || strings.HasPrefix(line, "ALTER DEFAULT ") {
			list = append(list, dumpedOwner.ReplaceAllString(line, "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER"))
		}
	}
	return list
}

// grantee is the role at the end of a statement.
var grantee = regexp.MustCompile(` (?:TO|FROM) ("(?:[^"]|"")+"|[^\s;]+)(?: WITH GRANT OPTION)?$`)

// roles are those that the statements name, quoted where need be.
func (g grants) roles() []string {
	var list []string
	for _, statement := range g {
		if m := grantee.FindStringSubmatch(statement); m != nil && m[1] != "PUBLIC" && !slices.Contains(list, m[1]) {
			list = append(list, m[1])
		}
	}
	return list
}

// apply makes the roles that are missing and grants what it can; what the user may not, it tells. The data are in
// already, and an administrator can do the rest.
func (g grants) apply(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error {
	for _, role := range g.roles() {
		if _, err := pool.Exec(ctx, "CREATE ROLE "+role+" NOLOGIN"); err == nil {
			g.say(out, "made the role "+role+", without login")
		} else if sqlState(err) == "" {
			return fmt.Errorf("make the role %s: %w", role, err)
		}
	}
	for _, statement := range g {
		if _, err := pool.Exec(ctx, statement); err == nil {
			continue
		} else if sqlState(err) == "" {
			return fmt.Errorf("restore a grant: %w", err)
		}
		g.say(out, "not granted, ask the server's administrator: "+statement)
	}
	return nil
}

func (grants) say(out io.Writer, line string) {
	_, _ = fmt.Fprintln(out, line) // talk, not the result
}
