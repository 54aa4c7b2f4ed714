package archtest

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const loopsPage = "docs/decisions/0040-a-unit-for-every-loop.md"

// TestEveryLoopHasItsUnit: a function that goes round and waits works on units, and the decision says what becomes of a
// poisoned one and which test shows it. A new loop without a row fails here, and so does a row of a loop that is gone or
// of a test that there is not.
func TestEveryLoopHasItsUnit(t *testing.T) {
	t.Parallel()
	rows := loopRows(t)
	files := sources(t)
	helpers := helperFolders(files)
	loops, functions := map[string]bool{}, map[string]bool{}
	for path, file := range files {
		if helpers[filepath.Dir(path)] || within(path, "internal/testing") || within(path, "internal/demo") {
			continue
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			name := filepath.Base(filepath.Dir(path)) + "." + f.Name.Name
			functions[name] = true
			if goesRoundAndWaits(f.Body) {
				loops[name] = true
			}
		}
	}
	if len(loops) < 10 {
		t.Fatalf("found %d loops, which cannot be all", len(loops))
	}
	tests := testNames(t)
	for loop := range loops {
		if _, ok := rows[loop]; !ok {
			t.Errorf("%s goes round and waits: say in %s what its unit is and what becomes of a poisoned one", loop, loopsPage)
		}
	}
	for name, guards := range rows {
		if !functions[name] {
			t.Errorf("%s has a row for %s, which there is not", loopsPage, name)
		}
		if len(guards) == 0 {
			t.Errorf("the row of %s names no test", name)
		}
		for _, guard := range guards {
			if !tests[guard] && !strings.HasPrefix(guard, "none: ") {
				t.Errorf("the row of %s names %s, which there is not", name, guard)
			}
		}
	}
}

// goesRoundAndWaits finds a for statement that waits for time to pass: through package clock, a ticker or a timer.
func goesRoundAndWaits(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		loop, ok := n.(*ast.ForStmt)
		if !ok {
			return true
		}
		ast.Inspect(loop, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok {
					found = found || s.Sel.Name == "sleep" || s.Sel.Name == "Wait" && isIdent(s.X, "clock")
				}
				found = found || timeCall(n) == "After" || timeCall(n) == "Sleep"
			case *ast.UnaryExpr:
				if s, ok := n.X.(*ast.SelectorExpr); ok && n.Op == token.ARROW && s.Sel.Name == "C" {
					found = true
				}
			}
			return !found
		})
		return !found
	})
	return found
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// loopRows reads the decision's table: each loop with the tests that guard it, or the reason for none.
func loopRows(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, loopsPage))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || !strings.Contains(cells[0], "`") {
			continue
		}
		guards := []string{}
		for _, word := range quoted(cells[4]) {
			if strings.HasPrefix(word, "Test") {
				guards = append(guards, word)
			}
		}
		if reason := strings.TrimSpace(cells[4]); strings.HasPrefix(reason, "none: ") {
			guards = append(guards, reason)
		}
		for _, loop := range quoted(cells[0]) {
			rows[loop] = guards
		}
	}
	return rows
}

// quoted are the parts of a text between backticks.
func quoted(text string) (words []string) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			words = append(words, part)
		}
	}
	return words
}

// testNames are the tests of all packages.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, file := range parsed(t, true) {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
