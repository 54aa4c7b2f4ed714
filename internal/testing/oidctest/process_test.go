// Package oidctest signs people in with a real OpenID Connect provider: another library's, in a process of its own that
// answers on this machine. It is tests alone.
package oidctest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// setupVariable makes this test's program the provider.
const setupVariable = "OIDCTEST_SETUP"

func TestMain(m *testing.M) {
	if text := os.Getenv(setupVariable); text != "" {
		if err := beProvider(os.Stdin, os.Stdout, text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// process is a provider that runs.
type process struct {
	t      *testing.T
	issuer string
	cmd    *exec.Cmd
	orders io.WriteCloser
	said   *bufio.Reader
	stop   func()
}

// start starts a provider. It ends with the test, also where that is killed: its standard input ends then.
func start(t *testing.T, s setup) *process {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(program)}
	p.cmd.Env = append(os.Environ(), setupVariable+"="+string(text))
	p.cmd.Stderr = os.Stderr
	if p.orders, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.stop = sync.OnceFunc(func() {
		_ = p.orders.Close()
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the provider ended with %v", err)
		}
	})
	t.Cleanup(p.stop)
	p.said = bufio.NewReader(out)
	p.issuer = p.line()
	return p
}

func (p *process) line() string {
	p.t.Helper()
	text, err := p.said.ReadString('\n')
	if err != nil {
		p.t.Fatalf("the provider says no more: %v", err)
	}
	return strings.TrimSpace(text)
}

// tell changes what the provider does.
func (p *process) tell(o order) {
	p.t.Helper()
	if err := json.NewEncoder(p.orders).Encode(o); err != nil {
		p.t.Fatal(err)
	}
	if got := p.line(); got != "done" {
		p.t.Fatalf("the provider says %q", got)
	}
}
