package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"cpd-jobs/internal/encryptedzip"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/csvfile"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/lint"
	"cpd-jobs/reports/ods"
	"cpd-jobs/reports/parquet"
	"cpd-jobs/reports/store"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/xlsx"
)

// format is one kind of file.
type format struct {
	ending string // of the file's name
	// workbook says that files have sheets, also for summaries, and are held against the checklist for accessible spreadsheets.
	workbook bool
	begin    func(w io.Writer, doc table.Document, summaries []table.Summary) (writer, error)
	reread   func(f store.File, doc table.Document) iter.Seq2[[]table.Value, error]
	// beside describes the file in one that stands beside it; nil for none.
	beside func(doc table.Document, name string, rows int64) (besideName string, content []byte, err error)
}

// writer writes one file.
type writer interface {
	Add(row []table.Value) error
	Close() error
}

// fitter is a writer that cannot hold every value as it is.
type fitter interface {
	Sum() *table.Sum // of the rows as the file holds them
	Altered() int
}

// aborter is a writer that leaves something behind unless it is closed or aborted.
type aborter interface{ Abort() error }

// formats are those that this program writes, by name.
var formats = map[string]format{
	"xlsx":      {ending: ".xlsx", workbook: true, begin: beginWorkbook, reread: rereadWorkbook},
	"ods":       {ending: ".ods", workbook: true, begin: beginODS, reread: rereadODS},
	"csv":       {ending: ".csv", begin: beginCSV, reread: rereadCSV, beside: describeCSV},
	"csv-excel": {ending: "-excel.csv", begin: beginExcelCSV, reread: rereadExcelCSV},
	"parquet":   {ending: ".parquet", begin: beginParquet, reread: rereadParquet},
}

func beginWorkbook(w io.Writer, doc table.Document, summaries []table.Summary) (writer, error) {
	return xlsx.NewWriter(w, doc, summaries...)
}

func rereadWorkbook(f store.File, doc table.Document) iter.Seq2[[]table.Value, error] {
	r, err := xlsx.NewReader(f, f.Info().Size)
	if err != nil {
		return failed(err)
	}
	return r.Rows(doc.Name, doc.Columns)
}

func beginCSV(w io.Writer, doc table.Document, _ []table.Summary) (writer, error) {
	return csvfile.NewWriter(w, doc)
}

func rereadCSV(f store.File, doc table.Document) iter.Seq2[[]table.Value, error] {
	return csvfile.Rows(f, doc.Columns)
}

func beginExcelCSV(w io.Writer, doc table.Document, _ []table.Summary) (writer, error) {
	return csvfile.NewExcelWriter(w, doc)
}

func rereadExcelCSV(f store.File, doc table.Document) iter.Seq2[[]table.Value, error] {
	return csvfile.ExcelRows(f, doc.Columns)
}

func beginODS(w io.Writer, doc table.Document, summaries []table.Summary) (writer, error) {
	return ods.NewWriter(w, doc, summaries...)
}

func rereadODS(f store.File, doc table.Document) iter.Seq2[[]table.Value, error] {
	r, err := ods.NewReader(f, f.Info().Size)
	if err != nil {
		return failed(err)
	}
	return r.Rows(doc.Name, doc.Columns)
}

func beginParquet(w io.Writer, doc table.Document, _ []table.Summary) (writer, error) {
	return parquet.NewWriter(w, doc)
}

func rereadParquet(f store.File, doc table.Document) iter.Seq2[[]table.Value, error] {
	return parquet.Rows(f, f.Info().Size, doc)
}

// failed are no rows, but an error.
func failed(err error) iter.Seq2[[]table.Value, error] {
	return func(yield func([]table.Value, error) bool) { yield(nil, err) }
}

func describeCSV(doc table.Document, name string, rows int64) (string, []byte, error) {
	content, err := csvfile.Metadata(doc, name, rows)
	return csvfile.MetadataName(name), content, err
}

// file is one file in the making.
type file struct {
	order
	name    string               // in the store
	archive *encryptedzip.Writer // nil for a file in clear
	draft   store.Draft
	beside  []besideDraft
	writer  writer
	hash    hash.Hash
	size    int64
	sha256  string
	altered int64
	fitted  *table.Sum // of the rows as the file holds them, nil where that is as the table has them
	lint    []lint.Finding
	closed  bool
}

type besideDraft struct {
	key   string
	draft store.Draft
}

// order says what file to make.
type order struct {
	plain  string // its name; an encrypted one's own name goes on
	format string
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
		f.writer, err = formats[o.format].begin(out, o.doc, summaries)
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
	if w, ok := f.writer.(fitter); ok && w.Altered() > 0 {
		sum := *w.Sum()
		f.altered, f.fitted = int64(w.Altered()), &sum
	}
	f.writer = nil // it holds memory that rereading needs
	if err := f.describe(ctx, s, rows); err != nil {
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

func (f *file) describe(ctx context.Context, s store.Store, rows int64) error {
	describe := formats[f.format].beside
	if describe == nil {
		return nil
	}
	name, content, err := describe(f.doc, f.plain, rows)
	if err != nil {
		return fmt.Errorf("describe %s: %w", f.name, err)
	}
	out, err := f.createBeside(ctx, s, name)
	if err == nil {
		_, err = out.Write(content)
	}
	return err
}

func (f *file) createBeside(ctx context.Context, s store.Store, name string) (io.Writer, error) {
	if f.archive != nil {
		return f.archive.Create(name)
	}
	draft, err := s.Create(ctx, name)
	if err == nil {
		f.beside = append(f.beside, besideDraft{key: name, draft: draft})
	}
	return draft, err
}

// verify reads the file back and compares it, byte by byte with what was written and value by value with the table.
func (f *file) verify(ctx context.Context, s *run.Step, want *table.Sum) error {
	if f.fitted != nil {
		want = f.fitted
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
	if err := f.compareRows(ctx, s, clear, want); err != nil {
		return err
	}
	return f.checkAccess(clear)
}

func (f *file) compareRows(ctx context.Context, s *run.Step, r store.File, want *table.Sum) error {
	var got table.Sum
	for row, err := range formats[f.format].reread(r, f.doc) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s cannot be read back: %w", f.name, f.tellable(err))
		}
		got.Add(row)
		s.Add(1)
	}
	if err := want.Compare(&got); err != nil {
		return fmt.Errorf("%s is not what was read from the table: %w", f.name, err)
	}
	return nil
}

// tellable is the error without what it may quote of somebody's data.
func (f *file) tellable(err error) error {
	if f.personal && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return errors.New("a value is not as it was written; which, is not told, since it may be personal")
	}
	return err
}

// checkAccess holds a workbook against the checklist for accessible spreadsheets.
func (f *file) checkAccess(r store.File) (err error) {
	if !formats[f.format].workbook {
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
func (f *file) drafts() []besideDraft {
	return append(f.beside, besideDraft{key: f.name, draft: f.draft})
}

// giveUp leaves nothing of the file, unless it was published.
func (f *file) giveUp() error {
	var errs []error
	if a, ok := f.writer.(aborter); ok && !f.closed {
		errs = append(errs, a.Abort())
	}
	for _, d := range f.drafts() {
		errs = append(errs, d.draft.Discard())
	}
	return errors.Join(errs...)
}

func (f *file) record() exports.Export {
	e := exports.Export{Format: f.format, Name: f.name, Key: f.name, Size: f.size, SHA256: f.sha256, Altered: f.altered, Lint: f.lint, Encrypted: f.archive != nil}
	for _, b := range f.beside {
		e.Beside = append(e.Beside, b.key)
	}
	return e
}
