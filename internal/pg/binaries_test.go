package pg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
)

// fakePrograms makes a folder of programs that say they are of that version.
func fakePrograms(t *testing.T, dir, version string, names ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s (Debian %s-0+deb12u2)'\n", version, version)
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindInstallations(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	all := []string{"initdb", "postgres", "pg_ctl"}
	for _, version := range []string{"9.6.24", "13.4", "15.12", "17beta1"} {
		fakePrograms(t, filepath.Join(base, "lib", version, "bin"), version, all...)
	}
	fakePrograms(t, filepath.Join(base, "lib", "18", "bin"), "18.1", "postgres") // the client programs' package alone
	onPath := fakePrograms(t, filepath.Join(base, "path"), "14.2", all...)
	patterns := []string{filepath.Join(base, "lib", "*", "bin"), filepath.Join(base, "none", "*")}

	for _, c := range []struct {
		name, path string
		want       []string
		best       string
	}{
		{"the newest of the usual folders first", "", []string{"17beta1", "15.12", "13.4", "9.6.24"}, "17beta1"},
		{"the PATH before all", onPath, []string{"14.2", "17beta1", "15.12", "13.4", "9.6.24"}, "14.2"},
		{
			"too old a version on the PATH",
			filepath.Join(base, "lib", "13.4", "bin"),
			[]string{"13.4", "17beta1", "15.12", "13.4", "9.6.24"},
			"17beta1",
		},
	} {
		found := findInstallations(c.path, patterns)
		var got []string
		for _, i := range found {
			got = append(got, i.version)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		best, err := newest(found)
		if err != nil || best.version != c.best {
			t.Errorf("%s: chose %s (%v), want %s", c.name, best.version, err, c.best)
		}
	}
}

func TestNoneWillDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		found []installation
		says  string
	}{
		{"none", nil, "no PostgreSQL server programs (initdb, postgres, pg_ctl)"},
		{"too old", []installation{{"/opt/pg/bin", 13, "13.4"}}, "/opt/pg/bin has 13.4 and 14 or later is needed"},
	} {
		_, err := newest(c.found)
		if !errors.Is(err, ErrNoBinaries) || run.ClassOf(err) != run.ClassUnreachable {
			t.Errorf("%s: got %v of class %s, want ErrNoBinaries, unreachable", c.name, err, run.ClassOf(err))
		}
		if got := fmt.Sprint(err); !strings.Contains(got, c.says) || !strings.Contains(got, "install PostgreSQL 14 or later") || strings.Contains(got, "\n") {
			t.Errorf("%s: got %q, want one line that says %q and what to install", c.name, got, c.says)
		}
	}
}

func TestMajor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"15.12": 15, "18beta1": 18, "9.6.24": 9, "14": 14, "": 0, "devel": 0} {
		if got := Major(version); got != want {
			t.Errorf("Major(%q) is %d, want %d", version, got, want)
		}
	}
}
