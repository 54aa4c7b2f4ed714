package pg_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// memberVariable makes this test program a member of the server in the directory that it names: it prints the server's
// connection string, and leaves when its standard input ends.
const memberVariable = "CPD_JOBS_PG_TEST_MEMBER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(memberVariable); dir != "" {
		if err := beMember(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if needed.Load() {
		if dir, err := used(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

func beMember(dir string) error {
	s, err := pg.Start(context.Background(), options(dir))
	if err != nil {
		return err
	}
	fmt.Println(s.URL("postgres"))
	_, _ = io.Copy(io.Discard, os.Stdin)
	return s.Close(context.Background())
}

// options are those of a server whose data may be lost.
func options(dir string) pg.Options {
	return pg.Options{Dir: dir, Settings: map[string]string{"fsync": "off", "shared_buffers": "16MB"}}
}

// member is another process with a share in a server.
type member struct {
	cmd   *exec.Cmd
	leave io.Closer
	url   string
}

// startMember starts another process on dir, as user uid where that is not negative, and waits until it has joined.
func startMember(t *testing.T, program, dir string, uid int) *member {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), memberVariable+"="+dir)
	cmd.Dir, cmd.Stderr = "/", os.Stderr
	if uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	leave, err := cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	if !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("the other process said %q, want a connection string", line)
	}
	return &member{cmd: cmd, leave: leave, url: strings.TrimSpace(line)}
}

// end lets the member leave, and waits until it has.
func (m *member) end(t *testing.T) {
	t.Helper()
	check(t, m.leave.Close())
	check(t, m.cmd.Wait())
}

// kill ends the member as kill -9 does.
func (m *member) kill(t *testing.T) {
	t.Helper()
	check(t, m.cmd.Process.Kill())
	_ = m.cmd.Wait() // "signal: killed"
}

// self is this test program.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	check(t, err)
	return path
}

// newDir is a data directory that the server's user may enter, which Go's own temporary folders are not when this is
// root. It is in memory where there is room, since making one means making a thousand files.
func newDir(t *testing.T) string {
	t.Helper()
	needPostgres(t)
	dir, err := openFolder()
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "data")
}

// usedDir is a data directory whose server has run before: a copy of one, which is quicker than initdb.
func usedDir(t *testing.T) string {
	t.Helper()
	dir := newDir(t)
	needed.Store(true)
	original, err := used()
	check(t, err)
	check(t, exec.Command("cp", "-Rp", original, dir).Run())
	return dir
}

// needed says that the original has been made.
var needed atomic.Bool

var used = sync.OnceValues(func() (dir string, err error) {
	dir, err = openFolder()
	if err != nil {
		return "", err
	}
	s, err := pg.Start(context.Background(), options(dir))
	if err != nil {
		return "", err
	}
	return dir, s.Close(context.Background())
})

func openFolder() (string, error) {
	var disk syscall.Statfs_t
	parent := ""
	if err := syscall.Statfs("/dev/shm", &disk); err == nil && disk.Bavail*uint64(disk.Bsize) > 4<<30 {
		parent = "/dev/shm"
	}
	dir, err := os.MkdirTemp(parent, "pg-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

func needPostgres(t *testing.T) {
	t.Helper()
	_, err := pg.FindBinaries()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	check(t, err)
}

// start starts or joins a server that is left when the test ends.
func start(t *testing.T, o pg.Options) *pg.Server {
	t.Helper()
	s, err := pg.Start(t.Context(), o)
	check(t, err)
	t.Cleanup(func() { leave(t, s) })
	return s
}

func leave(t *testing.T, s *pg.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(t, s.Close(ctx))
}

// ask runs a query of one value.
func ask[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	check(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, _ := conn.Query(t.Context(), sql)
	got, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	check(t, err)
	return got
}

// do runs statements.
func do(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	check(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), sql)
	check(t, err)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
