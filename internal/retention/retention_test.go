package retention

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"time"
)

// The page for people has a row for each constant, with the same period.
func TestPageSaysHowLong(t *testing.T) {
	t.Parallel()
	periods := map[string]time.Duration{
		"FinishedJobs": FinishedJobs, "History": History, "Logs": Logs, "Probes": Probes, "Workers": Workers, "Ticks": Ticks,
		"Incidents": Incidents, "SourceFindings": SourceFindings, "Audit": Audit, "EndedTokens": EndedTokens,
		"EndedSessions": EndedSessions, "Versions": Versions, "Files": Files, "UnrecordedFiles": UnrecordedFiles,
		"TokenLife": TokenLife, "ShareLinkLife": ShareLinkLife, "CookieChoice": CookieChoice,
	}
	rows := map[string]string{"FilesKept": fmt.Sprintf("%d files", FilesKept)}
	for name, d := range periods {
		switch {
		case d == Day:
			rows[name] = "1 day"
		case d%Day == 0:
			rows[name] = fmt.Sprintf("%d days", d/Day)
		default:
			rows[name] = fmt.Sprintf("%.0f minutes", d.Minutes())
		}
	}
	page, err := os.ReadFile("../../docs/retention.md")
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "retention.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && spec.Names[0].Name != "Day" {
			name := spec.Names[0].Name
			if row := fmt.Sprintf("| `%s` | %s |", name, rows[name]); rows[name] == "" || !strings.Contains(string(page), row) {
				t.Errorf("docs/retention.md has no row with %q", row)
			}
		}
		return true
	})
}
