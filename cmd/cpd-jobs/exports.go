package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/exports"
)

type exportsCommand struct {
	List     exportsListCommand     `cmd:"" help:"List exported files, newest first."`
	Download exportsDownloadCommand `cmd:"" help:"Copy an exported file to this machine."`
}

type exportsListCommand struct {
	Report string `help:"Only of this report."`
	Limit  int    `default:"50" help:"At most so many."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (c exportsListCommand) Run(ctx context.Context, a *app) error {
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	list, err := exports.List(ctx, pool, c.Report, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"exports": list})
	}
	t := newTable("id", "report", "version", "format", "name", "rows", "size", "created", "sha256")
	for _, e := range list {
		t.row(e.ID, e.Report, e.Version, e.Format, e.Name, e.Rows, e.Size, e.CreatedAt, e.SHA256[:12])
	}
	return t.print(a.stdout)
}

type exportsDownloadCommand struct {
	ID  int64  `arg:"" help:"The export's id, from exports list."`
	Out string `placeholder:"FILE" help:"Where to write it; - for standard output (its own name, here)."`
}

func (c exportsDownloadCommand) Run(ctx context.Context, a *app) (err error) {
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	e, err := exports.Find(ctx, pool, c.ID)
	if errors.Is(err, exports.ErrNone) {
		return run.Reject("cpd-jobs exports list shows them", "no export has the id %d", c.ID)
	}
	if err != nil {
		return err
	}
	files, err := a.store()
	if err != nil {
		return err
	}
	from, err := files.Open(ctx, e.Key)
	if err != nil {
		return fmt.Errorf("open %s in the store: %w", e.Key, err)
	}
	defer func() { _ = from.Close() }()
	if c.Out == "-" {
		_, err = io.Copy(a.stdout, from)
		return err
	}
	return writeNew(or(c.Out, e.Name), from, a)
}

// writeNew writes a file that does not exist yet, whole or not at all.
func writeNew(name string, from io.Reader, a *app) error {
	to, err := os.CreateTemp(filepath.Dir(name), ".cpd-jobs-*")
	if err != nil {
		return run.Reject("choose another place with --out", "write %s: %w", name, err)
	}
	defer func() { _ = os.Remove(to.Name()) }()
	if _, err := io.Copy(to, from); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), to.Close())
	}
	if err := to.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Link(to.Name(), name); err != nil {
		return run.Reject("choose another name with --out", "write %s: %w", name, err)
	}
	_, err = fmt.Fprintln(a.stdout, name)
	return err
}
