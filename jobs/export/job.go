package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/store"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

// job is one export under way.
type job struct {
	Deps
	run       run.Run
	args      Args
	def       *definition.Definition
	selection exports.Selection
	// passphrase encrypts the files, "" for files in clear.
	passphrase string

	live  versions.Version
	sum   table.Sum // of what was read from the table
	files []*file   // being made
	// unsound is what was wrong with files that were dropped.
	unsound error
	hashes  []uint32         // of the rows read, as many as are worth keeping
	found   []exports.Export // made before
	made    []exports.Export
}

func newJob(d Deps, r run.Run, def *definition.Definition, a Args) (*job, error) {
	passphrase, err := d.passphraseFor(def)
	if err != nil {
		return nil, err
	}
	return &job{Deps: d, run: r, args: a, def: def, selection: a.selection(def), passphrase: passphrase}, nil
}

// write reads the snapshot once and writes it to a draft in each format that there is not yet. The transaction ends as soon
// as all is read: finishing the files holds no snapshot.
func (j *job) write(ctx context.Context, s *run.Step) error {
	conn, err := j.DB.Acquire(ctx)
	if err != nil {
		return run.Unreachable("", "connect to export %s: %w", j.def.Name, err)
	}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error { return j.readAll(ctx, s, &snapshot{tx: tx, def: j.def}) })
	conn.Release()
	if err != nil {
		return err
	}
	for _, f := range j.files {
		if err := f.finish(ctx, j.Store, j.sum.Rows()); err != nil {
			return err
		}
	}
	s.SetRows(j.sum.Rows(), j.sum.Rows()*int64(len(j.files)))
	return nil
}

func (j *job) readAll(ctx context.Context, s *run.Step, snap *snapshot) (err error) {
	if err := MayRead(ctx, snap.tx, j.def); err != nil {
		return err
	}
	if err := snap.find(ctx, j.args.AsOf); err != nil {
		return err
	}
	j.live = snap.version
	missing, err := j.missing(ctx, snap.tx)
	if err != nil || len(missing) == 0 {
		return err
	}
	if err := j.begin(ctx, snap, missing); err != nil {
		return err
	}
	return j.read(ctx, s, snap)
}

// missing lists the formats for which no file is recorded, or whose file is no longer in the store.
func (j *job) missing(ctx context.Context, tx pgx.Tx) ([]string, error) {
	done, err := exports.Same(ctx, tx, j.def.Name, j.live.Version, j.def.Hash, j.selection)
	if err != nil {
		return nil, err
	}
	missing := slices.Clone(j.args.Formats)
	for _, e := range done {
		at := slices.Index(missing, e.Format)
		if at < 0 {
			continue
		}
		stored, err := j.stored(ctx, e)
		if err != nil {
			return nil, err
		}
		if stored {
			j.found = append(j.found, e)
			missing = slices.Delete(missing, at, at+1)
		}
	}
	return missing, nil
}

