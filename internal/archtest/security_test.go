package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPromisesAreHeldByTests: each test that docs/security.md names exists, and each threat there names one.
func TestPromisesAreHeldByTests(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
			declared[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	threats := regexp.MustCompile(`(?m)^\| [STRIDE] \|.*$`).FindAllString(string(text), -1)
	for _, threat := range threats {
		names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(threat, -1)
		if len(names) == 0 {
			t.Errorf("no test holds: %s", threat)
		}
		for _, name := range names {
			if !declared[name[1]] {
				t.Errorf("there is no %s", name[1])
			}
		}
	}
	if len(threats) < 15 {
		t.Errorf("%d threats, which cannot be all", len(threats))
	}
}
