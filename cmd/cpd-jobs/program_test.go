package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
)

// program is the built binary: these tests are its users.
var program string

// patience is how long a test waits for what must come: far longer than it takes on any machine, as none is measured.
const patience = 10 * time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "3") // much of what these tests do is to wait for the program
	dir, err := os.MkdirTemp("", "cpd-jobs-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "cpd-jobs")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath") // as make builds it, so most is built already
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(demoDir)
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// needs skips a test where a program is not on the path; in CI it fails.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil && os.Getenv("CI") != "" {
			t.Fatal(err)
		} else if err != nil {
			t.Skip(err)
		}
	}
}

// place is a data directory of its own with the environment that goes with it.
type place struct {
	t   *testing.T
	dir string
	env []string
	// program is the one that is run, "" for that of this package.
	program string
}

// newPlace makes a data directory that PostgreSQL's user may enter, which those of testing are not.
func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := os.MkdirTemp(pgtest.Disk(), "cpd-jobs-place-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "CPD_JOBS_DATA_DIR=" + dir, "PORT=0"}
	return &place{t: t, dir: dir, env: env}
}

// demoDir is the data directory of a small demo, once one is made.
var demoDir string

// makeDemo makes it for the first test that asks.
var makeDemo = sync.OnceValue(func() (err error) {
	if demoDir, err = os.MkdirTemp(pgtest.Disk(), "cpd-jobs-demo-"); err != nil {
		return err
	}
	cmd := exec.Command(program, "demo", "--schools", "120", "--no-serve")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "CPD_JOBS_DATA_DIR=" + demoDir}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make the demo: %w\n%s", err, out)
	}
	return nil
})

// newDemo is a place with a copy of the small demo, whose server runs until the test ends.
func newDemo(t *testing.T) *place {
	t.Helper()
	if err := makeDemo(); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	if out, err := exec.Command("cp", "-Rp", demoDir+"/.", p.dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the demo: %v\n%s", err, out)
	}
	p.keep()
	return p
}

// keep has the server run until the test ends, or each command would start it and stop it.
func (p *place) keep() {
	p.t.Helper()
	server, err := pg.Start(p.t.Context(), pg.Options{Dir: p.dir})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = server.Close(context.Background()) })
}

// result is what a command left.
type result struct {
	status         int
	stdout, stderr string
}

// run runs the program to its end. It is killed only when go test's own time is nearly up, so that what it said is
// shown: a shorter limit would measure the machine.
func (p *place) run(args ...string) result {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := p.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("cpd-jobs %s: %v", strings.Join(args, " "), err)
	}
	if deadline, limited := p.t.Deadline(); limited {
		timer := time.AfterFunc(time.Until(deadline)-10*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		p.t.Fatalf("cpd-jobs %s: %v", strings.Join(args, " "), err)
	}
	return result{status: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

func (p *place) command(args ...string) *exec.Cmd {
	cmd := exec.Command(cmp.Or(p.program, program), args...)
	cmd.Env = p.env
	return cmd
}

// ok runs the program and fails the test unless it ends with status 0.
func (p *place) ok(args ...string) result {
	p.t.Helper()
	r := p.run(args...)
	if r.status != 0 {
		p.t.Fatalf("cpd-jobs %s: status %d\n%s%s", strings.Join(args, " "), r.status, r.stdout, r.stderr)
	}
	return r
}

// fails runs the program and checks its status, and that it says one line with the given words on standard error.
func (p *place) fails(status int, words string, args ...string) {
	p.t.Helper()
	r := p.run(args...)
	said := strings.TrimSpace(r.stderr)
	if r.status != status || !strings.Contains(said, words) {
		p.t.Errorf("cpd-jobs %s: status %d, want %d; it says\n%s\nwant it to say %q", strings.Join(args, " "), r.status, status, said, words)
	}
}

// json runs the program and reads the one list that it prints.
func (p *place) json(list string, args ...string) []map[string]any {
	p.t.Helper()
	r := p.ok(append(args, "--json")...)
	var document map[string][]map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		p.t.Fatalf("cpd-jobs %s prints no JSON: %v\n%s", strings.Join(args, " "), err, r.stdout)
	}
	return document[list]
}