func (j *job) stored(ctx context.Context, e exports.Export) (bool, error) {
	f, err := j.Store.Open(ctx, e.Key)
	if errors.Is(err, store.ErrNotFound) {
		j.run.Log().Warn("an exported file is gone from the store and is made again", "file", e.Name)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if f.Info().Size != e.Size || !e.Encrypted {
		return f.Info().Size == e.Size, nil
	}
	return j.opens(f)
}

// begin makes a draft for each format.
func (j *job) begin(ctx context.Context, snap *snapshot, names []string) error {
	baseName, err := j.baseName(ctx, snap.tx)
	if err != nil {
		return err
	}
	summaries, err := j.summaries(ctx, snap, names)
	if err != nil {
		return err
	}
	doc := documentOf(j.Deps, j.def, j.live, j.selection)
	if snap.past {
		doc.Notes = append(doc.Notes, "This is an earlier version of the report, exported after it was replaced. Summaries of its rows are left out: they are kept of the latest version alone.")
	}
	for _, name := range names {
		kind, _ := format.Find(name)
		o := order{plain: baseName + kind.Ending, format: kind, doc: doc, passphrase: j.passphrase, personal: j.def.Restricted()}
		f, err := beginFile(ctx, j.Store, o, summaries)
		if err != nil {
			return err
		}
		j.files = append(j.files, f)
	}
	return nil
}

// summaries are the small tables that go with the rows into a workbook.
func (j *job) summaries(ctx context.Context, snap *snapshot, names []string) ([]table.Summary, error) {
	if !slices.ContainsFunc(names, isWorkbook) {
		return nil, nil
	}
	var list []table.Summary
	var err error
	if j.selection.AllRows() { // they are of all rows
		if list, err = snap.summaries(ctx); err != nil {
			return nil, err
		}
	}
	if j.selection.Whole() {
		changes, err := snap.changes(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, changes...)
	}
	return list, nil
}

// baseName is the first name that no other export has, whatever formats either has.
func (j *job) baseName(ctx context.Context, tx pgx.Tx) (string, error) {
	var last string
	for _, baseName := range baseNames(j.def.Name, j.live.AsOf, j.selection, j.live.Version, j.def.Hash) {
		var keys []string
		for _, f := range format.All() {
			keys = append(keys, baseName+f.Ending, baseName+f.Ending+sealedEnding)
		}
		taken, err := exports.Taken(ctx, tx, keys, j.def.Name, j.live.Version, j.def.Hash, j.selection)
		if err != nil {
			return "", err
		}
		if len(taken) == 0 {
			return baseName, nil
		}
		last = taken[0]
	}
	return "", fmt.Errorf("every name for the files is taken, the last by %s", last)
}

// read hands each row to every file.
func (j *job) read(ctx context.Context, s *run.Step, snap *snapshot) error {
	if j.selection.AllRows() { // else nobody knows how many there will be
		s.SetTotal(j.live.Rows)
	}
	err := snap.rows(ctx, j.selection, func(row []table.Value) error {
		j.sum.Add(row)
		if len(j.hashes) < maxHashes {
			j.hashes = append(j.hashes, j.sum.Last())
		}
		for _, f := range j.files {
			if err := f.writer.Add(row); err != nil {
				return fmt.Errorf("write %s: %w", f.name, err)
			}
		}
		s.Add(1)
		return nil
	})
	if err != nil {
		return err
	}
	if rows := j.sum.Rows(); j.selection.AllRows() && rows != j.live.Rows {
		return run.Blocked("refresh it with force, then export it again", "report %s has %d rows where version %d had %d: its table was changed by hand",
			j.def.Name, rows, j.live.Version, j.live.Rows)
	}
	return nil
}

// verify drops the files that are not as they should be; the others are published. It fails where none is left.
func (j *job) verify(ctx context.Context, s *run.Step) error {
	s.SetTotal(j.sum.Rows() * int64(len(j.files)))
	var sound []*file
	for _, f := range j.files {
		err := f.verify(ctx, s, &j.sum, j.hashes)
		if ctx.Err() != nil {
			return fmt.Errorf("%w; nothing was published", err)
		}
		if err == nil {
			sound = append(sound, f)
			continue
		}
		if at := (*differs)(nil); errors.As(err, &at) {
			err = fmt.Errorf("%w%s", err, j.difference(ctx, f, at))
		}
		j.unsound = errors.Join(j.unsound, err, f.giveUp())
	}
	s.SetRows(s.Done(), s.Done())
	if j.files = sound; len(sound) == 0 {
		return fmt.Errorf("%w; nothing was published", j.unsound)
	}
	return nil
}

// difference says where a row of a file is not as the table has it: the row, the column, and both values. The table is read
// once more, up to that row, which is worth it when something is this wrong.
func (j *job) difference(ctx context.Context, f *file, at *differs) (text string) {
	if f.personal {
		return fmt.Sprintf(": row %d; its values are not told, since they may be personal", at.row)
	}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, j.DB, options, func(tx pgx.Tx) error {
		snap := &snapshot{tx: tx, def: j.def}
		if err := snap.find(ctx, j.args.AsOf); err != nil || snap.version.Version != j.live.Version {
			return errors.Join(err, errFound)
		}
		row := int64(0)
		return snap.rows(ctx, j.selection, func(values []table.Value) error {
			if row++; row < at.row {
				return nil
			}
			for i, c := range f.doc.Columns {
				if values[i] != at.values[i] {
					text = fmt.Sprintf(": row %d, %s: the file has %.100q, the table %.100q", row, c.Heading(), at.values[i], values[i])
					break
				}
			}
			return errFound
		})
	})
	if text == "" {
		return fmt.Sprintf(": row %d (%v)", at.row, err)
	}
	return text
}

// maxHashes are kept: 2 MiB. Of a file that differs later only that is said.
const maxHashes = 1 << 19

// errFound ends a reading that has what it wanted.
var errFound = errors.New("the table has changed meanwhile, or holds there what the file does")

// publish records the files and gives them their names, in one transaction: a row never leads to a file that is not whole. If
// the last moment fails, a file without a row may be left; the next attempt replaces it by the same file.
func (j *job) publish(ctx context.Context, s *run.Step) error {
	s.Unit = "files"
	s.SetTotal(int64(len(j.files)))
	return pgx.BeginFunc(ctx, j.DB, func(tx pgx.Tx) error {
		if err := j.run.Fence(ctx, tx); err != nil {
			return err
		}
		for _, f := range j.files {
			e, err := exports.Add(ctx, tx, j.record(f))
			if err != nil {
				return err
			}
			j.made = append(j.made, e)
		}
		if err := j.run.Changed(ctx, tx, j.live.Version); err != nil {
			return err
		}
		return j.name(ctx, s)
	})
}

// name publishes the drafts, or none of them.
func (j *job) name(ctx context.Context, s *run.Step) error {
	var named []string
	for _, f := range j.files {
		for _, d := range f.drafts() {
			if err := d.draft.Publish(ctx); err != nil {
				return errors.Join(err, j.unname(ctx, named))
			}
			named = append(named, d.key)
		}
		s.Add(1)
	}
	return nil
}

func (j *job) unname(ctx context.Context, keys []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var errs []error
	for _, key := range keys {
		errs = append(errs, j.Store.Delete(ctx, key))
	}
	return errors.Join(errs...)
}

func (j *job) record(f *file) exports.Export {
	e := f.record()
	e.Report, e.Version, e.AsOf = j.def.Name, j.live.Version, j.live.AsOf
	e.DefinitionVersion, e.DefinitionHash, e.Selection = j.def.Version, j.def.Hash, j.selection
	e.Rows, e.Checksum = j.sum.Rows(), j.sum.Text()
	e.RunID, e.JobID, e.Retention = j.run.ID(), j.run.JobID(), j.def.Retention
	return e
}

// giveUp discards what was not published.
func (j *job) giveUp() {
	for _, f := range j.files {
		if err := f.giveUp(); err != nil {
			j.run.Log().Warn("a draft could not be discarded; the next export removes it", "file", f.name, "error", err)
		}
	}
}
