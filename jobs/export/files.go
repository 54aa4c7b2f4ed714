package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"cpd-jobs/internal/encryptedzip"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/lint"
	"cpd-jobs/reports/store"
	"cpd-jobs/reports/table"
)

// file is one file in the making.
type file struct {
	order
	name     string               // in the store
	archive  *encryptedzip.Writer // nil for a file in clear
	draft    store.Draft
	sidecars []sidecarDraft
	writer   format.Writer
	hash     hash.Hash
	size     int64
	sha256   string
	coerced  int64
	sum      *table.Sum // of the rows as the file holds them, nil where they are the table's
	lint     []lint.Finding
	closed   bool
}

type sidecarDraft struct {
	key   string
	draft store.Draft
}

// order says what file to make.
type order struct {
	plain  string // its name; an encrypted one's own name goes on
	format format.Format
	doc    table.Document
	// passphrase is what encrypts it, "" for a file in clear.
	passphrase string
	// personal says that nothing of its content may be told elsewhere.
	personal bool
}

func beginFile(ctx context.Context, s store.Store, o order, summaries []table.Summary) (*file, error) {
	f := &file{order: o, name: o.plain, hash: sha256.New()}
	if o.passphrase != "" {
		f.name += sealedEnding
	}
	draft, err := s.Create(ctx, f.name)
	if err != nil {
		return nil, err
	}
	f.draft = draft
	out, err := f.destination(ctx)
	if err == nil {
		f.writer, err = o.format.Begin(out, o.doc, summaries)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin %s: %w", f.name, err), draft.Discard())
	}
	return f, nil
}

// destination is where the format's writer writes: the draft, by way of encryption where the report needs it.
func (f *file) destination(ctx context.Context) (io.Writer, error) {
	out := &counted{ctx: ctx, out: io.MultiWriter(f.draft, f.hash), size: &f.size}
	if f.passphrase == "" {
		return out, nil
	}
	var err error
	if f.archive, err = encryptedzip.NewWriter(out, f.passphrase, f.doc.Made); err != nil {
		return nil, err
	}
	return f.archive.Create(f.plain)
}

// counted counts bytes and stops where the job is cancelled: finishing a big workbook takes a while, and excelize
// knows no context.
type counted struct {
	ctx  context.Context
	out  io.Writer
	size *int64
}

func (c *counted) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.out.Write(p)
	*c.size += int64(n)
	return n, err
}

// finish writes what is left of the file, and its description: beside it, or in the archive of an encrypted one.
func (f *file) finish(ctx context.Context, s store.Store, rows int64) error {
	f.closed = true
	if err := f.writer.Close(); err != nil {
		return fmt.Errorf("finish %s: %w", f.name, err)
	}
	coerced := f.writer.Coerced()
	f.coerced = int64(coerced.Count)
	if sum := f.writer.Sum(); sum != nil && coerced.Count > 0 {
		kept := *sum
		f.sum = &kept
	}
	f.writer = nil // it holds memory that rereading needs
	if err := f.describe(ctx, s, rows, coerced); err != nil {
		return err
	}
	if f.archive != nil {
		if err := f.archive.Close(); err != nil {
			return fmt.Errorf("finish %s: %w", f.name, err)
		}
	}
	f.sha256 = hex.EncodeToString(f.hash.Sum(nil))
	return nil
}

func (f *file) describe(ctx context.Context, s store.Store, rows int64, coerced frontmatter.Coercions) error {
	if f.format.Sidecar == nil {
		return nil
	}
	name, content, err := f.format.Sidecar(f.doc, f.plain, rows, coerced)
	if err != nil {
		return fmt.Errorf("describe %s: %w", f.name, err)
	}
	out, err := f.createSidecar(ctx, s, name)
	if err == nil {
		_, err = out.Write(content)
	}
	return err
}

