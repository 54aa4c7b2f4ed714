package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/encryptedzip"
	demojobs "cpd-jobs/jobs/demo"
)

// What an analyst and an operator do with files at a terminal, on one data directory.
func TestFilesAtATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.ok("demo", "--schools", "150", "--seed", "7", "--as-of", "2026-11-22T06:10:00Z", "--no-serve")
	p.keep()

	piped := p.ok("reports", "export", demojobs.Report, "--local", "--where", "region_name=London", "--columns", "urn,name", "--out", "-").stdout
	if lines := strings.Split(piped, "\r\n"); lines[0] != "urn,name" || len(lines) < 3 {
		t.Errorf("standard output has %q, want the CSV file and nothing else", piped)
	}
	file := filepath.Join(t.TempDir(), "report.xlsx")
	if said := p.ok("reports", "export", demojobs.Report, "--local", "--no-charts", "--out", file).stdout; strings.TrimSpace(said) != file {
		t.Errorf("it says %q, want the name of the file", said)
	}
	p.ok("reports", "lint", file)
	p.fails(2, "exists", "reports", "export", demojobs.Report, "--local", "--no-charts", "--out", file)
	p.fails(2, "one format", "reports", "export", demojobs.Report, "--local", "--out", "report.doc")
	p.fails(2, "had no version then", "reports", "export", demojobs.Report, "--local", "--as-of", "2001-01-01T00:00:00Z")

	p.ok("exports", "verify", "--all")
	p.fails(2, "ids, or --all", "exports", "verify")
	p.fails(2, "no export has the id 99", "exports", "verify", "99")
	list := p.json("exports", "exports", "list")
	if err := os.Truncate(filepath.Join(p.dir, "exports", list[0]["name"].(string)), 10); err != nil {
		t.Fatal(err)
	}
	p.fails(1, "1 of 4 exported files", "exports", "verify", "--all")

	if would := p.json("exports", "exports", "prune", "--keep", "0", "--older-than", "0s", "--dry-run"); len(would) != 2 {
		t.Errorf("%d files would be deleted, want the part and the workbook without charts", len(would))
	}
	p.ok("exports", "prune", "--keep", "0", "--older-than", "0s")
	if left := p.json("exports", "exports", "list"); len(left) != 2 {
		t.Errorf("%d files are left, want the newest of both formats", len(left))
	}
	p.fails(2, "no age such as", "exports", "prune", "--older-than", "soon")

	one, other := p.ok("exports", "passphrase").stdout, p.ok("exports", "passphrase").stdout
	if err := encryptedzip.CheckPassphrase(strings.TrimSpace(one)); err != nil || one == other {
		t.Errorf("passphrases %q and %q, %v", one, other, err)
	}
}
