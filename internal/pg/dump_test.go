package pg_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
)

func TestDumpAndRestore(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	s := start(t, options(dir))
	for _, name := range []string{"source", "target"} {
		_, err := s.EnsureDatabase(t.Context(), name)
		check(t, err)
	}
	source, target := s.URL("source"), s.URL("target")
	do(t, source, `
		CREATE ROLE reader NOLOGIN;
		CREATE SCHEMA reports;
		CREATE TABLE reports.kept AS SELECT n, 'é' AS text FROM generate_series(1, 1000) n;
		GRANT USAGE ON SCHEMA reports TO reader;
		ALTER DEFAULT PRIVILEGES IN SCHEMA reports GRANT SELECT ON TABLES TO reader`)

	file := filepath.Join(filepath.Dir(dir), "dump")
	var said bytes.Buffer
	check(t, pg.Dump(t.Context(), source, file, &said))
	if got, want := said.String(), "dump reports.kept\n"; got != want {
		t.Errorf("the dump said %q, want %q", got, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the dump has mode %v (%v), want it to be its owner's alone", info.Mode(), err)
	}
	do(t, source, "DROP OWNED BY reader; DROP ROLE reader") // as on a new server

	said.Reset()
	check(t, pg.Restore(t.Context(), target, file, &said))
	if got, want := said.String(), "restore reports.kept\nmade the role reader, without login\n"; got != want {
		t.Errorf("the restore said %q, want %q", got, want)
	}
	if got := ask[int](t, target, "SELECT sum(n) FROM reports.kept WHERE text = 'é'"); got != 500500 {
		t.Errorf("got a sum of %d, want 500500", got)
	}
	do(t, target, "CREATE TABLE reports.later (n int); SET ROLE reader; SELECT n FROM reports.later")

	refuses(t, pg.Restore(t.Context(), target, file, &said), run.ClassBlocked, "not empty: it has reports.kept")
	refuses(t, pg.Dump(t.Context(), source, file, &said), run.ClassInvalid, "is there already")
}

func TestRestoreOfWhatIsNoDump(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	s := start(t, options(dir))
	source := s.URL("postgres")
	do(t, source, "CREATE TABLE kept AS SELECT n, md5(n::text) FROM generate_series(1, 10000) n")
	folder := filepath.Dir(dir)
	whole := filepath.Join(folder, "whole")
	var said bytes.Buffer
	check(t, pg.Dump(t.Context(), source, whole, &said))
	content, err := os.ReadFile(whole)
	check(t, err)
	_, err = s.EnsureDatabase(t.Context(), "target")
	check(t, err)

	for name, content := range map[string][]byte{
		"a text":     []byte("urn,name\n100000,A school\n"),
		"empty":      {},
		"cut short":  content[:len(content)/2],
		"cut early":  content[:100],
		"not a file": nil,
	} {
		file := filepath.Join(folder, name)
		if name != "not a file" {
			check(t, os.WriteFile(file, content, 0o600))
		}
		err := pg.Restore(t.Context(), s.URL("target"), file, &said)
		refuses(t, err, run.ClassInvalid, "db dump")
		if got := ask[int](t, s.URL("target"), "SELECT count(*) FROM pg_class WHERE relname = 'kept'"); got != 0 {
			t.Errorf("%s: it left something in the database, want nothing", name)
		}
	}
}

func TestAFailedDumpLeavesNoFile(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	dir := t.TempDir()
	err := pg.Dump(t.Context(), "postgres://nobody:secret@127.0.0.1:1/none", filepath.Join(dir, "dump"), &bytes.Buffer{})
	refuses(t, err, run.ClassUnreachable)
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("it left %v, want nothing", entries)
	}
}

// refuses wants an error of one line and that class that says all of these.
func refuses(t *testing.T, err error, class run.Class, says ...string) {
	t.Helper()
	if err == nil {
		t.Error("it worked, want it refused")
		return
	}
	if got := run.ClassOf(err); got != class {
		t.Errorf("the error is of class %s, want %s: %v", got, class, err)
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %q, want one line without a password", err)
	}
	for _, what := range says {
		if !strings.Contains(err.Error(), what) {
			t.Errorf("got %q, want it to say %q", err, what)
		}
	}
}
