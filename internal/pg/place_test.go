package pg_test

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cpd-jobs/internal/pg"
)

func TestOddPaths(t *testing.T) {
	t.Parallel()
	for name, folder := range map[string]string{
		"too long for a socket":         strings.Repeat("long/", 30),
		"a comma, as between two hosts": "a,b",
		"space, quote, plus and é":      `a "b" c+d%20é`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(newDir(t), folder)
			s := start(t, options(dir))
			other := startMember(t, self(t), dir, -1)
			if got := ask[int](t, other.url, "SELECT 1"); got != 1 {
				t.Errorf("got %d, want 1", got)
			}
			other.end(t)
			leave(t, s)
			if left := shortFolders(t, s); len(left) > 0 {
				t.Errorf("it left %v, want nothing outside its directory", left)
			}
		})
	}
}

// shortFolders are folders that the server has its socket in, outside its data directory.
func shortFolders(t *testing.T, s *pg.Server) []string {
	t.Helper()
	u, err := url.Parse(s.URL("x"))
	check(t, err)
	socket := u.Query().Get("host")
	if _, err := os.Stat(socket); err != nil || strings.HasPrefix(socket, s.Dir) {
		return nil
	}
	return []string{socket}
}

func TestAnOrdinaryUserRunsItsOwn(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := newDir(t)
	home := filepath.Dir(dir)
	program := copyProgram(t, home)
	const nobody = 65534
	mine := filepath.Join(home, "mine")
	check(t, os.Mkdir(mine, 0o700))
	check(t, os.Chown(mine, nobody, nobody))
	m := startMember(t, program, filepath.Join(mine, "data"), nobody)
	info, err := os.Stat(filepath.Join(mine, "data", "postgres", "data"))
	check(t, err)
	if got := info.Sys().(*syscall.Stat_t).Uid; got != nobody {
		t.Errorf("the data belong to user %d, want %d, who started the server", got, nobody)
	}
	m.end(t)
}

// copyProgram puts this test program where other users can run it.
func copyProgram(t *testing.T, dir string) string {
	t.Helper()
	from, err := os.Open(self(t))
	check(t, err)
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(filepath.Join(dir, "member"), os.O_CREATE|os.O_WRONLY, 0o755)
	check(t, err)
	_, err = io.Copy(to, from)
	check(t, err)
	check(t, to.Close())
	return to.Name()
}

func TestResolveDir(t *testing.T) {
	t.Parallel()
	base := filepath.Dir(newDir(t))
	closed := filepath.Join(base, "closed")
	check(t, os.MkdirAll(filepath.Join(closed, "something"), 0o700))
	empty := filepath.Join(base, "empty")
	check(t, os.Mkdir(empty, 0o700))
	root := os.Geteuid() == 0
	for _, c := range []struct {
		name, dir string
		moved     bool
	}{
		{"open to all", filepath.Join(base, "new", "data"), false},
		{"new, empty and closed, so that it may be opened", empty, false},
		{"closed, with something of somebody's in it", closed, root},
		{"in a closed folder", filepath.Join(closed, "data"), root},
	} {
		got, moved, err := pg.ResolveDir(c.dir)
		check(t, err)
		want := c.dir
		if c.moved {
			want = "/var/lib/cpd-jobs"
		}
		if got != want || moved != c.moved {
			t.Errorf("%s: got %s, moved %v, want %s, moved %v", c.name, got, moved, want, c.moved)
		}
	}
}

func TestAClosedEmptyFolderIsOpened(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	check(t, os.Mkdir(dir, 0o700))
	s := start(t, options(dir))
	if s.Dir != dir {
		t.Errorf("the data are in %s, want %s", s.Dir, dir)
	}
}

func TestTCP(t *testing.T) {
	t.Parallel()
	dir := usedDir(t)
	o := options(dir)
	o.TCP = true
	s := start(t, o)
	url := s.URL("postgres")
	if !strings.Contains(url, "@127.0.0.1:") {
		t.Fatalf("got %s, want a port of the loopback", url)
	}
	if got := ask[int](t, url, "SELECT 1"); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
	before, after, _ := strings.Cut(url, "@")
	wrong := before[:strings.LastIndex(before, ":")] + ":guess@" + after
	_, err := pg.Open(t.Context(), wrong, pg.PoolOptions{})
	if err == nil || !strings.Contains(err.Error(), "check the user and the password") || strings.Contains(err.Error(), "guess") {
		t.Errorf("a wrong password: got %v, want it refused and not shown", err)
	}
	leave(t, s)
	if got := start(t, o).URL("postgres"); got != url {
		t.Errorf("after a restart the address is %s, want %s as before", got, url)
	}
}
