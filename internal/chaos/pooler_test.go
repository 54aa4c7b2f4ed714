package chaos

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/pg"
)

// TestChaosThroughPgBouncer puts a real PgBouncer in transaction mode between the workers and the database, from the
// first migration on.
func TestChaosThroughPgBouncer(t *testing.T) {
	t.Parallel()
	s := ownServer(t, pg.Options{TCP: true})
	l := newLabOn(t, s, s.bouncer("transaction"))
	w := l.worker()
	if n := strings.Count(w.said(), "pooler"); n != 1 {
		t.Errorf("the worker speaks of the pooler %d times, want once", n)
	}
	l.completed(l.probe(0, 3).ID, 15*time.Second)
	failed := l.enqueue("probe", `{"fail": 1, "rows": 1}`)
	if got := l.completed(failed, 30*time.Second); got.Attempt != 2 {
		t.Errorf("a job that fails once completed in attempt %d, want 2", got.Attempt)
	}
	id := l.enqueue("probe", `{"sleep": "1m"}`)
	l.running(id)
	if _, status := l.cli("jobs", "cancel", strconv.FormatInt(id, 10)); status != 0 {
		t.Errorf("jobs cancel ended with status %d", status)
	}
	if got := l.follow(id, 15*time.Second); got.State != "cancelled" {
		t.Errorf("a cancelled job is %s", got.State)
	}
	w.stop()
	l.freezeInMidCopy()
}

// TestChaosPgBouncerInSessionMode is as good as none.
func TestChaosPgBouncerInSessionMode(t *testing.T) {
	t.Parallel()
	s := ownServer(t, pg.Options{TCP: true})
	l := newLabOn(t, s, s.bouncer("session"))
	w := l.worker()
	if strings.Contains(w.said(), "pooler") {
		t.Error("the worker takes sessions for transactions")
	}
	l.completed(l.probe(0, 1).ID, 15*time.Second)
	w.stop()
}

// bouncer starts PgBouncer before the server and returns the address of the lab's database through it.
func (s *server) bouncer(mode string) string {
	s.t.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/pgbouncer") // Debian's, which is not on everybody's path
	}
	if err != nil && os.Getenv("CI") == "" {
		s.t.Skipf("needs pgbouncer: %v", err)
	}
	if err != nil {
		s.t.Fatalf("needs pgbouncer: %v", err)
	}
	port := freePort(s.t)
	config := filepath.Join(s.dir, "pgbouncer.ini")
	if err := os.WriteFile(config, []byte(s.bouncerConfig(mode, port)), 0o644); err != nil {
		s.t.Fatal(err)
	}
	args := []string{config}
	if os.Geteuid() == 0 { // it will not run as root
		args = []string{"-u", unprivileged(s.t), config}
	}
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = diesWithUs()
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := launch(cmd); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s.t.Failed() {
			s.t.Log("pgbouncer:\n" + said.String())
		}
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for deadline := time.Now().Add(10 * time.Second); !answers(address); pause(s.t.Context(), 20*time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("pgbouncer does not listen")
		}
	}
	return "postgres://" + pg.Superuser + "@" + address + "/chaos?sslmode=disable"
}

// bouncerConfig lets anybody on this machine in, as the server's superuser: it holds nothing but tests.
func (s *server) bouncerConfig(mode string, port int) string {
	u, err := url.Parse(s.share.URL("chaos"))
	if err != nil {
		s.t.Fatal(err)
	}
	password, _ := u.User.Password()
	return fmt.Sprintf(`
[databases]
chaos = host=%s port=%s dbname=chaos user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = %s
default_pool_size = 60
max_client_conn = 500
`, u.Hostname(), u.Port(), u.User.Username(), password, port, mode)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func unprivileged(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		if _, err := user.Lookup(name); err == nil {
			return name
		}
	}
	t.Fatal("this machine has no user postgres or nobody")
	return ""
}

func answers(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}