func (f *file) createSidecar(ctx context.Context, s store.Store, name string) (io.Writer, error) {
	if f.archive != nil {
		return f.archive.Create(name)
	}
	draft, err := s.Create(ctx, name)
	if err == nil {
		f.sidecars = append(f.sidecars, sidecarDraft{key: name, draft: draft})
	}
	return draft, err
}

// verify reads the file back and compares it, byte by byte with what was written and value by value with the table.
func (f *file) verify(ctx context.Context, s *run.Step, want *table.Sum, hashes []uint32) error {
	if f.sum != nil {
		want, hashes = f.sum, nil // its rows are not the table's
	}
	r, err := f.draft.Reopen(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := f.compareBytes(r); err != nil {
		return err
	}
	clear, err := f.clear(r)
	if err != nil {
		return err
	}
	if err := f.compareRows(ctx, s, clear, want, hashes); err != nil {
		return err
	}
	return f.checkAccess(clear)
}

func (f *file) compareRows(ctx context.Context, s *run.Step, r store.File, want *table.Sum, hashes []uint32) error {
	var got table.Sum
	var first *differs
	for row, err := range f.format.Reread(r, r.Info().Size, f.doc) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s cannot be read back: %w", f.name, f.tellable(err))
		}
		got.Add(row)
		if n := got.Rows(); first == nil && n <= int64(len(hashes)) && got.Last() != hashes[n-1] {
			first = &differs{row: n, values: slices.Clone(row)}
		}
		s.Add(1)
	}
	if err := want.Compare(&got); err != nil {
		if first != nil {
			err = fmt.Errorf("%w%w", err, first)
		}
		return fmt.Errorf("%s is not what was read from the table: %w", f.name, err)
	}
	return nil
}

// differs is the first row of a file that is not as the table has it.
type differs struct {
	row    int64
	values []table.Value
}

// Error adds nothing: what differs is told once the table's row is known.
func (*differs) Error() string { return "" }

// tellable is the error without what it may quote of somebody's data.
func (f *file) tellable(err error) error {
	if f.personal && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return errors.New("a value is not as it was written; which, is not told, since it may be personal")
	}
	return err
}

// checkAccess holds a workbook against the checklist for accessible spreadsheets.
func (f *file) checkAccess(r store.File) (err error) {
	if !f.format.Workbook {
		return nil
	}
	if f.lint, err = lint.Check(r, r.Info().Size, f.plain); err != nil {
		return err
	}
	if f.personal {
		f.lint = lint.WithoutText(f.lint)
	}
	if essential := lint.EssentialOf(f.lint); len(essential) > 0 {
		return run.Blocked("mend the report's definition, or its data", "%s would fail people with assistive technology in %d ways, first: %s",
			f.name, len(essential), essential[0])
	}
	return nil
}

func (f *file) compareBytes(r store.File) error {
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return fmt.Errorf("read %s back: %w", f.name, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); n != f.size || got != f.sha256 {
		return fmt.Errorf("%s was not stored as it was written: %d bytes (SHA-256 %.12s) of %d (%.12s)", f.name, n, got, f.size, f.sha256)
	}
	_, err = r.Seek(0, io.SeekStart)
	return err
}

// drafts are all that the file consists of, what stands beside it first: a program that finds the file finds that too.
func (f *file) drafts() []sidecarDraft {
	return append(f.sidecars, sidecarDraft{key: f.name, draft: f.draft})
}

// giveUp leaves nothing of the file, unless it was published.
func (f *file) giveUp() error {
	var errs []error
	if f.writer != nil && !f.closed {
		errs = append(errs, f.writer.Abort())
	}
	for _, d := range f.drafts() {
		errs = append(errs, d.draft.Discard())
	}
	return errors.Join(errs...)
}

func (f *file) record() exports.Export {
	e := exports.Export{Format: f.format.Name, Name: f.name, Key: f.name, Size: f.size, SHA256: f.sha256, Coerced: f.coerced, Lint: f.lint, Encrypted: f.archive != nil}
	for _, b := range f.sidecars {
		e.Sidecars = append(e.Sidecars, b.key)
	}
	return e
}
