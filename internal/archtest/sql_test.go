package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestWebHasNoSQL: each query stands with the tables that it reads, in the package that owns them.
func TestWebHasNoSQL(t *testing.T) {
	t.Parallel()
	seen := 0
	for path, file := range sources(t) {
		if !within(path, "web") {
			continue
		}
		seen++
		for _, found := range sqlIn(file) {
			t.Errorf("%s has %s: move the query to the package that owns the tables", path, found)
		}
	}
	if seen < 10 {
		t.Errorf("looked into %d files, which cannot be all", seen)
	}
}

// TestSQLIsNoticed shows that the rule above can fail.
func TestSQLIsNoticed(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`db.Query(ctx, text)`:                              true,
		`s.DB.QueryRow(ctx, text, id).Scan(&n)`:            true,
		`tx.Exec(r.Context(), text)`:                       true,
		`run("SELECT 1")`:                                  true,
		"run(`\n\tselect name from queue.tokens`)":         true,
		`run("INSERT INTO queue.audit (actor) VALUES ")`:   true,
		`run("update queue.tokens set name = $1")`:         true,
		`run("DELETE FROM " + table)`:                      true,
		`run("WITH a AS (SELECT 1) SELECT 2")`:             true,
		`r.URL.Query().Get("schools")`:                     false,
		`run("Select yes or no")`:                          false,
		`run("Updates come with each refresh")`:            false,
		`run("With personal data")`:                        false,
		`run("delete this file from the store?")`:          false,
		`versions.List(ctx, s.DB, "school_onboarding", 1)`: false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() {\n"+line+"\n}\n", parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := sqlIn(file); (len(got) > 0) != want {
			t.Errorf("%s: noticed %v, want any %t", line, got, want)
		}
	}
}

// statement is how SQL begins; sentences for people do not.
var statement = regexp.MustCompile(`(?s)^\s*(SELECT\b|(?i:select\b.*\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\())`)

// sqlIn has a line for each call that sends SQL and each text that is SQL.
func sqlIn(file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			call, ok := n.Fun.(*ast.SelectorExpr)
			if ok && len(n.Args) > 1 && slices.Contains([]string{"Query", "QueryRow", "Exec", "CopyFrom", "Queue"}, call.Sel.Name) {
				found = append(found, "a call of "+call.Sel.Name)
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(n.Value); err == nil && statement.MatchString(text) {
				found = append(found, "SQL: "+strings.Join(strings.Fields(text), " "))
			}
		}
		return true
	})
	return found
}
