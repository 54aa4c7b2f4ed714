package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ourPath is a path of this module between backticks: `queue/schedule`, `jobs/schedules.yml`.
var ourPath = regexp.MustCompile("`((?:cmd|web|jobs|queue|reports|internal|migrations|docs|deploy)/[\\w./-]+)`")

// TestDocsNameWhatExists: a page that names a file or folder which has moved sends its reader nowhere. The guides on
// adding things name what their reader is about to make.
func TestDocsNameWhatExists(t *testing.T) {
	t.Parallel()
	seen := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(path, ".") && path != "."
		switch {
		case err == nil && entry.IsDir() && hidden:
			return fs.SkipDir
		case err != nil || !strings.HasSuffix(path, ".md") || strings.HasPrefix(path, "docs/guides/add-"):
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		for _, name := range missingPaths(string(text)) {
			t.Errorf("%s names `%s`, which does not exist", path, name)
		}
		seen += len(ourPath.FindAllString(string(text), -1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 10 {
		t.Errorf("found %d paths in the docs, which cannot be all", seen)
	}
}

// TestMissingPathsAreNoticed shows that the rule above can fail.
func TestMissingPathsAreNoticed(t *testing.T) {
	t.Parallel()
	got := missingPaths("`queue/schedule` and `jobs/schedules.yml` exist, `queue/gone.go` does not, nor does queue/unquoted")
	if len(got) != 1 || got[0] != "queue/gone.go" {
		t.Errorf("missing: %q, want queue/gone.go alone", got)
	}
}

func missingPaths(text string) (missing []string) {
	for _, found := range ourPath.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, found[1])); err != nil {
			missing = append(missing, found[1])
		}
	}
	return missing
}
