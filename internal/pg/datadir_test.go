package pg

import (
	"os"
	"path/filepath"
	"testing"
)

// Two processes that start at once where nothing is yet: neither finds the other's folder half made, as root's.
func TestTwoMakeTheFolderAtOnce(t *testing.T) {
	t.Parallel()
	who, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	base, err := os.MkdirTemp("", "cpd-jobs-home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		d := newDataDir(filepath.Join(base, "data"), who)
		errs := make(chan error, 2)
		for range cap(errs) {
			go func() { errs <- d.make() }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		left, err := os.ReadDir(filepath.Dir(d.dir))
		if err != nil || len(left) != 1 {
			t.Fatalf("the data directory holds %v (%v), want one folder", left, err)
		}
		if err := os.RemoveAll(d.dir); err != nil {
			t.Fatal(err)
		}
	}
}
