package demo

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cpd-jobs/internal/run"
)

// RegisterOptions say how to write the register of a made-up country.
type RegisterOptions struct {
	Options
	Dialect Dialect // the zero value means Dialect2025
	// Zip also packs the files into extract.zip, as the register's extract service sends them.
	Zip bool
}

// RegisterFiles are the files that WriteRegister left, with their records.
type RegisterFiles struct {
	Establishments, Links string // paths
	Extract               string // path of the zip, "" without one
	Schools, LinkRows     int
}

const (
	establishmentsFile = "ecf_tech.csv"
	linksFile          = "links.csv"
	extractFile        = "extract.zip"
)

// WriteRegister writes ecf_tech.csv and links.csv into dir: the register of the same made-up country as [Source]
// makes from the same options, with closed predecessors and, for at most one school in 200, what the service has not
// caught up with. Each file is complete or not there.
func WriteRegister(ctx context.Context, dir string, o RegisterOptions) (RegisterFiles, error) {
	w, err := madeUpWorld(o.Options)
	if err != nil {
		return RegisterFiles{}, err
	}
	l := o.Dialect
	if l == (Dialect{}) {
		l = Dialect2025
	}
	files := RegisterFiles{Establishments: filepath.Join(dir, establishmentsFile), Links: filepath.Join(dir, linksFile)}
	err = writeFile(files.Establishments, func(out io.Writer) error {
		files.Schools, err = w.writeEstablishments(ctx, out, &l)
		return err
	})
	if err != nil {
		return RegisterFiles{}, err
	}
	err = writeFile(files.Links, func(out io.Writer) error {
		files.LinkRows, err = w.writeLinks(ctx, out, &l)
		return err
	})
	if err != nil {
		return RegisterFiles{}, err
	}
	if o.Zip {
		files.Extract = filepath.Join(dir, extractFile)
		err = writeFile(files.Extract, func(out io.Writer) error { return w.writeExtract(ctx, out, &l) })
	}
	return files, err
}

// madeUpWorld is a world without a register of its own.
func madeUpWorld(o Options) (*world, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	if o.Register != nil {
		return nil, run.Invalid("use the register's own files", "a register cannot be made up beside a given one")
	}
	return newWorld(o)
}

func (w *world) writeEstablishments(ctx context.Context, out io.Writer, l *Dialect) (int, error) {
	lines := newLineWriter(out, l, registerHeader)
	err := w.eachInRegister(func(s School) error {
		lines.write(w.registerRow(&s, l))
		return ctx.Err()
	})
	if err != nil {
		return 0, err
	}
	return lines.flush(false)
}

func (w *world) writeLinks(ctx context.Context, out io.Writer, l *Dialect) (int, error) {
	lines := newLineWriter(out, l, linksHeader)
	err := w.eachInRegister(func(s School) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.eachLink(&s, l, func(fields []string) error {
			lines.write(fields)
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	return lines.flush(l.openEnd)
}

// writeExtract packs the extract's four files; the two about groups of schools have no rows.
func (w *world) writeExtract(ctx context.Context, out io.Writer, l *Dialect) error {
	z := zip.NewWriter(out)
	for _, entry := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{establishmentsFile, func(f io.Writer) error { _, err := w.writeEstablishments(ctx, f, l); return err }},
		{"groupLinks.csv", func(f io.Writer) error { return headerOnly(f, l, "URN,Linked UID,Group Name,Group Type,Joined date") }},
		{"groups.csv", func(f io.Writer) error { return headerOnly(f, l, "UID,Group Name,Group Type,Status") }},
		{linksFile, func(f io.Writer) error { _, err := w.writeLinks(ctx, f, l); return err }},
	} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: entry.name, Method: zip.Deflate, Modified: w.asOf.Go()})
		if err != nil {
			return err
		}
		if err := entry.write(f); err != nil {
			return err
		}
	}
	return z.Close()
}

func headerOnly(out io.Writer, l *Dialect, header string) error {
	_, err := newLineWriter(out, l, strings.Split(header, ",")).flush(false)
	return err
}

// writeFile writes path through a temporary file beside it.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return run.Invalid("give a folder that can be written", "make a folder for %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return run.Invalid("give a folder that can be written", "write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
