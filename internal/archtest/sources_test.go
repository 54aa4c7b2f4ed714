package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// TestTimeIsAskedForInOnePlace: what a job does must depend on the instant that it was given, so that a test or a
// rerun can give another. Wiring may look at the clock, and so may what measures or waits through package clock.
func TestTimeIsAskedForInOnePlace(t *testing.T) {
	t.Parallel()
	files, seen := sources(t), 0
	helpers := helperFolders(files)
	for path, file := range files {
		if within(path, "cmd") || within(path, "internal/clock") || within(path, "internal/testing") || helpers[filepath.Dir(path)] {
			continue
		}
		seen++
		ast.Inspect(file, func(n ast.Node) bool {
			if call := timeCall(n); slices.Contains([]string{"Now", "Since", "Until"}, call) {
				t.Errorf("%s calls time.%s; take now, or a clock.Now", path, call)
			}
			return true
		})
	}
	if seen < 10 {
		t.Errorf("looked into %d files, which cannot be all", seen)
	}
}

// TestDependenciesAreDecided: a module that the sources import is named in the decision on dependencies.
func TestDependenciesAreDecided(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs", "decisions", "0002-dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	decided := strings.FieldsFunc(string(text), func(r rune) bool { return strings.ContainsRune("` ,|\n", r) })
	missing := map[string]string{}
	for path, file := range sources(t) {
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			host, _, _ := strings.Cut(imported, "/")
			covers := func(module string) bool { return within(imported, module) }
			if strings.Contains(host, ".") && !slices.ContainsFunc(decided, covers) {
				missing[imported] = path
			}
		}
	}
	for imported, path := range missing {
		t.Errorf("%s imports %s, which docs/decisions/0002-dependencies.md does not name", path, imported)
	}
}

// sources are the parsed files of the module, without tests, by their paths below its root.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	return parsed(t, false)
}

// parsed are the files of the product, or those of its tests, by path.
func parsed(t *testing.T, tests bool) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, room := range rooms {
		if strings.Contains(room.path, "/") {
			continue // a part of another room
		}
		err := fs.WalkDir(os.DirFS(root), room.path, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != tests {
				return err
			}
			files[path], err = parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.SkipObjectResolution)
			return err
		})
		if err != nil {
			t.Fatalf("read the sources: %v", err)
		}
	}
	return files
}

// helperFolders hold packages that are for tests alone.
func helperFolders(files map[string]*ast.File) map[string]bool {
	isTesting := func(s *ast.ImportSpec) bool { return s.Path.Value == `"testing"` }
	folders := map[string]bool{}
	for path, file := range files {
		if slices.ContainsFunc(file.Imports, isTesting) {
			folders[filepath.Dir(path)] = true
		}
	}
	return folders
}

// timeCall is the function of package time that n mentions, "" if none.
func timeCall(n ast.Node) string {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := selector.X.(*ast.Ident); !ok || x.Name != "time" {
		return ""
	}
	return selector.Sel.Name
}
