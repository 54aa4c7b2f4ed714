package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/export"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
)

type exportsCommand struct {
	List       exportsListCommand       `cmd:"" help:"List exported files, newest first."`
	Download   exportsDownloadCommand   `cmd:"" help:"Copy an exported file to this machine."`
	Verify     exportsVerifyCommand     `cmd:"" help:"Read files in the store and compare them with what was recorded when they were made."`
	Prune      exportsPruneCommand      `cmd:"" help:"Delete files that need not be kept."`
	Passphrase exportsPassphraseCommand `cmd:"" help:"Make a passphrase for EXPORT_PASSPHRASE, which is shown once and kept nowhere."`
}

type exportsListCommand struct {
	Report string `help:"Only of this report."`
	Limit  int    `default:"50" help:"At most this many."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (c exportsListCommand) Run(ctx context.Context, a *session) error {
	list, err := exports.List(ctx, a.pool, c.Report, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"exports": list})
	}
	t := newTable("id", "report", "version", "format", "name", "rows", "size", "created", "expires", "sha256")
	for _, e := range list {
		t.row(e.ID, e.Report, e.Version, e.Format, e.Name, e.Rows, e.Size, e.CreatedAt, e.ExpiresAt, e.SHA256[:12])
	}
	return t.print(a.stdout)
}

type exportsDownloadCommand struct {
	ID  int64  `arg:"" help:"The export's id, from exports list."`
	Out string `placeholder:"FILE" help:"Where to write it; - for standard output (its own name, here)."`
}

func (c exportsDownloadCommand) Run(ctx context.Context, a *session) error {
	return a.download(ctx, c.ID, c.Out)
}

// findExport finds an export for a person who names it by its id.
func findExport(ctx context.Context, pool *pgxpool.Pool, id int64) (exports.Export, error) {
	e, err := exports.Find(ctx, pool, id)
	if errors.Is(err, exports.ErrNone) {
		return e, run.Invalid("cpd-jobs exports list shows them", "no export has the id %d", id)
	}
	return e, err
}

// download copies an export's file out of the store, for those who may see the report. It is in the audit.
func (a *session) download(ctx context.Context, id int64, out string) error {
	e, err := findExport(ctx, a.pool, id)
	if err != nil {
		return err
	}
	return a.audited(ctx, "download", fmt.Sprintf("export %d", e.ID), map[string]any{"name": e.Name}, func() error {
		if def, err := reports.Find(e.Report); err == nil {
			if err := export.MayRead(ctx, a.pool, def); err != nil {
				return err
			}
		}
		return a.copyOut(ctx, e, out)
	})
}

// audited does what a person at a terminal asks for, and records it.
func (a *session) audited(ctx context.Context, action, target string, detail any, do func() error) error {
	return access.Audited(ctx, a.pool, access.Event{Visitor: access.AtTerminal(person()), Action: action, Target: target, Detail: detail}, do)
}

func (a *session) copyOut(ctx context.Context, e exports.Export, out string) error {
	if out == "-" {
		return exports.Copy(ctx, a.files, e, a.stdout)
	}
	if e.Encrypted && out != "" && !strings.HasSuffix(out, ".zip") {
		return run.Invalid("end its name in .zip", "%s is an encrypted zip: as %s no program would open it", e.Name, out)
	}
	return a.writeNew(cmp.Or(out, e.Name), func(to io.Writer) error { return exports.Copy(ctx, a.files, e, to) })
}

// writeNew writes a file that does not exist yet, whole or not at all.
func (a *console) writeNew(name string, write func(io.Writer) error) error {
	to, err := os.CreateTemp(filepath.Dir(name), ".cpd-jobs-*")
	if err != nil {
		return run.Invalid("choose another place with --out", "write %s: %w", name, err)
	}
	defer func() { _ = os.Remove(to.Name()) }()
	if err := write(to); err != nil {
		return errors.Join(err, to.Close())
	}
	if err := to.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Link(to.Name(), name); err != nil {
		return run.Invalid("choose another name with --out", "write %s: %w", name, err)
	}
	_, err = fmt.Fprintln(a.stdout, name)
	return err
}
