package main

import (
	"context"
	"fmt"
	"os"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/lint"
	"cpd-jobs/reports/refresh"
)

type reportsNewCommand struct {
	Name string `arg:"" help:"The report's name: small letters, digits and _."`
	Dir  string `default:"reports" type:"path" help:"The checkout's folder of reports."`
}

func (c reportsNewCommand) Run(a *console) error {
	files, err := definition.New(c.Dir, c.Name)
	for _, f := range files {
		fmt.Fprintln(a.stdout, f)
	}
	return err
}

type reportsCheckCommand struct {
	Name string `arg:"" optional:"" help:"One report (all)."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c reportsCheckCommand) Run(ctx context.Context, a *session) error {
	list := reports.All()
	if c.Name != "" {
		d, err := reports.Find(c.Name)
		if err != nil {
			return err
		}
		list = []*definition.Definition{d}
	}
	tried := make([]refresh.Validation, len(list))
	wrong := 0
	for i, d := range list {
		var err error
		if tried[i], err = refresh.Validate(ctx, a.pool, d, refresh.ValidateOptions{}); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		wrong += len(tried[i].Problems)
		if !c.JSON {
			fmt.Fprintf(a.stdout, "%s: %d rows in %.1f s, %d problems\n", d.Name, tried[i].Rows, tried[i].Seconds, len(tried[i].Problems))
			for _, p := range tried[i].Problems {
				fmt.Fprintf(a.stdout, "  %s\n", p)
			}
		}
	}
	if c.JSON {
		if err := printJSON(a.stdout, map[string]any{"reports": tried}); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return run.Blocked("correct the definition and check again", "%d problems found", wrong)
	}
	return nil
}

type reportsRefreshCommand struct {
	Name   string `arg:"" help:"The report's name."`
	DryRun bool   `help:"Say what would change, and change nothing."`
	Local  bool   `help:"Do it in this process, with no worker anywhere."`
	JSON   bool   `name:"json" help:"Print the finished job as JSON."`
}

func (c reportsRefreshCommand) Run(ctx context.Context, a *session) error {
	return runCommand{jobFlags: jobFlags{Kind: "report_refresh", Arg: map[string]string{"report": c.Name}}, DryRun: c.DryRun, Local: c.Local, JSON: c.JSON}.Run(ctx, a)
}

type reportsDocsCommand struct {
	Dir string `default:"docs/reports" type:"path" help:"Where to write it."`
}

func (c reportsDocsCommand) Run(a *console) error {
	files, err := definition.WriteDictionary(c.Dir, reports.All())
	for _, f := range files {
		fmt.Fprintln(a.stdout, f)
	}
	return err
}

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
