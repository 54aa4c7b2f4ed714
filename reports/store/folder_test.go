package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports/store"
)

// writerEnv turns this test binary into a process that begins a draft in the folder that it names and waits to be
// killed.
const writerEnv = "STORE_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

func writeForever(dir string) {
	s, err := store.Folder(dir)
	if err != nil {
		panic(err)
	}
	d, err := s.Create(context.Background(), "x.csv")
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(d, "half a file")
	fmt.Println("writing")
	select {}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) (s, again store.Store) {
		dir := filepath.Join(t.TempDir(), "not", "made", "yet")
		return folder(t, dir), folder(t, dir)
	})
}

func folder(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKilledWriterLeavesOnlyWhatASweepRemoves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := folder(t, dir)
	kill := startWriter(t, dir)
	if n, err := s.CleanDrafts(t.Context()); n != 0 || err != nil {
		t.Errorf("while it lives: swept %d, %v", n, err)
	}
	kill()
	if keys := storetest.Keys(t, s); len(keys) != 0 {
		t.Errorf("to be found after the kill: %q", keys)
	}
	if n, err := s.CleanDrafts(t.Context()); n != 1 || err != nil {
		t.Errorf("after the kill: swept %d, %v, want 1", n, err)
	}
	left, err := os.ReadDir(filepath.Join(dir, ".drafts"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func startWriter(t *testing.T, dir string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), writerEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "writing\n" {
		t.Fatalf("the writer said %q, %v", line, err)
	}
	return kill
}

func TestLinksDoNotLeadOut(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "x.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := folder(t, dir).Open(t.Context(), "x.csv"); err == nil {
		t.Error("opened a link that leads out of the store")
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := map[string]struct{ address, want, wantError string }{
		"unset":            {address: "", want: filepath.Join(dir, "default")},
		"a path":           {address: filepath.Join(dir, "a b"), want: filepath.Join(dir, "a b")},
		"a file address":   {address: "file://" + dir + "/c%20d", want: filepath.Join(dir, "c d")},
		"this machine":     {address: "file://localhost" + dir + "/e", want: filepath.Join(dir, "e")},
		"another machine":  {address: "file://elsewhere/e", wantError: "three slashes"},
		"two slashes":      {address: "file://exports", wantError: "three slashes"},
		"an object store":  {address: "s3://key:secret@bucket", want: "s3://s3.amazonaws.com/bucket"},
		"an unknown store": {address: "ftp://host/x", wantError: "ftp:// is no kind of store"},
		"a file":           {address: "/dev/null/x", wantError: "EXPORT_STORE_URL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(test.address, filepath.Join(dir, "default"))
			if test.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantError) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %v, want one with %q and no secret", err, test.wantError)
				}
				if run.ExitStatus(err) != 2 {
					t.Errorf("exit status %d, want 2", run.ExitStatus(err))
				}
				return
			}
			if err != nil || s.String() != test.want {
				t.Errorf("store %v, %v, want %s", s, err, test.want)
			}
		})
	}
}
