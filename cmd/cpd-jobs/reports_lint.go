package main

import (
	"fmt"
	"os"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/lint"
)

type reportsLintCommand struct {
	File string `arg:"" type:"path" help:"An XLSX or ODS file."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c reportsLintCommand) Run(a *console) error {
	f, err := os.Open(c.File)
	if err != nil {
		return run.Invalid("give a file that exists and can be read", "open the spreadsheet: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	findings, err := lint.Check(f, info.Size(), c.File)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(a.stdout, map[string]any{"findings": findings})
	} else {
		for _, x := range findings {
			fmt.Fprintln(a.stdout, x)
		}
		if len(findings) == 0 {
			fmt.Fprintf(a.stderr, "%s holds to the checklist\n", c.File)
		}
	}
	if n := len(lint.EssentialOf(findings)); err == nil && n > 0 {
		return run.Blocked("", "%d essential findings in %s", n, c.File)
	}
	return err
}
