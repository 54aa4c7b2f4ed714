// Package s3test runs a real S3-compatible server, Versity's gateway over a folder, for tests.
package s3test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// module is the server's, at a version that was tried.
const (
	module  = "github.com/versity/versitygw/cmd/versitygw"
	version = "v1.8.0"
)

const (
	key    = "tests"
	secret = "tests-secret"
	bucket = "exports"
)

// Server is one that runs.
type Server struct {
	// Address is that of an empty bucket, as EXPORT_STORE_URL has it.
	Address string
	// Dir is the bucket's folder.
	Dir string
	// Stop ends the server at once.
	Stop func()

	program, listen, root, sidecar string
}

// Restart starts a server that was stopped again: the same address, the same files.
func (s Server) Restart(t testing.TB) Server {
	t.Helper()
	again, err := s.run(t)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// Start starts a server that ends with the test. The first time on a machine it builds the program, which takes a
// minute or two of a core. A test that cannot have it is skipped, except in CI.
func Start(t testing.TB) Server {
	t.Helper()
	program, err := build()
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("needs", module, version, ":", err)
		}
		t.Fatal("needs", module, version, ":", err)
	}
	var errs []error
	for range 5 { // the port may have gone to somebody else
		s, err := start(t, program)
		if err == nil {
			return s
		}
		errs = append(errs, err)
	}
	t.Fatal(errors.Join(errs...))
	return Server{}
}

func start(t testing.TB, program string) (Server, error) {
	s := Server{program: program, root: t.TempDir(), sidecar: t.TempDir()}
	s.Dir = filepath.Join(s.root, bucket)
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		return Server{}, err
	}
	var err error
	if s.listen, err = freeAddress(); err != nil {
		return Server{}, err
	}
	s.Address = fmt.Sprintf("s3://%s:%s@%s/%s?region=us-east-1&tls=false", key, secret, s.listen, bucket)
	return s.run(t)
}

// run starts the process.
func (s Server) run(t testing.TB) (Server, error) {
	cmd := exec.Command(s.program, "--port", s.listen, "--access", key, "--secret", secret, "--health", "/health", "--quiet",
		"posix", "--sidecar", s.sidecar, s.root)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return Server{}, err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	s.Stop = func() { _ = cmd.Process.Kill(); <-ended }
	t.Cleanup(s.Stop)
	if err := ready("http://"+s.listen+"/health", ended); err != nil {
		s.Stop()
		return Server{}, fmt.Errorf("%w\n%s", err, output.String())
	}
	return s, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ready waits until the server answers or has ended.
func ready(url string, ended <-chan struct{}) error {
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for range 1000 {
		if r, err := http.Get(url); err == nil {
			r.Body.Close()
			return nil
		}
		select {
		case <-ended:
			return errors.New("the S3 server ended at once")
		case <-pause.C:
		}
	}
	return errors.New("the S3 server does not answer")
}

// build makes the program once for this machine and gives its path. Test processes that come together wait for the
// first.
func build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "cpd-jobs-tests", "versitygw-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close() // and with it goes the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "versitygw")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	return program, install(dir, program)
}

func install(dir, program string) error {
	tmp, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	cmd := exec.Command("go", "install", "-trimpath", "-ldflags=-s -w", module+"@"+version)
	cmd.Env = append(os.Environ(), "GOBIN="+tmp, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the S3 server: %w\n%s", err, out)
	}
	return os.Rename(filepath.Join(tmp, "versitygw"), program)
}
