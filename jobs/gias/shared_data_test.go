package gias_test

import (
	"os"
	"path/filepath"
	"testing"
)

// sharedData is the folder of public data beside the repository. Tests that need it skip where it is not there.
func sharedData(t testing.TB, path ...string) string {
	t.Helper()
	full := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, path...)...)
	if _, err := os.Stat(full); err != nil {
		t.Skipf("skipped: %s is not there", full)
	}
	return full
}
