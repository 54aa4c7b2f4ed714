package pg

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	d := dataDir{dir: "/data/postgres", who: account{name: "postgres"}}
	other := errors.New("PostgreSQL in /data/postgres ended at once")
	for _, c := range []struct {
		name, said string
		class      run.Class
		want       string
	}{
		{
			"full disk", `2026-11-22 06:10:00.000 UTC [7] FATAL:  could not write lock file "postmaster.pid": No space left on device`,
			run.ClassUnreachable, "the disk that holds /data/postgres is full",
		},
		{
			"no semaphores, which macOS says in the same words",
			"FATAL:  could not create semaphores: No space left on device\nDETAIL:  Failed system call was semget(1, 17, 03600).",
			run.ClassUnreachable, "no shared memory or semaphores left",
		},
		{
			"initdb as a user without a name", "initdb: error: could not look up effective user ID 1000: user does not exist",
			run.ClassInvalid, "no name on this machine",
		},
		{
			"files of somebody else's", "2026-11-22 UTC [7] FATAL:  could not open file \"global/pg_control\": Permission denied\n",
			run.ClassInvalid, `may not use its files: could not open file "global/pg_control": Permission denied`,
		},
		{
			"something new", "LOG:  starting\nFATAL:  the moon is full\nLOG:  database system is shut down\n",
			run.ClassUnreachable, "ended at once: the moon is full; see /data/postgres/server.log",
		},
		{"nothing", "", run.ClassUnreachable, "ended at once; see /data/postgres/server.log"},
	} {
		err := d.explain(context.Background(), c.said, other)
		if got := run.ClassOf(err); got != c.class {
			t.Errorf("%s: the class is %s, want %s", c.name, got, c.class)
		}
		if got := err.Error(); !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: got %q, want one line that says %q", c.name, got, c.want)
		}
	}
}

func TestParseProcesses(t *testing.T) {
	t.Parallel()
	got := parseProcesses("    1 /sbin/launchd\n  712 postgres: cpd-jobs-0123456789ab: ann db [local] SELECT\n")
	if len(got) != 2 || got[712] != "postgres: cpd-jobs-0123456789ab: ann db [local] SELECT" {
		t.Errorf("got %v", got)
	}
}
