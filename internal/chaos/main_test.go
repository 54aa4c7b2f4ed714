// Package chaos kills, freezes and cuts off real workers on a real PostgreSQL, and looks what becomes of their jobs. It is
// tests alone. CHAOS=full, as `make chaos` sets it, makes the long ones long.
package chaos

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// full says that there is time.
var full = os.Getenv("CHAOS") == "full"

// built is the folder of the program under test.
var built string

func TestMain(m *testing.M) {
	if dir := os.Getenv(watchVariable); dir != "" {
		if err := beWatcher(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if text := os.Getenv(mortalVariable); text != "" {
		if err := beMortal(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // these tests wait more than they work
	dir, err := os.MkdirTemp("", "cpd-jobs-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// program builds cpd-jobs once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "cpd-jobs")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "cpd-jobs/cmd/cpd-jobs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(strings.TrimSpace(string(out)))
	}
	return path, nil
})
