package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/export"
	"cpd-jobs/reports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/selection"
)

type reportsExportCommand struct {
	Name          string    `arg:"" help:"The report's name."`
	Format        []string  `help:"xlsx, ods, csv, csv-excel or parquet; may be repeated (xlsx and csv)."`
	Where         []string  `placeholder:"COLUMN=VALUE" sep:"none" help:"Only rows with this value, nothing for rows without one; may be repeated, for any of several values too. COLUMN.not, COLUMN.from and COLUMN.to compare."`
	Search        string    `placeholder:"WORDS" help:"Only rows whose name has these words, or whose postcode or key begins so."`
	Columns       []string  `help:"Only these columns, in this order."`
	Sort          string    `placeholder:"COLUMN" help:"Order the rows by this column; with a hyphen in front the other way round (--sort=-name)."`
	AsOf          time.Time `placeholder:"T" help:"As the report was at this instant, or with data as at exactly this instant (RFC 3339)."`
	NoCharts      bool      `help:"Leave the charts out of a workbook."`
	FreezePanes   bool      `help:"Keep a workbook's headings in view."`
	FilterButtons bool      `help:"Put a filter button on each heading of a workbook."`
	Raw           bool      `help:"Write CSV with every text exactly as it is, for programs: a spreadsheet may run some as formulas."`
	Out           string    `placeholder:"FILE" help:"Copy the file here as well; - writes it to standard output. Of one format: that of FILE's ending, csv for -."`
	DryRun        bool      `help:"Write and check the files, and publish nothing."`
	Local         bool      `help:"Do it in this process, with no worker anywhere."`
	JSON          bool      `name:"json" help:"Print the finished job as JSON."`
}

func (c reportsExportCommand) Run(ctx context.Context, a *session) error {
	if c.Out != "" {
		if err := c.oneFormat(); err != nil {
			return err
		}
	}
	if err := c.mayExport(ctx, a); err != nil {
		return err
	}
	args, err := c.args()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	job := runCommand{jobFlags: jobFlags{Kind: "report_export", Args: string(raw)}, DryRun: c.DryRun, Local: c.Local, JSON: c.JSON}
	if c.Out == "" {
		return job.Run(ctx, a)
	}
	files, err := job.files(ctx, a)
	if err != nil {
		return err
	}
	return a.download(ctx, files[0].ID, c.Out)
}

// mayExport keeps a restricted report from those who could not read it: a worker, which can, would do it for them.
func (c reportsExportCommand) mayExport(ctx context.Context, a *session) error {
	def, err := reports.Find(c.Name)
	if err != nil {
		return err
	}
	return export.MayRead(ctx, a.pool, def)
}

// args are what was said, and nothing else: the job has defaults of its own.
func (c reportsExportCommand) args() (map[string]any, error) {
	args := map[string]any{"report": c.Name}
	for name, said := range map[string]bool{"freeze_panes": c.FreezePanes, "filter_buttons": c.FilterButtons, "raw": c.Raw} {
		if said {
			args[name] = true
		}
	}
	if c.NoCharts {
		args["charts"] = false
	}
	if len(c.Format) > 0 {
		args["formats"] = c.Format
	}
	if len(c.Where) > 0 {
		where, err := selection.ParseFlags(c.Where)
		if err != nil {
			return nil, err
		}
		args["where"] = where
	}
	for name, said := range map[string]string{"search": c.Search, "sort": c.Sort} {
		if said != "" {
			args[name] = said
		}
	}
	if len(c.Columns) > 0 {
		args["columns"] = c.Columns
	}
	if !c.AsOf.IsZero() {
		args["as_of"] = c.AsOf
	}
	return args, nil
}

// oneFormat makes sure that there is one file to copy.
func (c *reportsExportCommand) oneFormat() error {
	if c.DryRun || c.JSON {
		return run.Invalid("leave --out or the other out", "--out copies a file, and goes neither with --dry-run nor with --json")
	}
	if len(c.Format) == 0 {
		c.Format = []string{formatOf(c.Out)}
	}
	if len(c.Format) > 1 || c.Format[0] == "" {
		return run.Invalid("say --format once", "--out %s takes a file of one format", c.Out)
	}
	return nil
}

// formatOf is the format that a name ends in, "" for none.
func formatOf(name string) string {
	if name == "-" {
		return "csv"
	}
	ending := strings.TrimPrefix(filepath.Ext(strings.TrimSuffix(strings.ToLower(name), ".zip")), ".")
	if !slices.Contains(format.Names(), ending) {
		return ""
	}
	return ending
}

// files does the job of an export and gives the files that there then are.
func (c runCommand) files(ctx context.Context, a *session) ([]export.File, error) {
	request, err := a.request(c.jobFlags)
	if err != nil {
		return nil, err
	}
	if c.Local {
		outcome, err := c.local(ctx, a, request)
		if err != nil {
			return nil, err
		}
		return filesOf(outcome.Summary)
	}
	job, err := c.followed(ctx, a, request)
	if err == nil {
		err = ended(job)
	}
	if err != nil {
		return nil, err
	}
	var outcome struct {
		Summary export.Summary `json:"summary"`
	}
	if err := json.Unmarshal(job.Result, &outcome); err != nil {
		return nil, fmt.Errorf("read the result of job %d: %w", job.ID, err)
	}
	return filesOf(outcome.Summary)
}

func filesOf(summary any) ([]export.File, error) {
	s, ok := summary.(export.Summary)
	if !ok || len(s.Files) == 0 {
		return nil, errors.New("the export left no file")
	}
	return s.Files, nil
}
